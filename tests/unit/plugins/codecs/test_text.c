/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/encoder.h"
#include "record/template.h"
#include "support/check_main.h"
#include "support/make_batch.h"

extern const struct weir_plugin weir_plugin_codec_text;

/* *ret_template outlives the codec, as a configuration's would. */
static struct weir_encoder *text_codec(const char *template, struct weir_template **ret_template)
{
    struct weir_error err = { 0 };
    size_t offset;
    struct {
        struct weir_template *template;
    } *state = calloc(1, weir_plugin_codec_text.state_size);
    *ret_template = template ? template_new(template, &err, &offset) : NULL;
    state->template = *ret_template;
    return encoder_new(&weir_plugin_codec_text, state);
}

/* All of the slice: by encoding alone, or taking views where there are any. */
static void encode_all(struct weir_encoder *encoder, const struct weir_slice *slice, bool views,
                       struct weir_bytes *out, unsigned *ret_views)
{
    const uint32_t end = slice->first + slice->count;
    uint32_t at = weir_slice_next(slice, slice->first);
    *ret_views = 0;
    while (at < end) {
        struct weir_str bytes;
        uint32_t next = views ? weir_encode_view(encoder, slice, at, &bytes) : at;
        if (next > at) {
            ck_assert_int_eq(weir_bytes_add(out, bytes.ptr, bytes.len), 0);
            ++*ret_views;
        } else {
            next = weir_encode(encoder, slice, at, out, out->len + 1);
            ck_assert_uint_gt(next, at);
        }
        at = weir_slice_next(slice, next);
    }
}

static void expect(const struct batch *batch, const char *template, const char *text, int views)
{
    struct weir_template *tpl;
    struct weir_encoder *encoder = text_codec(template, &tpl);
    struct weir_slice slice = made_batch_slice(batch);
    for (int with_views = 0; with_views < 2; with_views++) {
        struct weir_bytes out = { .max = 4096 };
        unsigned used;
        encode_all(encoder, &slice, with_views, &out, &used);
        ck_assert_msg(weir_str_eq((struct weir_str){ out.data, out.len }, weir_str_of(text)),
                      "%.*s", (int)out.len, out.data);
        if (with_views && views >= 0)
            ck_assert_int_eq((int)used, views);
        weir_bytes_free(&out);
    }
    encoder_free(encoder);
    template_free(tpl);
}

START_TEST(test_plain_lines_are_one_view)
{
    struct batch *batch = make_batch("one\n\nthree\r\nfour", 0);
    expect(batch, NULL, "one\n\nthree\r\nfour\n", 1);
    made_batch_free(batch);
}
END_TEST

START_TEST(test_a_carriage_return_of_the_terminator_goes)
{
    struct batch *batch = make_batch("one\r\ntwo\n", WEIR_RUN_STRIP_CR);
    expect(batch, NULL, "one\ntwo\n", 1);
    made_batch_free(batch);
    batch = make_batch("one\ntwo\n", WEIR_RUN_STRIP_CR); /* has none: as it stands */
    expect(batch, NULL, "one\ntwo\n", 1);
    made_batch_free(batch);
}
END_TEST

START_TEST(test_a_view_goes_up_to_the_first_line_that_is_changed)
{
    struct batch *batch = make_batch("a\rb\ntwo\n\r\nfour\n\r", WEIR_RUN_STRIP_CR);
    expect(batch, NULL, "a\rb\ntwo\n\nfour\n\n", 2);
    made_batch_free(batch);
}
END_TEST

START_TEST(test_dropped_lines_part_the_views)
{
    struct batch *batch = make_batch("a\nb\nc\nd\ne\n", 0);
    weir_batch_drop(&batch->pub, 1);
    weir_batch_drop(&batch->pub, 4);
    expect(batch, NULL, "a\nc\nd\n", 2);
    made_batch_free(batch);
}
END_TEST

START_TEST(test_runs_of_different_kinds)
{
    struct batch *batch = make_batch("a\nb\r\nc\r\nd\n", 0);
    made_batch_split(batch, 1, WEIR_RUN_STRIP_CR);
    made_batch_split(batch, 2, 0);
    expect(batch, NULL, "a\nb\nc\r\nd\n", 2);
    made_batch_free(batch);
}
END_TEST

START_TEST(test_a_record_never_becomes_two_lines)
{
    const struct weir_str texts[] = { WEIR_STR("a\nb"), WEIR_STR("\n"), WEIR_STR("c") };
    struct batch *batch = make_batch_records(texts, 3, WEIR_RUN_NEWLINES);
    expect(batch, NULL, "a\\nb\n\\n\nc\n", 0);
    made_batch_free(batch);

    batch = make_batch("{\"message\":\"x\\ny\",\"n\":1}\n{\"n\":2}\n", 0);
    made_batch_parse_json(batch);
    expect(batch, NULL, "x\\ny\n{\"n\":2}\n", 0);
    expect(batch, "${n}:${message:-none}", "1:x\\ny\n2:none\n", 0);
    made_batch_free(batch);
}
END_TEST

START_TEST(test_a_record_is_encoded_whole_or_not_at_all)
{
    struct batch *batch = make_batch("short\nmuch longer than that\n", 0);
    struct weir_template *tpl;
    struct weir_encoder *encoder = text_codec("${message}", &tpl);
    struct weir_slice slice = made_batch_slice(batch);
    struct weir_bytes out = { .max = 10 };
    ck_assert_uint_eq(weir_encode(encoder, &slice, 0, &out, 100), 1);
    ck_assert_uint_eq(out.len, 6);
    out.len = 0;
    ck_assert_uint_eq(weir_encode(encoder, &slice, 1, &out, 100), 1);
    ck_assert_uint_eq(out.len, 0);
    weir_bytes_free(&out);
    encoder_free(encoder);
    template_free(tpl);
    made_batch_free(batch);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("text");
    tcase_add_test(tcase, test_plain_lines_are_one_view);
    tcase_add_test(tcase, test_a_carriage_return_of_the_terminator_goes);
    tcase_add_test(tcase, test_a_view_goes_up_to_the_first_line_that_is_changed);
    tcase_add_test(tcase, test_dropped_lines_part_the_views);
    tcase_add_test(tcase, test_runs_of_different_kinds);
    tcase_add_test(tcase, test_a_record_never_becomes_two_lines);
    tcase_add_test(tcase, test_a_record_is_encoded_whole_or_not_at_all);
    Suite *suite = suite_create("codecs/text");
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
