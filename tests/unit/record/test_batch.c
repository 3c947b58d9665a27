/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <stdio.h>

#include "support/check_main.h"
#include "support/make_batch.h"

static void check_text(struct weir_str got, const char *want)
{
    ck_assert_msg(weir_str_eq(got, weir_str_of(want)), "\"%.*s\" is not \"%s\"", (int)got.len,
                  got.ptr, want);
}

static void check_field(const struct weir_record *record, uint32_t i, const char *name,
                        const char *value)
{
    ck_assert_uint_lt(i, record->count);
    const struct weir_field *field = &record->fields[i];
    check_text((struct weir_str){ field->name, field->name_len }, name);
    check_text((struct weir_str){ field->value, field->value_len }, value);
}

START_TEST(lines_are_without_their_terminator)
{
    struct batch *batch = make_batch("one\r\ntwo\n\r\n\nlast\r", WEIR_RUN_STRIP_CR);
    static const char *const want[] = { "one", "two", "", "", "last" };
    ck_assert_uint_eq(batch->pub.count, 5);
    for (uint32_t i = 0; i < 5; i++)
        check_text(weir_batch_line(&batch->pub, i), want[i]);
    made_batch_split(batch, 1, 0);
    check_text(weir_batch_line(&batch->pub, 0), "one");
    check_text(weir_batch_line(&batch->pub, 2), "\r");
    made_batch_free(batch);
}
END_TEST

START_TEST(positions_count_on_through_the_runs)
{
    struct batch *batch = make_batch("a\nbb\nccc\ndddd\n", 0);
    made_batch_split(batch, 2, 0);
    static const uint64_t want[] = { MADE_FROM, MADE_FROM + 2, MADE_FROM + 5, MADE_FROM + 9 };
    for (uint32_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(weir_batch_position(&batch->pub, i), want[i]);
        ck_assert_ptr_eq(weir_batch_run(&batch->pub, i), &batch->pub.runs[i / 2]);
    }
    made_batch_free(batch);
}
END_TEST

START_TEST(clocks_count_up_from_the_run)
{
    struct batch *batch = make_batch("a\nbb\nccc\ndddd\n", 0);
    static const uint64_t offsets[] = { 7, 9, 1, 100 };
    static const uint32_t ticks[] = { 2, 3, 5, 8 };
    made_batch_split(batch, 2, 0);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(weir_batch_clock(&batch->pub, i), MADE_CLOCK + i);
    batch->pub.offsets = offsets; /* records between them have gone */
    batch->pub.ticks = ticks;
    for (uint32_t i = 0; i < 4; i++) {
        const struct weir_run *run = &batch->pub.runs[i / 2];
        ck_assert_uint_eq(weir_batch_clock(&batch->pub, i), run->clock + ticks[i]);
        ck_assert_uint_eq(weir_batch_position(&batch->pub, i), run->from + offsets[i]);
    }
    made_batch_free(batch);
}
END_TEST

START_TEST(ids_differ_and_stay_when_records_are_opened)
{
    struct batch *batch = make_batch("a\na\n", 0);
    uint8_t plain[2][16], opened[2][16];
    for (uint32_t i = 0; i < 2; i++)
        weir_batch_record_id(&batch->pub, i, plain[i]);
    ck_assert_int_eq(weir_batch_open_records(&batch->pub), 0);
    for (uint32_t i = 0; i < 2; i++)
        weir_batch_record_id(&batch->pub, i, opened[i]);
    ck_assert_mem_eq(plain, opened, sizeof(plain));
    ck_assert_mem_ne(plain[0], plain[1], 16);
    made_batch_free(batch);
}
END_TEST

START_TEST(opened_records_have_their_message)
{
    struct batch *batch = make_batch("one\ntwo\nthree\n", WEIR_RUN_TRUNCATED);
    ck_assert_int_eq(weir_batch_open_records(&batch->pub), 0);
    check_field(&batch->pub.records[0], 0, "message", "one");
    ck_assert_uint_eq(batch->pub.records[0].count, 1);
    check_field(&batch->pub.records[2], 0, "message", "three");
    check_field(&batch->pub.records[2], 1, "weir.truncated", "true");
    ck_assert(batch->pub.records[0].event_time == WEIR_TIME_UNSET);
    made_batch_free(batch);
}
END_TEST

START_TEST(a_dropped_record_is_dropped_once)
{
    struct batch *batch = make_batch("one\ntwo\nthree\n", 0);
    weir_batch_drop(&batch->pub, 1);
    weir_batch_drop(&batch->pub, 1);
    ck_assert_uint_eq(batch->dropped_count, 1);
    ck_assert_uint_eq(batch_live(batch), 2);
    struct weir_slice slice = made_batch_slice(batch);
    ck_assert_uint_eq(weir_slice_next(&slice, 1), 2);
    weir_batch_drop(&batch->pub, 2);
    ck_assert_uint_eq(weir_slice_next(&slice, 1), 3);
    /* A parser gives fields to those that are left; the others must not be without any. */
    ck_assert_int_eq(weir_batch_open_empty(&batch->pub), 0);
    ck_assert_uint_eq(batch->pub.records[0].count, 0);
    check_field(&batch->pub.records[1], 0, "message", "two");
    made_batch_free(batch);
}
END_TEST

START_TEST(fields_are_added_replaced_and_removed)
{
    struct batch *batch = make_batch("{\"a\":1,\"b\":\"x\"}\n", 0);
    made_batch_parse_json(batch);
    struct weir_record *record = &batch->pub.records[0];
    ck_assert_uint_eq(record->object_fields, 2);
    static char names[100][16];
    for (int i = 0; i < 100; i++) { /* far beyond the spare room */
        snprintf(names[i], sizeof(names[i]), "n%d", i);
        made_batch_add(batch, 0, names[i], WEIR_VALUE_STRING, "v");
    }
    ck_assert_uint_eq(record->count, 102);
    ck_assert_uint_eq(record->object_fields, 2); /* the text still holds the first two */
    check_field(record, 101, "n99", "v");
    made_batch_add(batch, 0, "n5", WEIR_VALUE_STRING, "later");
    ck_assert_uint_eq(record->count, 102);
    ck_assert_uint_eq(record->object_fields, 2);
    check_field(record, 7, "n5", "later");
    made_batch_add(batch, 0, "a", WEIR_VALUE_INT, "2");
    ck_assert_uint_eq(record->object_fields, 0);
    check_field(record, 0, "a", "2");
    ck_assert_int_eq(weir_record_remove(&batch->pub, record, 0), 0);
    ck_assert_int_eq(weir_record_find(record, WEIR_STR("a")), -1);
    ck_assert_int_eq(weir_record_find(record, WEIR_STR("b")), 0);
    made_batch_free(batch);
}
END_TEST

START_TEST(escaped_names_are_found_and_escaped_text_is_decoded)
{
    struct batch *batch = make_batch("{\"\\u0061b\":\"x\\ny\"}\nno object\n", 0);
    made_batch_parse_json(batch);
    struct weir_record *record = &batch->pub.records[0];
    ck_assert_int_eq(weir_record_find(record, WEIR_STR("ab")), 0);
    check_text(weir_field_text(&batch->pub, &record->fields[0]), "x\ny");
    check_field(&batch->pub.records[1], 0, "message", "no object");
    ck_assert_uint_eq(batch->pub.records[1].object_fields, 0);
    made_batch_free(batch);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("batch");
    tcase_add_test(tc, lines_are_without_their_terminator);
    tcase_add_test(tc, positions_count_on_through_the_runs);
    tcase_add_test(tc, clocks_count_up_from_the_run);
    tcase_add_test(tc, ids_differ_and_stay_when_records_are_opened);
    tcase_add_test(tc, opened_records_have_their_message);
    tcase_add_test(tc, a_dropped_record_is_dropped_once);
    tcase_add_test(tc, fields_are_added_replaced_and_removed);
    tcase_add_test(tc, escaped_names_are_found_and_escaped_text_is_decoded);
    Suite *suite = suite_create("record/batch");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
