/* SPDX-License-Identifier: Apache-2.0 */
/* Which file is which.
 *
 * A name says nothing: logs are renamed, and a new file takes the name. An inode number is used again, on
 * ext4 by the very next file. With the time of birth both together are as good as unique, and cost no look
 * at the content; where the filesystem does not know it, or the device has another number than before (it
 * was mounted again, or the machine was started again), the content decides: a fingerprint of the first
 * bytes. The fingerprint alone never makes two files one: many begin with the same banner.
 *
 * A file can also stay itself and lose its content: "copytruncate" empties it, and by the time that we look
 * it may be longer than it was. So each position carries a marker, a hash of the bytes before it, which is
 * compared whenever the file is read there. A file without its marker begins again at 0, as a new
 * generation, so that its records get new ids.
 *
 *     inode   birth        device   fingerprint and marker     verdict
 *     other   -            -        -                          new file
 *     same    other        -        -                          new file (the number was used again)
 *     same    same         same     there                      resume
 *     same    same         same     not, or file too short     truncated
 *     same    same         other    there                      resume
 *     same    same         other    not, or file too short     new file
 *     same    unknown      any      there                      resume
 *     same    unknown      same     not, or file too short     truncated (or another file: so that the
 *                                                              ids differ, it is a new generation)
 *     same    unknown      other    not, or file too short     new file
 *
 * The note, as it is stored with the position, little-endian:
 *
 *     | version 1 | flags 1 | head length 2 | generation 4 | device 8 | inode 8 | born 8 | head hash 8 | path 0-88 | */
#include "identity.h"

#include <assert.h>
#include <xxhash.h>

#define NOTE_VERSION 1
#define NOTE_FIXED 40
#define NOTE_MARK 1

#define MARKER_HASH ((UINT64_C(1) << 56) - 1)

struct tail_identity tail_identity_of(const struct statx *stat)
{
    struct tail_identity identity = {
        .device = (uint64_t)stat->stx_dev_major << 32 | stat->stx_dev_minor,
        .inode = stat->stx_ino,
    };
    if (stat->stx_mask & STATX_BTIME)
        identity.born = stat->stx_btime.tv_sec * INT64_C(1000000000) + stat->stx_btime.tv_nsec;
    return identity;
}

enum tail_likeness tail_identity_compare(const struct tail_identity *stored,
                                         const struct tail_identity *found)
{
    if (stored->inode != found->inode)
        return TAIL_OTHER;
    const bool unknown = !stored->born || !found->born;
    if (!unknown && stored->born != found->born)
        return TAIL_OTHER;
    if (stored->device != found->device)
        return TAIL_PERHAPS;
    return unknown ? TAIL_LIKELY : TAIL_SAME;
}

enum tail_verdict tail_decide(const struct tail_evidence *evidence)
{
    if (evidence->likeness == TAIL_OTHER)
        return TAIL_NEW;
    if (!evidence->shorter && evidence->content)
        return TAIL_RESUME;
    return evidence->likeness == TAIL_PERHAPS ? TAIL_NEW : TAIL_TRUNCATED;
}

struct tail_head tail_head_of(const char *data, size_t len)
{
    assert(len <= UINT16_MAX);
    return (struct tail_head){ (uint16_t)len, len ? XXH3_64bits(data, len) : 0 };
}

uint64_t tail_marker_of(const char *data, size_t len)
{
    const size_t used = len < TAIL_MARKER_MAX ? len : TAIL_MARKER_MAX;
    if (!used)
        return 0;
    return (uint64_t)used << 56 | (XXH3_64bits(data + len - used, used) & MARKER_HASH);
}

bool tail_marker_holds(uint64_t marker, const char *data)
{
    return tail_marker_of(data, tail_marker_len(marker)) == marker;
}

static void put(unsigned char *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get(const unsigned char *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

size_t tail_note_encode(const struct tail_note *note, unsigned char ret[WEIR_NOTE_MAX])
{
    const size_t room = WEIR_NOTE_MAX - NOTE_FIXED;
    const size_t len = note->path.len < room ? note->path.len : room;
    put(ret, NOTE_VERSION, 1);
    put(ret + 1, note->mark ? NOTE_MARK : 0, 1);
    put(ret + 2, note->head.len, 2);
    put(ret + 4, note->generation, 4);
    put(ret + 8, note->identity.device, 8);
    put(ret + 16, note->identity.inode, 8);
    put(ret + 24, (uint64_t)note->identity.born, 8);
    put(ret + 32, note->head.hash, 8);
    if (len)
        memcpy(ret + NOTE_FIXED, note->path.ptr + note->path.len - len, len);
    return NOTE_FIXED + len;
}

bool tail_note_decode(const unsigned char *bytes, size_t len, struct tail_note *ret)
{
    if (len < NOTE_FIXED || len > WEIR_NOTE_MAX || bytes[0] != NOTE_VERSION)
        return false;
    *ret = (struct tail_note){
        .identity = { get(bytes + 8, 8), get(bytes + 16, 8), (int64_t)get(bytes + 24, 8) },
        .generation = (uint32_t)get(bytes + 4, 4),
        .head = { (uint16_t)get(bytes + 2, 2), get(bytes + 32, 8) },
        .mark = bytes[1] & NOTE_MARK,
        .path = { (const char *)bytes + NOTE_FIXED, len - NOTE_FIXED },
    };
    return ret->head.len <= TAIL_HEAD_MAX;
}

bool tail_note_is_at(struct weir_str noted, struct weir_str path)
{
    if (noted.len < WEIR_NOTE_MAX - NOTE_FIXED)
        return weir_str_eq(noted, path);
    return path.len >= noted.len &&
           memcmp(path.ptr + path.len - noted.len, noted.ptr, noted.len) == 0;
}
