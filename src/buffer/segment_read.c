/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the frames of a segment in their order, over whatever is damaged in it.
 *
 * The frames of a file follow each other without a gap, in bytes and in sequence: so the place of the next one
 * is known, in both, and a head that stands there and says something else is as wrong as one whose checksum
 * does. From there on the next head is searched for in steps of eight bytes; how many records are lost is the
 * difference of two sequences, exactly. */
#include "buffer/segment.h"

#include <assert.h>
#include <errno.h>

#include "base/little_endian.h"

#define AHEAD_BYTES ((size_t)64 << 10)
#define BLOCK_BYTES 4096u
/* What the search may spend on checking heads that turn out not to be any. A payload cannot look like one
 * but by knowing the salt; a file made to be slow costs this, and then its rest counts as damaged. */
#define SEARCH_BYTES_MAX ((uint64_t)64 << 20)

/* ---- the window ---------------------------------------------------------------------------------------- */

/* Block by block, with zeros for those that cannot be read. */
static ssize_t read_blocks(const struct segment_reader *reader, uint8_t *data, size_t len,
                           uint64_t offset)
{
    size_t done = 0;
    while (done < len) {
        size_t part = BLOCK_BYTES - (offset + done) % BLOCK_BYTES;
        part = part < len - done ? part : len - done;
        ssize_t n = disk_read(reader->disk, reader->fd, data + done, part, offset + done);
        if (n < 0 && n != -EIO)
            return n;
        if (n < 0)
            memset(data + done, 0, part);
        else if ((size_t)n < part)
            return (ssize_t)(done + (size_t)n);
        done += part;
    }
    return (ssize_t)done;
}

/* Reads on behind what the window has, until it has `want` bytes or the file ends. */
static int fill(struct segment_reader *reader, size_t want)
{
    struct weir_bytes *bytes = reader->bytes;
    bytes->starved = false;
    uint8_t *room = (uint8_t *)weir_bytes_room(bytes, want - bytes->len);
    if (!room)
        return bytes->starved ? -ENOMEM : -ENOSPC;
    size_t len = want - bytes->len;
    uint64_t offset = reader->at + bytes->len;
    ssize_t n = disk_read(reader->disk, reader->fd, room, len, offset);
    if (n == -EIO && reader->tolerant)
        n = read_blocks(reader, room, len, offset);
    if (n < 0)
        return (int)n;
    bytes->len += (size_t)n;
    return 0;
}

/* Has `need` bytes from `offset` on in the window, or as many as the file has: *ret and *ret_len. */
static int look(struct segment_reader *reader, uint64_t offset, size_t need, const uint8_t **ret,
                size_t *ret_len)
{
    struct weir_bytes *bytes = reader->bytes;
    uint64_t left = offset < reader->limit ? reader->limit - offset : 0;
    need = need < left ? need : (size_t)left;
    bool inside = offset >= reader->at && offset - reader->at <= bytes->len;
    if (!inside || offset - reader->at + need > bytes->len) {
        size_t kept = inside ? bytes->len - (size_t)(offset - reader->at) : 0;
        if (kept)
            memmove(bytes->data, bytes->data + (offset - reader->at), kept);
        bytes->len = kept;
        reader->at = offset;
        size_t want = reader->heads_only ? BLOCK_BYTES : AHEAD_BYTES;
        want = want < bytes->max ? want : bytes->max;
        want = want > need ? want : need;
        int r = fill(reader, want < left ? want : (size_t)left);
        if (r < 0)
            return r;
    }
    size_t have = bytes->len - (size_t)(offset - reader->at);
    *ret = (const uint8_t *)bytes->data + (offset - reader->at);
    *ret_len = have < left ? have : (size_t)left;
    return 0;
}

/* ---- one frame ----------------------------------------------------------------------------------------- */

static bool fits(const struct segment_reader *reader, const struct frame_head *head,
                 uint64_t offset)
{
    return frame_bytes(head) <= reader->limit - offset &&
           head->sequence + head->records <= reader->end;
}

/* The head at `offset`: 1, or 0 when there is none that can be of this file. *spent grows by what was checked. */
static int read_head(struct segment_reader *reader, uint64_t offset, struct frame_head *ret,
                     enum frame_verdict *ret_verdict, uint64_t *spent)
{
    const uint8_t *at;
    size_t len;
    int r = look(reader, offset, FRAME_HEAD_BYTES, &at, &len);
    if (r < 0 || len < FRAME_HEAD_BYTES)
        return r;
    enum frame_verdict verdict = frame_head_read(at, len, reader->salt, ret);
    if (verdict == FRAME_SHORT) {
        if (ret->head_bytes > reader->limit - offset)
            return 0;
        size_t need = ret->head_bytes;
        r = look(reader, offset, need, &at, &len);
        if (r < 0)
            return r;
        verdict = len < need ? FRAME_SHORT : frame_head_read(at, len, reader->salt, ret);
    }
    *spent += ret->head_bytes <= len ? ret->head_bytes : FRAME_HEAD_BYTES;
    *ret_verdict = verdict;
    return (verdict == FRAME_GOOD || verdict == FRAME_NEWER) && fits(reader, ret, offset);
}

/* The frame of a head that was found at the place. */
static int take_frame(struct segment_reader *reader, const struct frame_head *head,
                      enum frame_verdict verdict, struct segment_frame *ret)
{
    const uint8_t *at;
    size_t len, need = head->head_bytes;
    *ret = (struct segment_frame){ .head = *head,
                                   .offset = reader->offset,
                                   .end = head->sequence + head->records,
                                   .newer = verdict == FRAME_NEWER,
                                   .bytes = frame_bytes(head) };
    if (!reader->heads_only)
        need += head->stored_bytes;
    int r = look(reader, reader->offset, need, &at, &len);
    if (r < 0)
        return r;
    ret->ranges = at + FRAME_HEAD_BYTES;
    ret->payload = at + head->head_bytes;
    if (!reader->heads_only && !ret->newer)
        ret->damaged = len < need || frame_payload_crc(ret->payload, head) != head->payload_crc;
    reader->offset += frame_bytes(head);
    reader->sequence = ret->end;
    return 1;
}

/* ---- searching ----------------------------------------------------------------------------------------- */

struct search {
    uint64_t offset;   /* of the head found */
    uint64_t not_zero; /* behind the last byte that is not zero */
    struct frame_head head;
    bool found;
};

/* The first multiple of eight in [at, at + len) with something there that is not zero, or len. */
static size_t skip_zeros(const uint8_t *at, size_t len)
{
    size_t i = 0;
    while (len - i >= 8 && get64(at + i) == 0)
        i += 8;
    return i;
}

/* The next head from `offset` on that does not go back behind `sequence`. */
static int search(struct segment_reader *reader, uint64_t offset, struct search *ret)
{
    uint64_t spent = 0;
    *ret = (struct search){ .not_zero = offset };
    while (offset + 8 <= reader->limit) {
        const uint8_t *at;
        size_t len;
        int r = look(reader, offset, BLOCK_BYTES, &at, &len);
        if (r < 0)
            return r;
        len = len < BLOCK_BYTES ? len : BLOCK_BYTES; /* read_head() may move the window */
        size_t i = skip_zeros(at, len);
        if (len - i < 8) {
            if (len < 8)
                break; /* the file is shorter than was said */
            offset += i;
            continue;
        }
        offset += i;
        ret->not_zero = offset + 8;
        enum frame_verdict verdict = FRAME_DAMAGED;
        if (frame_begins(at + i, reader->salt) && spent < SEARCH_BYTES_MAX) {
            r = read_head(reader, offset, &ret->head, &verdict, &spent);
            if (r < 0)
                return r;
            if (r && ret->head.sequence >= reader->sequence) {
                ret->offset = offset;
                ret->found = true;
                return 0;
            }
        }
        offset += 8;
    }
    return 0;
}

/* No frame begins at the place: what is lost goes up to the next that does. */
static int take_stretch(struct segment_reader *reader, struct segment_frame *ret)
{
    struct search found;
    int r = search(reader, reader->offset, &found);
    if (r < 0)
        return r;
    bool known = reader->end != UINT64_MAX;
    if (!found.found && !known && found.not_zero == reader->offset)
        return 0; /* nothing but zeros: reserved, and never used */
    *ret = (struct segment_frame){
        .head = { .sequence = reader->sequence, .readers = ~UINT64_C(0) },
        .offset = reader->offset,
        .damaged = true,
        .headless = true,
        .last = !found.found,
        .bytes = (found.found ? found.offset : found.not_zero) - reader->offset,
    };
    ret->end = found.found ? found.head.sequence : known ? reader->end : reader->sequence;
    reader->offset = found.found ? found.offset : reader->limit;
    reader->sequence = ret->end;
    return 1;
}

int segment_next(struct segment_reader *reader, struct segment_frame *ret)
{
    assert(reader->sequence <= reader->end);
    if (reader->sequence == reader->end ||
        (reader->end == UINT64_MAX && reader->offset >= reader->limit))
        return 0;
    struct frame_head head;
    enum frame_verdict verdict;
    uint64_t spent = 0;
    int r = 0;
    if (reader->offset < reader->limit)
        r = read_head(reader, reader->offset, &head, &verdict, &spent);
    if (r < 0)
        return r;
    if (r && head.sequence == reader->sequence)
        return take_frame(reader, &head, verdict, ret);
    r = take_stretch(reader, ret);
    /* Bytes were damaged and no record was: the next one follows on. */
    if (r == 1 && ret->end == ret->head.sequence && !ret->last)
        return segment_next(reader, ret);
    return r;
}
