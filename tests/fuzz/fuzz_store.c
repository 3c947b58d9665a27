/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as the directory of a store. They are cut into files: a byte says which (a segment, or the state) and
 * whether checksums are to be put right, so that what comes after them is reached; two say how long it is. Then the
 * store is opened, read to its end, acked, appended to and trimmed, twice: it may lose what it was given, and must not
 * hang, crash, or give the same twice. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/crc32c.h"
#include "base/little_endian.h"
#include "buffer/segment.h"
#include "buffer/store.h"
#include "support/disk_sim.h"
#include "support/store_frame.h"

#define FILE_BYTES_MAX 4096
#define SEGMENTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Puts the checksum of a segment's head right, and those of the heads of frames that follow it. */
static void seal_segment(uint8_t *file, size_t len, uint64_t id)
{
    struct segment_head head;
    if (len < 80)
        return;
    memcpy(file, "WEIRSEG1", 8);
    put16(file + 16, 1);
    put64(file + 40, id);
    uint32_t bytes = get32(file + 12) % 256 / 8 * 8 + 80;
    bytes = bytes < len ? bytes : (uint32_t)(len / 8 * 8);
    put32(file + 12, bytes);
    put32(file + 8, crc32c(0, file + 12, bytes - 12));
    if (segment_head_read(file, len, &head) != SEGMENT_GOOD)
        return;
    for (size_t at = bytes; at + FRAME_HEAD_BYTES <= len;) {
        uint32_t ranges = file[at + 44] % 3, stored = get32(file + at + 12) % 300;
        uint32_t head_bytes = FRAME_HEAD_BYTES + ranges * FRAME_RANGE_BYTES;
        if (at + head_bytes + stored > len)
            return;
        put32(file + at, UINT32_C(0x4d524657) ^ head.salt);
        put32(file + at + 8, head_bytes);
        put32(file + at + 12, stored);
        put32(file + at + 44, ranges);
        file[at + 28] = 1;
        put32(file + at + 20, crc32c(0, file + at + head_bytes, stored));
        put32(file + at + 4, crc32c(0, file + at + 8, head_bytes - 8));
        at += (head_bytes + stored + 7) & ~(size_t)7;
    }
}

static void seal_state(uint8_t *file, size_t len)
{
    if (len < 80)
        return;
    memcpy(file, "WEIRSTAT", 8);
    put16(file + 16, 1);
    uint32_t bytes = get32(file + 12) % (uint32_t)(len - 71) + 72;
    bytes = bytes < len ? bytes : (uint32_t)len;
    put32(file + 12, bytes);
    put32(file + 8, crc32c(0, file + 12, bytes - 12));
}

static void put_files(struct disk *disk, const uint8_t *data, size_t size)
{
    while (size > 3) {
        size_t len = (data[1] | (size_t)data[2] << 8) % FILE_BYTES_MAX;
        len = len < size - 3 ? len : size - 3;
        uint8_t *file = malloc(len + 1);
        char name[48] = "p/", *text = name + 2;
        assert(file);
        memcpy(file, data + 3, len);
        uint64_t id = data[0] % (SEGMENTS + 1);
        bool seal = data[0] & 0x80;
        if (id == SEGMENTS) {
            memcpy(text, "state", sizeof("state"));
            if (seal)
                seal_state(file, len);
        } else {
            segment_name(id, text);
            if (seal)
                seal_segment(file, len, id);
        }
        sim_set_file(disk, name, file, len);
        free(file);
        data += 3 + len;
        size -= 3 + len;
    }
}

/* Reads, acks, appends and trims. */
static void use(struct store *store)
{
    struct weir_bytes buffer = { .max = 1 << 20 };
    struct store_frame frame;
    uint64_t sequence = 0, count = 0;
    int r;
    while ((r = store_next(store, 0, &buffer, &frame)) == 1) {
        assert(frame.head.sequence >= sequence && frame.end >= frame.head.sequence);
        sequence = frame.end;
        assert(++count < 10000);
        (void)!store_ack(store, 0, frame.head.sequence, frame.end, frame.head.readers);
    }
    assert(r == 0 || r == -EMSGSIZE);
    struct store_backlog backlog;
    store_backlog(store, 0, &backlog);
    r = store_frame_append(store, 5, 1, 100, 1, &sequence);
    assert(r == 0 && store_sync(store) == 0);
    (void)store_commit(store);
    (void)store_trim(store, 1);
    struct store_lost lost;
    while (store_make_room(store, true, &lost))
        assert(store_bytes(store) < (uint64_t)1 << 40);
    weir_bytes_free(&buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const readers[] = { "a" };
    struct disk *disk = sim_new(1);
    sim_set_file(disk, "data/x", "", 0);
    put_files(disk, data, size);
    const struct store_options options = { .disk = disk,
                                           .data_dir = "data",
                                           .name = "p",
                                           .kind = STORE_BUFFER,
                                           .readers = readers,
                                           .reader_count = 1,
                                           .size_max = 1 << 20 };
    for (int i = 0; i < 2; i++) {
        struct store *store = NULL;
        struct store_found found;
        struct weir_error err;
        int r = store_open(&options, &store, &found, &err);
        assert(r == 0);
        use(store);
        store_close(store);
    }
    assert(sim_open_files(disk) == 0);
    sim_free(disk);
    return 0;
}
