/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/kafka/chunks.h"

#include <check.h>
#include <stdlib.h>

#include "record/encoder.h"
#include "support/check_main.h"
#include "support/make_batch.h"
#include "support/option_state.h"

extern const struct weir_plugin weir_plugin_codec_text, weir_plugin_codec_json;

/* A codec of any bytes: the line with its newline; it refuses lines that begin with '!'. */
static uint32_t picky_encode(void *state, const struct weir_slice *slice, uint32_t at,
                             struct weir_bytes *out, size_t want)
{
    (void)state;
    const uint32_t end = slice->first + slice->count;
    for (; at < end && out->len < want; at = weir_slice_next(slice, at + 1)) {
        const struct weir_str span = weir_batch_span(slice->batch, at);
        if (span.ptr[0] == '!') {
            out->refused = span;
            return at;
        }
        if (weir_bytes_add(out, span.ptr, span.len) < 0)
            return at;
    }
    return at;
}

static const struct weir_plugin codec_picky = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_CODEC_PLUGIN,
    .name = "picky",
    .codec = { .flags = WEIR_CODEC_BINARY, .encode = picky_encode },
};

static struct kafka_chunks chunks;
static struct kafka_current current;
static struct weir_encoder *codec;
static struct weir_str rejected;

static void use(const struct weir_plugin *plugin, size_t message_max, size_t bytes_max)
{
    codec = encoder_new(plugin, option_state_new(plugin));
    ck_assert_ptr_nonnull(codec);
    kafka_chunks_init(&chunks, message_max, bytes_max);
}

static void setup(void)
{
    memset(&chunks, 0, sizeof(chunks));
    current.chunk = NULL;
}

static void teardown(void)
{
    kafka_chunks_deinit(&chunks);
    encoder_free(codec);
}

static bool begin(const struct weir_slice *slice, uint32_t *at)
{
    return kafka_chunk_begin(&chunks, codec, NULL, slice, at, &current, &rejected);
}

static void expect_piece(uint32_t i, uint32_t record, const char *want)
{
    ck_assert_uint_eq(current.pieces[i].record, record);
    ck_assert_uint_eq(current.pieces[i].value.len, strlen(want));
    ck_assert_mem_eq(current.pieces[i].value.ptr, want, strlen(want));
}

START_TEST(lines_stay_where_they_are)
{
    struct batch *batch = make_batch("one\n\nthree\n", 0);
    struct weir_slice slice = made_batch_slice(batch);
    uint32_t at = 0;
    use(&weir_plugin_codec_text, 1000, 1 << 20);
    ck_assert(begin(&slice, &at));
    ck_assert_uint_eq(at, 3);
    ck_assert_uint_eq(current.count, 3);
    expect_piece(0, 0, "one");
    expect_piece(1, 1, "");
    expect_piece(2, 2, "three");
    ck_assert_ptr_eq(current.pieces[0].value.ptr, batch->pub.data); /* not copied */
    kafka_chunk_close(&chunks, &current);
    made_batch_free(batch);
}
END_TEST

START_TEST(records_are_encoded_and_the_others_left_out)
{
    struct batch *batch = make_batch("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", 0);
    struct weir_slice slice = made_batch_slice(batch);
    const uint64_t mask = 5;
    uint32_t at = 0;
    made_batch_parse_json(batch);
    slice.mask = &mask;
    use(&weir_plugin_codec_json, 1000, 1 << 20);
    ck_assert(begin(&slice, &at));
    ck_assert_uint_eq(at, 3);
    ck_assert_uint_eq(current.count, 2);
    expect_piece(0, 0, "{\"a\":1}");
    expect_piece(1, 2, "{\"a\":3}");
    kafka_chunk_close(&chunks, &current);
    made_batch_free(batch);
}
END_TEST

START_TEST(memory_is_free_when_all_is_reported)
{
    struct batch *batch = make_batch("{\"a\":1}\n", 0);
    struct weir_slice slice = made_batch_slice(batch);
    uint32_t at = 0, again = 0;
    made_batch_parse_json(batch);
    use(&weir_plugin_codec_json, 1000, 1); /* room for one */
    ck_assert(begin(&slice, &at));
    struct kafka_chunk *chunk = current.chunk;
    chunk->unreported = 2;
    kafka_chunk_close(&chunks, &current);
    ck_assert(!begin(&slice, &again));
    ck_assert_uint_eq(rejected.len, 0);
    void *opaque = kafka_opaque(&chunks, chunk, 4294967295u);
    ck_assert_ptr_eq(kafka_opaque_chunk(&chunks, opaque), chunk);
    ck_assert_uint_eq(kafka_opaque_record(opaque), 4294967295u);
    kafka_chunk_reported(&chunks, chunk);
    ck_assert(!begin(&slice, &again));
    kafka_chunk_reported(&chunks, chunk);
    ck_assert(begin(&slice, &again));
    kafka_chunk_close(&chunks, &current);
    made_batch_free(batch);
}
END_TEST

START_TEST(a_record_that_fits_nowhere_is_told)
{
    static char text[600003] = "{\"a\":1}\n";
    memset(text + 8, 'x', 600000 - 8);
    memcpy(text + 600000, "\ny", 2);
    struct batch *batch = make_batch(text, 0);
    struct weir_slice slice = made_batch_slice(batch);
    uint32_t at = 0;
    use(&weir_plugin_codec_json, 1000, 1 << 20);
    ck_assert(begin(&slice, &at)); /* the one before it */
    ck_assert_uint_eq(at, 1);
    kafka_chunk_close(&chunks, &current);
    ck_assert(!begin(&slice, &at));
    ck_assert(weir_str_eq(rejected, WEIR_STR(KAFKA_TOO_LARGE)));
    ck_assert_uint_eq(at, 1);
    at++;
    ck_assert(begin(&slice, &at));
    expect_piece(0, 2, "{\"message\":\"y\"}");
    kafka_chunk_close(&chunks, &current);
    made_batch_free(batch);
}
END_TEST

START_TEST(a_record_of_any_bytes_keeps_its_last_one)
{
    struct batch *batch = make_batch("one\n\nthree\n", 0);
    struct weir_slice slice = made_batch_slice(batch);
    uint32_t at = 0;
    use(&codec_picky, 1000, 1 << 20);
    ck_assert(begin(&slice, &at));
    ck_assert_uint_eq(current.count, 3);
    expect_piece(0, 0, "one\n");
    expect_piece(1, 1, "\n");
    expect_piece(2, 2, "three\n");
    kafka_chunk_close(&chunks, &current);
    made_batch_free(batch);
}
END_TEST

START_TEST(a_record_that_the_codec_refuses_is_told)
{
    struct batch *batch = make_batch("one\n!two\n!three\nfour\n", 0);
    struct weir_slice slice = made_batch_slice(batch);
    uint32_t at = 0;
    use(&codec_picky, 1000, 1 << 20);
    ck_assert(begin(&slice, &at)); /* what comes before is sent first */
    ck_assert_uint_eq(at, 1);
    ck_assert_uint_eq(rejected.len, 0);
    expect_piece(0, 0, "one\n");
    kafka_chunk_close(&chunks, &current);
    ck_assert(!begin(&slice, &at));
    ck_assert(weir_str_eq(rejected, WEIR_STR("!two\n")));
    at++;
    ck_assert(!begin(&slice, &at));
    ck_assert(weir_str_eq(rejected, WEIR_STR("!three\n")));
    at++;
    ck_assert(begin(&slice, &at));
    ck_assert_uint_eq(rejected.len, 0);
    expect_piece(0, 3, "four\n");
    kafka_chunk_close(&chunks, &current);
    made_batch_free(batch);
}
END_TEST

START_TEST(nothing_left_makes_an_empty_chunk)
{
    struct batch *batch = make_batch("{\"a\":1}\n{\"a\":2}\n", 0);
    struct weir_slice slice = made_batch_slice(batch);
    const uint64_t mask = 1;
    uint32_t at = 1;
    made_batch_parse_json(batch);
    slice.mask = &mask;
    use(&weir_plugin_codec_json, 1000, 1 << 20);
    ck_assert(begin(&slice, &at));
    ck_assert_uint_eq(at, 2);
    ck_assert_uint_eq(current.count, 0);
    kafka_chunk_close(&chunks, &current);
    made_batch_free(batch);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("chunks");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, lines_stay_where_they_are);
    tcase_add_test(tc, records_are_encoded_and_the_others_left_out);
    tcase_add_test(tc, memory_is_free_when_all_is_reported);
    tcase_add_test(tc, a_record_that_fits_nowhere_is_told);
    tcase_add_test(tc, a_record_of_any_bytes_keeps_its_last_one);
    tcase_add_test(tc, a_record_that_the_codec_refuses_is_told);
    tcase_add_test(tc, nothing_left_makes_an_empty_chunk);
    Suite *suite = suite_create("outputs/kafka/chunks");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
