/* SPDX-License-Identifier: Apache-2.0 */
/* A segment is a file of frames that describes itself. Everything is little-endian and stands at multiples of
 * eight bytes:
 *
 *     | head | frame | frame | ... | frame | seal |              closed
 *     | head | frame | frame | zeros, reserved on the disk |     being written, or left by a crash
 *
 *     head   0  8  magic "WEIRSEG1"
 *            8  4  crc32c of the head from byte 12 on
 *           12  4  bytes of the head, at most 64 KiB
 *           16  2  version 1
 *           18  2  kind: 1 buffer, 2 dead letters
 *           20  4  salt: drawn for each file; see frame.c
 *           24 16  id of the store, drawn when its directory was made
 *           40  8  id of the segment: counts up; the file's name
 *           48  8  sequence of the first record
 *           56  8  where the log ended when the segment was made
 *           64  8  created, ns since 1970
 *           72  2  readers | 74 2 zero | 76 4 zero
 *           80     the pipeline's name, then each reader's: u16 bytes | bytes
 *                  zeros up to a multiple of 8
 *
 *     frame        see frame.h
 *
 *     seal   0  4  magic "SEAL" ^ salt
 *            4  4  crc32c of the seal from byte 8 on
 *            8  8  frames
 *           16  8  sequence behind the last record
 *           24  8  bytes of the file in front of the seal
 *           32  8  when the first record of it was read | 40 8 when the last frame was written, ns since 1970
 *           48     u64 readers | u64 records: for each combination of readers that frames have, at most 64
 *          end-8 4 bytes of the seal | 4 magic, so that it is found from the file's end
 *
 * Between the end that the segment before has and `first` there may be two gaps: up to `follows`, records that
 * were there and are gone; from `follows` on, numbers that nothing was given. When the segment before has
 * records from `follows` on they are not part of the log: the disk failed to sync them, and they were written
 * again, here.
 *
 * The seal saves a start the reading of the file. Without one, or with one that does not hold, the frames are
 * looked at. The first 24 bytes of a head stay in every version. */
#include "buffer/segment.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/little_endian.h"

#define VERSION 1
#define HEAD_FIXED_BYTES 80
#define SEAL_MAGIC UINT32_C(0x4c414553)
#define SEAL_FIXED_BYTES 48
#define SEAL_TAIL_BYTES 8
#define SEAL_BYTES_MAX (SEAL_FIXED_BYTES + SEGMENT_SHARES_MAX * 16 + SEAL_TAIL_BYTES)

static const char magic[8] = { 'W', 'E', 'I', 'R', 'S', 'E', 'G', '1' };

void segment_name(uint64_t id, char ret[SEGMENT_NAME_BYTES])
{
    snprintf(ret, SEGMENT_NAME_BYTES, "%016" PRIx64 ".seg", id);
}

bool segment_name_read(const char *name, uint64_t *ret_id)
{
    char again[SEGMENT_NAME_BYTES];
    if (strlen(name) != 20 || sscanf(name, "%16" SCNx64, ret_id) != 1)
        return false;
    segment_name(*ret_id, again);
    return strcmp(name, again) == 0;
}

/* ---- the head ------------------------------------------------------------------------------------------ */

static size_t names_bytes(const struct segment_head *head)
{
    size_t bytes = 2 + head->name.len;
    for (unsigned i = 0; i < head->reader_count; i++)
        bytes += 2 + head->readers[i].len;
    return bytes;
}

static uint8_t *put_name(uint8_t *at, struct weir_str name)
{
    put16(at, (uint16_t)name.len);
    if (name.len)
        memcpy(at + 2, name.ptr, name.len);
    return at + 2 + name.len;
}

int segment_head_write(struct segment_head *head, struct weir_bytes *out)
{
    size_t bytes = (HEAD_FIXED_BYTES + names_bytes(head) + 7) & ~(size_t)7;
    assert(bytes <= SEGMENT_HEAD_BYTES_MAX && head->reader_count <= SEGMENT_READERS_MAX);
    assert(head->follows <= head->first);
    uint8_t *at = (uint8_t *)weir_bytes_room(out, bytes);
    if (!at)
        return out->starved ? -ENOMEM : -ENOSPC;
    memset(at, 0, bytes);
    memcpy(at, magic, sizeof(magic));
    put32(at + 12, (uint32_t)bytes);
    put16(at + 16, VERSION);
    put16(at + 18, head->kind);
    put32(at + 20, head->salt);
    memcpy(at + 24, head->store, sizeof(head->store));
    put64(at + 40, head->id);
    put64(at + 48, head->first);
    put64(at + 56, head->follows);
    put64(at + 64, (uint64_t)head->created);
    put16(at + 72, (uint16_t)head->reader_count);
    uint8_t *names = put_name(at + HEAD_FIXED_BYTES, head->name);
    for (unsigned i = 0; i < head->reader_count; i++)
        names = put_name(names, head->readers[i]);
    put32(at + 8, crc32c(0, at + 12, bytes - 12));
    head->bytes = (uint32_t)bytes;
    out->len += bytes;
    return 0;
}

static bool get_name(const uint8_t **at, const uint8_t *end, struct weir_str *ret)
{
    if (end - *at < 2 || end - *at - 2 < get16(*at))
        return false;
    *ret = (struct weir_str){ (const char *)*at + 2, get16(*at) };
    *at += 2 + ret->len;
    return true;
}

static bool read_names(const uint8_t *in, struct segment_head *ret)
{
    const uint8_t *at = in + HEAD_FIXED_BYTES, *end = in + ret->bytes;
    bool good = ret->reader_count <= SEGMENT_READERS_MAX && get_name(&at, end, &ret->name);
    for (unsigned i = 0; good && i < ret->reader_count; i++)
        good = get_name(&at, end, &ret->readers[i]);
    return good;
}

enum segment_verdict segment_head_read(const uint8_t *in, size_t len, struct segment_head *ret)
{
    ret->bytes = HEAD_FIXED_BYTES;
    if (len < HEAD_FIXED_BYTES)
        return SEGMENT_SHORT;
    if (memcmp(in, magic, sizeof(magic)) != 0)
        return SEGMENT_DAMAGED;
    ret->bytes = get32(in + 12);
    if (ret->bytes < HEAD_FIXED_BYTES || ret->bytes > SEGMENT_HEAD_BYTES_MAX || ret->bytes % 8)
        return SEGMENT_DAMAGED;
    if (len < ret->bytes)
        return SEGMENT_SHORT;
    if (get32(in + 8) != crc32c(0, in + 12, ret->bytes - 12))
        return SEGMENT_DAMAGED;
    if (get16(in + 16) != VERSION)
        return SEGMENT_NEWER;
    ret->kind = get16(in + 18);
    ret->salt = get32(in + 20);
    memcpy(ret->store, in + 24, sizeof(ret->store));
    ret->id = get64(in + 40);
    ret->first = get64(in + 48);
    ret->follows = get64(in + 56);
    ret->created = (int64_t)get64(in + 64);
    ret->reader_count = get16(in + 72);
    bool good =
        ret->follows <= ret->first && ret->first <= SEGMENT_SEQUENCE_MAX && read_names(in, ret);
    return good ? SEGMENT_GOOD : SEGMENT_DAMAGED;
}

/* ---- the sum and the seal ------------------------------------------------------------------------------ */

/* Makes room for one share, or gives one up: the two that differ in the fewest readers become one. */
static void merge_shares(struct segment_sum *sum)
{
    unsigned best_a = 0, best_b = 1;
    int best = 65;
    for (unsigned a = 0; a < sum->share_count; a++) {
        for (unsigned b = a + 1; b < sum->share_count; b++) {
            int far = __builtin_popcountll(sum->shares[a].readers ^ sum->shares[b].readers);
            if (far < best) {
                best = far;
                best_a = a;
                best_b = b;
            }
        }
    }
    sum->shares[best_a].readers |= sum->shares[best_b].readers;
    sum->shares[best_a].records += sum->shares[best_b].records;
    sum->shares[best_b] = sum->shares[--sum->share_count];
}

static int add_share(struct segment_sum *sum, uint64_t readers, uint64_t records)
{
    for (unsigned i = 0; i < sum->share_count; i++) {
        if (sum->shares[i].readers == readers) {
            sum->shares[i].records += records;
            return 0;
        }
    }
    if (sum->share_count == SEGMENT_SHARES_MAX)
        merge_shares(sum);
    if (sum->share_count == sum->share_room) {
        unsigned room = sum->share_room ? 2 * sum->share_room : 1;
        struct segment_share *shares = realloc(sum->shares, room * sizeof(shares[0]));
        if (!shares)
            return -ENOMEM;
        sum->shares = shares;
        sum->share_room = room;
    }
    sum->shares[sum->share_count++] = (struct segment_share){ readers, records };
    return 0;
}

int segment_sum_add(struct segment_sum *sum, const struct frame_head *head, uint64_t bytes)
{
    int r = add_share(sum, head->readers, head->records);
    if (r < 0)
        return r;
    if (sum->frames == 0)
        sum->first_observed = head->observed;
    sum->frames++;
    sum->end = head->sequence + head->records;
    sum->bytes = bytes;
    sum->last_written = head->written;
    return 0;
}

void segment_sum_fit(struct segment_sum *sum)
{
    struct segment_share *shares =
        sum->share_count ? realloc(sum->shares, sum->share_count * sizeof(shares[0])) : NULL;
    if (shares) {
        sum->shares = shares;
        sum->share_room = sum->share_count;
    }
}

void segment_sum_free(struct segment_sum *sum)
{
    free(sum->shares);
    *sum = (struct segment_sum){ 0 };
}

int segment_seal(struct disk *disk, int fd, uint32_t salt, const struct segment_sum *sum)
{
    uint8_t seal[SEAL_BYTES_MAX] = { 0 };
    uint32_t bytes = SEAL_FIXED_BYTES + sum->share_count * 16 + SEAL_TAIL_BYTES;
    put32(seal, SEAL_MAGIC ^ salt);
    put64(seal + 8, sum->frames);
    put64(seal + 16, sum->end);
    put64(seal + 24, sum->bytes);
    put64(seal + 32, (uint64_t)sum->first_observed);
    put64(seal + 40, (uint64_t)sum->last_written);
    for (unsigned i = 0; i < sum->share_count; i++) {
        put64(seal + SEAL_FIXED_BYTES + 16 * i, sum->shares[i].readers);
        put64(seal + SEAL_FIXED_BYTES + 16 * i + 8, sum->shares[i].records);
    }
    put32(seal + bytes - 8, bytes);
    put32(seal + bytes - 4, SEAL_MAGIC ^ salt);
    put32(seal + 4, crc32c(0, seal + 8, bytes - 8));
    int r = disk_write(disk, fd, seal, bytes, sum->bytes);
    return r < 0 ? r : disk_truncate(disk, fd, sum->bytes + bytes);
}

static int parse_seal(const uint8_t *in, uint32_t bytes, struct segment_sum *ret)
{
    struct segment_sum sum = {
        .frames = get64(in + 8),
        .end = get64(in + 16),
        .bytes = get64(in + 24),
        .first_observed = (int64_t)get64(in + 32),
        .last_written = (int64_t)get64(in + 40),
    };
    int r = 0;
    for (uint32_t at = SEAL_FIXED_BYTES; r == 0 && at < bytes - SEAL_TAIL_BYTES; at += 16)
        r = add_share(&sum, get64(in + at), get64(in + at + 8));
    if (r < 0) {
        segment_sum_free(&sum);
        return r;
    }
    *ret = sum;
    return 1;
}

int segment_read_seal(struct disk *disk, int fd, uint32_t salt, uint64_t size,
                      struct segment_sum *ret)
{
    uint8_t tail[SEAL_BYTES_MAX];
    uint64_t want = size < sizeof(tail) ? size : sizeof(tail);
    ssize_t n = disk_read(disk, fd, tail, (size_t)want, size - want);
    if (n < 0)
        return (int)n;
    if ((uint64_t)n < want || n < SEAL_FIXED_BYTES + SEAL_TAIL_BYTES)
        return 0;
    uint32_t bytes = get32(tail + n - 8);
    if (bytes < SEAL_FIXED_BYTES + SEAL_TAIL_BYTES || bytes > n || bytes % 16 != 8)
        return 0;
    const uint8_t *seal = tail + n - bytes;
    if (get32(seal) != (SEAL_MAGIC ^ salt) || get32(tail + n - 4) != (SEAL_MAGIC ^ salt) ||
        get32(seal + 4) != crc32c(0, seal + 8, bytes - 8) || get64(seal + 24) != size - bytes ||
        get64(seal + 16) > SEGMENT_SEQUENCE_MAX)
        return 0;
    return parse_seal(seal, bytes, ret);
}
