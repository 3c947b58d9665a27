/* SPDX-License-Identifier: Apache-2.0 */
/* Damage: bytes that are not what they were, files that are shorter, missing, or somebody else's. Whatever it is, the
 * store opens, loses what was hit and no more, says how much that was, and goes on. */
#include "buffer/store.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/little_endian.h"
#include "buffer/quarantine.h"
#include "buffer/store_parts.h"
#include "support/check_main.h"
#include "support/disk_sim.h"
#include "support/sanitized.h"
#include "support/store_frame.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define FRAMES 24
#define PER_SEGMENT 8
#define RECORDS 3

static struct disk *disk;
static struct store_options options;
static struct store_found found;
static struct weir_bytes buffer;
static const char *const readers[] = { "a", "b" };

/* What is on the disk, to be put there again for each case. */
static struct {
    char name[48];
    uint8_t *data;
    size_t len;
} files[16];
static size_t file_count;
static uint64_t segment_bytes = STORE_SEGMENT_BYTES_MIN;

static void start_disk(void)
{
    disk = sim_new(7);
    options = store_frame_options(disk, readers, 1, 8 << 20);
    options.segment_bytes = segment_bytes;
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    struct weir_error err = { 0 };
    int64_t begin = clock_monotonic();
    int r = store_open(&options, &store, &found, &err);
    ck_assert_msg(r == 0, "%s", err.text);
    ck_assert_msg(clock_monotonic() - begin < INT64_C(2000000000), "it took too long");
    return store;
}

static void remember(const char *name)
{
    snprintf(files[file_count].name, sizeof(files[0].name), "p/%s", name);
    files[file_count].data = sim_file(disk, files[file_count].name, &files[file_count].len);
    ck_assert_ptr_nonnull(files[file_count].data);
    file_count++;
}

/* Three segments of eight frames; frame `tag` has the sequences from (tag - 1) * RECORDS on. */
static void make_files(size_t bytes, bool clean)
{
    start_disk();
    struct store *store = NULL;
    for (uint64_t tag = 1; tag <= FRAMES; tag++) {
        if (tag % PER_SEGMENT == 1) {
            store_close(store);
            store = open_store();
        }
        ck_assert_int_eq(store_frame_append(store, tag, RECORDS, bytes, 1, NULL), 0);
    }
    ck_assert_int_eq(store_sync(store), 0);
    if (clean)
        store_close(store);
    else
        store_free(store);
    for (uint64_t id = 0; id < 3; id++) {
        char name[SEGMENT_NAME_BYTES];
        segment_name(id, name);
        remember(name);
    }
    remember("state");
    disk = sim_free(disk);
}

static void forget_files(void)
{
    for (size_t i = 0; i < file_count; i++)
        free(files[i].data);
    file_count = 0;
    weir_bytes_free(&buffer);
}

/* The files as they were, but `which`, of which `len` bytes are there and byte `at` is changed by `bits`; len is
 * SIZE_MAX for all, and 0 with `gone` for a file that is missing. */
static void put_files(size_t which, size_t len, size_t at, uint8_t bits, bool gone)
{
    start_disk();
    for (size_t i = 0; i < file_count; i++) {
        size_t bytes = i == which && len < files[i].len ? len : files[i].len;
        if (i == which && gone)
            continue;
        if (i == which && at < bytes)
            files[i].data[at] ^= bits;
        sim_set_file(disk, files[i].name, files[i].data, bytes);
        if (i == which && at < bytes)
            files[i].data[at] ^= bits;
    }
}

struct outcome {
    uint64_t frames, lost, first_lost;
    bool seen[FRAMES + 1];
};

/* Reads everything, appends one more, and has everything trimmed. */
static struct outcome read_all(struct store *store)
{
    struct outcome ret = { 0 };
    struct store_frame frame;
    uint64_t sequence = 0, last = 0;
    buffer.max = 1 << 24;
    int r;
    while ((r = store_next(store, 0, &buffer, &frame)) == 1) {
        ck_assert_uint_ge(frame.head.sequence, sequence);
        sequence = frame.end;
        if (frame.damaged) {
            ret.first_lost = ret.lost ? ret.first_lost : frame.head.sequence;
            ret.lost += frame.end - frame.head.sequence;
        } else {
            uint64_t tag = store_frame_tag(&frame);
            ck_assert_msg(tag > last && tag <= FRAMES, "%llu after %llu", (unsigned long long)tag,
                          (unsigned long long)last);
            ck_assert_uint_eq(frame.head.sequence, (tag - 1) * RECORDS);
            last = tag;
            ret.seen[tag] = true;
            ret.frames++;
        }
        ck_assert_uint_eq(store_ack(store, 0, frame.head.sequence, frame.end, frame.head.readers),
                          frame.end - frame.head.sequence);
    }
    ck_assert_int_eq(r, 0);
    ck_assert_int_eq(store_frame_append(store, 1000, 1, 500, 1, &sequence), 0);
    ck_assert_uint_ge(sequence, FRAMES * RECORDS);
    ck_assert_int_eq(store_sync(store), 0);
    ck_assert_int_eq(store_next(store, 0, &buffer, &frame), 1);
    ck_assert_uint_eq(store_frame_tag(&frame), 1000);
    ck_assert_uint_eq(store_ack(store, 0, frame.head.sequence, frame.end, frame.head.readers),
                      frame.end - frame.head.sequence);
    ck_assert_int_eq(store_trim(store, INT64_MAX / 2), 0);
    return ret;
}

static void close_and_open_again(struct store *store)
{
    struct store_frame frame;
    store_close(store);
    store = open_store();
    ck_assert_uint_eq(found.records, 0);
    ck_assert_uint_eq(found.torn_bytes, 0);
    ck_assert_int_eq(store_next(store, 0, &buffer, &frame), 0);
    store_close(store);
    ck_assert_int_eq(sim_open_files(disk), 0);
    disk = sim_free(disk);
}

/* The next place to be tried. Every byte, up to where there are zeros, or nothing that differs; where that takes long, one
 * in each field. */
static size_t next_place(size_t which, size_t at)
{
    const size_t dense = which == 3 ? 200 : 2000;
    return at + (at >= dense ? 997 : TEST_SANITIZED ? 3 : 1);
}

/* A byte of a segment belongs to its head, to a frame, to its seal, or to nothing. */
static void check_flip(size_t which, size_t at, bool clean)
{
    put_files(which, SIZE_MAX, at, 0x20, false);
    struct store *store = open_store();
    struct outcome outcome = read_all(store);
    uint64_t most = which == 3 ? 0 : 1;
    /* A head takes its whole segment along; the rest is one frame at most. */
    if (which < 3 && at < 128)
        most = PER_SEGMENT;
    ck_assert_msg(outcome.frames + most >= FRAMES, "byte %zu of file %zu: %llu frames are left", at,
                  which, (unsigned long long)outcome.frames);
    /* All that is missing is told, exactly; only the torn end of what a crash left is nobody's. */
    if (clean || which < 2)
        ck_assert_msg(outcome.frames * RECORDS + outcome.lost == FRAMES * RECORDS,
                      "byte %zu of file %zu: %llu frames, %llu records lost", at, which,
                      (unsigned long long)outcome.frames, (unsigned long long)outcome.lost);
    close_and_open_again(store);
}

START_TEST(spl_04_spl_05_spl_06_spl_08_spl_09_any_byte_may_be_wrong)
{
    bool clean = _i == 0;
    make_files(40, clean);
    for (size_t which = 0; which < file_count; which++) {
        size_t len = files[which].len;
        for (size_t at = 0; at < len; at = next_place(which, at))
            check_flip(which, at, clean);
    }
    forget_files();
}
END_TEST

START_TEST(spl_03_spl_06_spl_07_any_file_may_be_cut_off_or_missing)
{
    bool clean = _i == 0;
    make_files(40, clean);
    for (size_t which = 0; which < file_count; which++) {
        for (size_t len = 0; len <= files[which].len; len = next_place(which, len)) {
            put_files(which, len, SIZE_MAX, 0, false);
            struct store *store = open_store();
            struct outcome outcome = read_all(store);
            ck_assert_uint_ge(outcome.frames, which == 3 ? FRAMES : FRAMES - PER_SEGMENT);
            if (clean || which < 2)
                ck_assert_uint_eq(outcome.frames * RECORDS + outcome.lost, FRAMES * RECORDS);
            close_and_open_again(store);
        }
        put_files(which, 0, SIZE_MAX, 0, true);
        struct store *store = open_store();
        ck_assert(found.cursors_lost == (which == 3));
        struct outcome outcome = read_all(store);
        ck_assert_uint_eq(outcome.frames, which == 3 ? FRAMES : FRAMES - PER_SEGMENT);
        if (which < 2 || (clean && which == 2))
            ck_assert_uint_eq(outcome.lost, PER_SEGMENT * RECORDS);
        close_and_open_again(store);
    }
    forget_files();
}
END_TEST

/* The same with frames of a usual size, and stretches of damage. */
START_TEST(spl_04_spl_05_stretches_of_a_large_segment)
{
    uint64_t random = 5;
    segment_bytes = 1 << 20;
    make_files(40000, true);
    for (int round = 0; round < 60; round++) {
        size_t which = sim_random(&random) % 3, len = files[which].len;
        size_t from = 200 + sim_random(&random) % (len - 200);
        size_t bytes = 1 + sim_random(&random) % 60000;
        bytes = bytes < len - from ? bytes : len - from;
        uint8_t *kept = malloc(bytes);
        memcpy(kept, files[which].data + from, bytes);
        for (size_t i = 0; i < bytes; i++)
            files[which].data[from + i] = (uint8_t)(round % 3 ? sim_random(&random) : 0);
        put_files(which, SIZE_MAX, SIZE_MAX, 0, false);
        memcpy(files[which].data + from, kept, bytes);
        free(kept);
        struct store *store = open_store();
        struct outcome outcome = read_all(store);
        ck_assert_uint_ge(outcome.frames + 3, FRAMES);
        ck_assert_uint_eq(outcome.frames * RECORDS + outcome.lost, FRAMES * RECORDS);
        close_and_open_again(store);
    }
    forget_files();
}
END_TEST

/* What is damaged is kept for a person to look at, once, and within bounds. */
START_TEST(spl_04_a_damaged_frame_is_put_aside_once)
{
    make_files(1000, true);
    for (int round = 0; round < 3; round++) {
        if (round == 0)
            put_files(0, SIZE_MAX, 2000, 1, false);
        struct store *store = open_store();
        struct store_frame frame;
        buffer.max = 1 << 24;
        while (store_next(store, 0, &buffer, &frame) == 1)
            continue;
        store_free(store); /* nothing is acked: the next round meets it again */
        sim_kill(disk);
    }
    unsigned quarantined;
    uint64_t bytes;
    int dir = disk_open_dir(disk, DISK_CWD, "p", false);
    ck_assert_int_eq(quarantine_size(disk, dir, &quarantined, &bytes), 0);
    ck_assert_uint_eq(quarantined, 1);
    ck_assert_uint_ge(bytes, 1000);
    ck_assert_uint_lt(bytes, 1200);
    disk_close(disk, dir);
    disk = sim_free(disk);
    forget_files();
}
END_TEST

/* Files that are not ours to read: of another store, of another kind, of another name. */
START_TEST(spl_06_what_is_not_ours_is_put_aside_whole)
{
    for (int what = 0; what < 3; what++) {
        make_files(40, true);
        uint8_t *head = files[1].data;
        uint32_t len = get32(head + 12);
        switch (what) {
        case 0: head[24] ^= 1; break; /* the store's id */
        case 1: put16(head + 18, 2); break;
        case 2: put64(head + 40, 77); break;
        }
        put32(head + 8, crc32c(0, head + 12, len - 12));
        put_files(1, SIZE_MAX, SIZE_MAX, 0, false);
        struct store *store = open_store();
        ck_assert_uint_eq(found.quarantined, 1);
        ck_assert_uint_eq(found.damaged_records, PER_SEGMENT * RECORDS);
        size_t kept_len = 0;
        uint8_t *kept = sim_file(disk, "quarantine/0000000000000001.seg", &kept_len);
        ck_assert_uint_eq(kept_len, files[1].len);
        ck_assert_mem_eq(kept, files[1].data, kept_len);
        free(kept);
        struct outcome outcome = read_all(store);
        ck_assert_uint_eq(outcome.frames, FRAMES - PER_SEGMENT);
        ck_assert_uint_eq(outcome.lost, PER_SEGMENT * RECORDS);
        close_and_open_again(store);
        forget_files();
    }
}
END_TEST

/* The bytes are the same on every machine, so that a directory can be looked at on another. */
START_TEST(spl_26_numbers_are_little_endian_everywhere)
{
    static const uint8_t expected[FRAME_HEAD_BYTES] = {
        [8] = 0x48,  [12] = 0x04, [13] = 0x03, [14] = 0x02, [15] = 0x01, /* head, stored */
        [16] = 0x08, [17] = 0x07, [18] = 0x06, [19] = 0x05,              /* raw */
        [20] = 0x0c, [21] = 0x0b, [22] = 0x0a, [23] = 0x09,              /* checksums */
        [24] = 0x10, [25] = 0x0f, [26] = 0x0e, [27] = 0x0d, [28] = 1,    [29] = 2,
        [30] = 0x01, [31] = 0x02, /* version, codec, flags */
        [32] = 0x16, [33] = 0x15, [34] = 0x14, [35] = 0x13, [36] = 0x12, [37] = 0x11, /* sequence */
        [40] = 0x1a, [41] = 0x19, [42] = 0x18, [43] = 0x17, /* records, no ranges */
        [48] = 0x22, [49] = 0x21, [50] = 0x20, [51] = 0x1f, [52] = 0x1e, [53] = 0x1d,
        [54] = 0x1c, [55] = 0x1b, /* readers */
        [56] = 0xfe, [57] = 0xff, [58] = 0xff, [59] = 0xff, [60] = 0xff, [61] = 0xff,
        [62] = 0xff, [63] = 0xff, /* observed: two before 1970 */
        [64] = 0x24, [65] = 0x23, /* written */
    };
    const struct frame_head head = { .head_bytes = FRAME_HEAD_BYTES,
                                     .stored_bytes = 0x01020304,
                                     .raw_bytes = 0x05060708,
                                     .payload_crc = 0x090a0b0c,
                                     .previous_crc = 0x0d0e0f10,
                                     .codec = FRAME_ZSTD,
                                     .flags = 0x0201,
                                     .sequence = 0x111213141516,
                                     .records = 0x1718191a,
                                     .readers = 0x1b1c1d1e1f202122,
                                     .observed = -2,
                                     .written = 0x2324 };
    struct frame_head back;
    uint8_t bytes[FRAME_HEAD_BYTES];
    frame_head_write(bytes, &head, 77);
    ck_assert_mem_eq(bytes + 8, expected + 8, FRAME_HEAD_BYTES - 8);
    ck_assert_int_eq(frame_head_read(bytes, sizeof(bytes), 77, &back), FRAME_GOOD);
    for (size_t i = 0; i < sizeof(bytes) / 4;
         i++) /* as a machine of the other kind would have it */
        put32(bytes + 4 * i, __builtin_bswap32(get32(bytes + 4 * i)));
    ck_assert_int_eq(frame_head_read(bytes, sizeof(bytes), 77, &back), FRAME_DAMAGED);
}
END_TEST

/* Somebody went back to an older agent: what the later one wrote is not lost, and not touched. */
START_TEST(spl_23_a_segment_of_a_later_version_is_left_alone)
{
    make_files(40, true);
    uint8_t *head = files[1].data;
    put16(head + 16, 2);
    put32(head + 8, crc32c(0, head + 12, get32(head + 12) - 12));
    put_files(1, SIZE_MAX, SIZE_MAX, 0, false);
    for (int read_only = 0; read_only < 2; read_only++) {
        struct store *store = NULL;
        struct weir_error err = { 0 };
        options.read_only = read_only;
        ck_assert_int_eq(store_open(&options, &store, &found, &err), -EPROTO);
        ck_assert_ptr_nonnull(strstr(err.text, "a later version of weir has written there"));
        ck_assert_uint_eq(found.quarantined, 0);
    }
    for (size_t i = 0; i < file_count; i++) {
        size_t len = 0;
        uint8_t *data = sim_file(disk, files[i].name, &len);
        ck_assert_uint_eq(len, files[i].len);
        if (i < 3)
            ck_assert_mem_eq(data, files[i].data, len);
        free(data);
    }
    disk = sim_free(disk);
    forget_files();
}
END_TEST

/* A frame of a later version: what it has is not known, how many records that is, is. Its place in the file is `at`. */
static void check_newer_frame(unsigned number)
{
    make_files(40, true);
    uint8_t *frame = files[0].data + get32(files[0].data + 12);
    for (unsigned i = 0; i < number; i++)
        frame += (get32(frame + 8) + get32(frame + 12) + 7) & ~UINT32_C(7);
    uint32_t head_bytes = get32(frame + 8);
    frame[28] = 2;
    put32(frame + 4, crc32c(0, frame + 8, head_bytes - 8));
    put_files(0, SIZE_MAX, SIZE_MAX, 0, false);
    for (int round = 0; round < 3; round++) { /* it is still there at the next start */
        struct store *store = open_store();
        struct store_frame got;
        const unsigned waiting = round == 0 ? FRAMES : FRAMES - number;
        buffer.max = 1 << 24;
        ck_assert_uint_eq(found.records, waiting * RECORDS);
        ck_assert_uint_eq(found.damaged_records, 0);
        ck_assert_uint_eq(found.quarantined, 0);
        for (unsigned i = FRAMES - waiting; i <= number; i++) {
            ck_assert_int_eq(store_next(store, 0, &buffer, &got), 1);
            ck_assert_uint_eq(got.head.sequence, i * RECORDS);
            ck_assert_uint_eq(got.end, (i + 1) * RECORDS);
            ck_assert(!got.damaged);
            ck_assert((got.head.codec == FRAME_UNKNOWN) == (i == number));
            if (i < number)
                ck_assert_uint_eq(store_ack(store, 0, i * RECORDS, (i + 1) * RECORDS, 1), RECORDS);
        }
        store_close(store);
    }
    disk = sim_free(disk);
    forget_files();
}

START_TEST(spl_23_a_frame_of_a_later_version_waits)
{
    check_newer_frame(0);
    check_newer_frame(3);
}
END_TEST

/* Other names in the directory are left alone. */
START_TEST(names_that_are_no_segments_are_left_alone)
{
    static const char *const names[] = { "p/notes.txt", "p/0000000000000001.SEG", "p/1.seg",
                                         "p/000000000000000g.seg", "p/0000000000000001.seg.bak" };
    make_files(40, true);
    put_files(9, SIZE_MAX, SIZE_MAX, 0, false);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        sim_set_file(disk, names[i], "mine", 4);
    struct store *store = open_store();
    ck_assert_uint_eq(found.quarantined, 0);
    ck_assert_uint_eq(read_all(store).frames, FRAMES);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        size_t len = 0;
        free(sim_file(disk, names[i], &len));
        ck_assert_uint_eq(len, 4);
    }
    close_and_open_again(store);
    forget_files();
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("store_bytes");
    tcase_set_timeout(tc, 110);
    tcase_add_loop_test(tc, spl_04_spl_05_spl_06_spl_08_spl_09_any_byte_may_be_wrong, 0, 2);
    tcase_add_loop_test(tc, spl_03_spl_06_spl_07_any_file_may_be_cut_off_or_missing, 0, 2);
    tcase_add_test(tc, spl_04_spl_05_stretches_of_a_large_segment);
    tcase_add_test(tc, spl_04_a_damaged_frame_is_put_aside_once);
    tcase_add_test(tc, spl_06_what_is_not_ours_is_put_aside_whole);
    tcase_add_test(tc, spl_23_a_segment_of_a_later_version_is_left_alone);
    tcase_add_test(tc, spl_26_numbers_are_little_endian_everywhere);
    tcase_add_test(tc, spl_23_a_frame_of_a_later_version_waits);
    tcase_add_test(tc, names_that_are_no_segments_are_left_alone);
    Suite *suite = suite_create("buffer/store_bytes");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
