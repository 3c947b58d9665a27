/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/file/writer.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/check_main.h"

/* A codec of the test's own: record i is a line of `length[i]` bytes of one letter. Those of `views` stand in the
 * batch as they are. */
enum { RECORDS = 40 };
static struct {
    size_t length[RECORDS];
    bool views[RECORDS];
    char *data; /* all of them, encoded */
    size_t start[RECORDS + 1];
    uint32_t starved_at; /* there is no memory for this one, unless it is 0 */
    uint32_t refused_at; /* the codec refuses this one, unless it is 0 */
} codec;

static struct weir_batch batch = { .count = RECORDS };

static void codec_make(void)
{
    size_t total = 0;
    for (size_t i = 0; i < RECORDS; i++) {
        codec.start[i] = total;
        total += codec.length[i];
    }
    codec.start[RECORDS] = total;
    codec.data = realloc(codec.data, total);
    for (size_t i = 0; i < RECORDS; i++) {
        memset(codec.data + codec.start[i], 'a' + (int)(i % 26), codec.length[i]);
        codec.data[codec.start[i + 1] - 1] = '\n';
    }
}

uint32_t weir_encode(struct weir_encoder *encoder, const struct weir_slice *slice, uint32_t at,
                     struct weir_bytes *out, size_t want)
{
    (void)encoder;
    const uint32_t end = slice->first + slice->count;
    while (at < end && out->len < want) {
        out->refused = at && at == codec.refused_at ? WEIR_STR("no") : WEIR_STR_NONE;
        if (out->refused.len)
            return at;
        if (at && at == codec.starved_at) {
            out->starved = true;
            return at;
        }
        if (!weir_slice_has(slice, at) ||
            weir_bytes_add(out, codec.data + codec.start[at], codec.length[at]) == 0)
            at++;
        else
            break;
    }
    return at;
}

uint32_t weir_encode_view(struct weir_encoder *encoder, const struct weir_slice *slice, uint32_t at,
                          struct weir_str *ret_bytes)
{
    (void)encoder;
    const uint32_t end = slice->first + slice->count;
    uint32_t next = at;
    while (next < end && codec.views[next] && weir_slice_has(slice, next))
        next++;
    *ret_bytes =
        (struct weir_str){ codec.data + codec.start[at], codec.start[next] - codec.start[at] };
    return next;
}

static char path[64];
static struct sink sink;
static struct writer writer;

static void setup(void)
{
    strcpy(path, "/tmp/weir-test-writer-XXXXXX");
    close(mkstemp(path));
    ck_assert_int_eq(file_sink_open(&sink, open(path, O_WRONLY | O_APPEND)), 0);
    writer = (struct writer){ .out = { .max = WRITER_RECORD_MAX } };
}

static void teardown(void)
{
    weir_bytes_free(&writer.out);
    file_sink_close(&sink);
    unlink(path);
    free(codec.data);
    codec.data = NULL;
    codec.starved_at = 0;
}

static void begins_with(const char *want, size_t len)
{
    char *got = malloc(len + 1);
    int fd = open(path, O_RDONLY);
    ck_assert_int_eq(read(fd, got, len), (ssize_t)len);
    ck_assert_mem_eq(got, want, len);
    close(fd);
    free(got);
}

static void has(const char *want, size_t len)
{
    struct stat st;
    begins_with(want, len);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq((size_t)st.st_size, len);
}

/* Small and large, viewed and encoded, in different mixtures. */
static void mixture(int seed)
{
    static const size_t lengths[] = { 1, 2, 100, 4095, 4096, 30000, 300000 };
    unsigned random = (unsigned)seed * 2654435761u + 1;
    for (size_t i = 0; i < RECORDS; i++) {
        random = random * 1664525 + 1013904223;
        codec.length[i] = lengths[(random >> 16) % 7];
        codec.views[i] = seed == 1 || (seed > 1 && (random >> 24) % 2);
    }
    codec_make();
}

START_TEST(records_reach_the_file_in_order)
{
    struct weir_slice slice = { .batch = &batch, .count = RECORDS };
    uint64_t bytes;
    uint32_t at = 0;
    mixture(_i);
    ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &bytes), 0);
    ck_assert_uint_eq(at, RECORDS);
    ck_assert_uint_eq(bytes, codec.start[RECORDS]);
    ck_assert_uint_eq(sink.size, bytes);
    has(codec.data, bytes);
    file_writer_shrink(&writer);
    ck_assert_uint_le(writer.out.cap, 1024 * 1024);
}
END_TEST

START_TEST(fil_01_a_full_disk_keeps_whole_records)
{
    struct weir_slice slice = { .batch = &batch, .count = RECORDS };
    mixture(_i);
    const size_t total = codec.start[RECORDS];
    for (size_t room = 0; room < total; room += 1 + total / 50) {
        struct rlimit full = { room, RLIM_INFINITY }, free_again = { RLIM_INFINITY, RLIM_INFINITY };
        uint32_t at = 0, whole = 0;
        uint64_t bytes, more;
        while (codec.start[whole + 1] <= room)
            whole++;
        setrlimit(RLIMIT_FSIZE, &full);
        ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &bytes), -EFBIG);
        setrlimit(RLIMIT_FSIZE, &free_again);
        ck_assert_uint_eq(at, whole);
        ck_assert_uint_eq(bytes, codec.start[whole]);
        has(codec.data, codec.start[whole]);
        ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &more), 0);
        ck_assert_uint_eq(bytes + more, total);
        has(codec.data, total);
        ck_assert_int_eq(ftruncate(sink.fd, 0), 0);
        sink.size = 0;
    }
}
END_TEST

START_TEST(rng_03_a_record_that_is_too_large)
{
    struct weir_slice slice = { .batch = &batch, .count = RECORDS };
    uint64_t bytes, before;
    uint32_t at = 0;
    mixture(_i);
    codec.length[20] = WRITER_RECORD_MAX + 1;
    codec.views[20] = false;
    codec_make();
    ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &before), WRITER_REJECTED);
    ck_assert_uint_eq(at, 20);
    ck_assert_uint_eq(before, codec.start[20]);
    at = 21;
    ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &bytes), 0);
    ck_assert_uint_eq(bytes, codec.start[RECORDS] - codec.start[21]);
    begins_with(codec.data, before);
}
END_TEST

START_TEST(res_01_a_record_that_there_is_no_memory_for)
{
    struct weir_slice slice = { .batch = &batch, .count = RECORDS };
    uint64_t bytes, before;
    uint32_t at = 0;
    mixture(_i);
    codec.views[20] = false;
    codec.starved_at = 20;
    ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &before), -ENOMEM);
    ck_assert_uint_eq(at, 20);
    ck_assert_uint_eq(before, codec.start[20]);
    codec.starved_at = 0;
    ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &bytes), 0);
    has(codec.data, codec.start[RECORDS]);
}
END_TEST

START_TEST(a_record_that_the_codec_refuses)
{
    struct weir_slice slice = { .batch = &batch, .count = RECORDS };
    uint64_t bytes, before;
    uint32_t at = 0;
    mixture(_i);
    codec.views[20] = false;
    codec.refused_at = 20;
    ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &before), WRITER_REJECTED);
    ck_assert_uint_eq(at, 20);
    ck_assert_uint_eq(before, codec.start[20]);
    ck_assert(weir_str_eq(weir_refusal(&writer.out, "too large"), WEIR_STR("no")));
    codec.refused_at = 0;
    at = 21;
    ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &bytes), 0);
    ck_assert_uint_eq(bytes, codec.start[RECORDS] - codec.start[21]);
    begins_with(codec.data, before);
}
END_TEST

START_TEST(only_the_records_of_the_slice)
{
    uint64_t mask = 0x8000000401, bytes; /* 0, 10, 39 */
    struct weir_slice slice = { .batch = &batch, .mask = &mask, .count = RECORDS };
    uint32_t at = 0;
    for (size_t i = 0; i < RECORDS; i++) {
        codec.length[i] = i + 2;
        codec.views[i] = true;
    }
    codec_make();
    ck_assert_int_eq(file_writer_append(&writer, &sink, &slice, &at, &bytes), 0);
    ck_assert_uint_eq(bytes, 2 + 12 + 41);
    begins_with("a\nkkkkkkkkkkk\nnnnn", 18);
}
END_TEST

int main(void)
{
    signal(SIGXFSZ, SIG_IGN);
    Suite *suite = suite_create("writer");
    TCase *tcase = tcase_create("writer");
    suite_add_tcase(suite, tcase);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, records_reach_the_file_in_order, 0, 10);
    tcase_add_loop_test(tcase, fil_01_a_full_disk_keeps_whole_records, 0, 6);
    tcase_add_loop_test(tcase, rng_03_a_record_that_is_too_large, 0, 6);
    tcase_add_loop_test(tcase, a_record_that_the_codec_refuses, 0, 6);
    tcase_add_loop_test(tcase, res_01_a_record_that_there_is_no_memory_for, 0, 6);
    tcase_add_test(tcase, only_the_records_of_the_slice);
    return check_main(suite);
}
