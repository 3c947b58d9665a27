/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/disk_select.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND INT64_C(1000000000)
#define NOW (1772323200 * SECOND) /* 2026-03-01T00:00:00Z */

static const struct command command = { .name = "buffer" };
static struct disk_select chosen;

/* Reads a command line with one or two options. */
static enum command_status read_options(enum command_option a, const char *value_a,
                                        enum command_option b, const char *value_b)
{
    struct command_line line = { .command = &command };
    line.values[a] = value_a;
    if (value_b)
        line.values[b] = value_b;
    disk_select_free(&chosen);
    return disk_select_read(&line, NOW, &chosen);
}

static void setup(void)
{
    chosen = (struct disk_select){ 0 };
}

static void teardown(void)
{
    disk_select_free(&chosen);
}

START_TEST(nothing_said_is_everything)
{
    ck_assert_int_eq(read_options(OPTION_JSON, "", 0, NULL), COMMAND_DONE);
    const struct replay_request *request = &chosen.request;
    ck_assert_int_eq(request->since, INT64_MIN);
    ck_assert_int_eq(request->until, INT64_MAX);
    ck_assert_uint_eq(request->from, 0);
    ck_assert_uint_eq(request->to, UINT64_MAX);
    ck_assert_ptr_null(request->ids);
    ck_assert_ptr_null(request->output);
    ck_assert_ptr_null(request->target);
    ck_assert_ptr_null(request->reason);
}
END_TEST

START_TEST(times)
{
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        { "2026-02-28T23:00:00Z", NOW - 3600 * SECOND },
        { "2026-03-01T01:00:00+01:00", NOW },
        { "2026-03-01 00:00:00.5Z", NOW + SECOND / 2 },
        { "2h", NOW - 7200 * SECOND },
        { "1m30s", NOW - 90 * SECOND },
        { "0s", NOW },
        { "100000d", INT64_MIN }, /* before 1970 there is nothing either */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ck_assert_int_eq(read_options(OPTION_FROM, cases[i].text, OPTION_TO, "0s"), COMMAND_DONE);
        if (cases[i].want != INT64_MIN)
            ck_assert_int_eq(chosen.request.since, cases[i].want);
        else
            ck_assert_int_lt(chosen.request.since, 0);
        ck_assert_int_eq(chosen.request.until, NOW);
    }
    static const char *const none[] = { "",  "yesterday", "2026-03-01",
                                        "7", "-2h",       "2026-13-01T00:00:00Z" };
    for (size_t i = 0; i < COUNT_OF(none); i++)
        ck_assert_int_eq(read_options(OPTION_TO, none[i], 0, NULL), COMMAND_MISUSED);
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        const char *text;
        uint64_t from, to;
    } cases[] = {
        { "5-9", 5, 10 },
        { "5-5", 5, 6 },
        { "5", 5, 6 },
        { "5-", 5, UINT64_MAX },
        { "0-18446744073709551615", 0, UINT64_MAX },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        ck_assert_int_eq(read_options(OPTION_SEQUENCE, cases[i].text, 0, NULL), COMMAND_DONE);
        ck_assert_uint_eq(chosen.request.from, cases[i].from);
        ck_assert_uint_eq(chosen.request.to, cases[i].to);
    }
    static const char *const none[] = { "",     "-",   "-5",  "9-5", "5--9",
                                        "5-9x", "5-x", "0x5", " 5",  "18446744073709551616" };
    for (size_t i = 0; i < COUNT_OF(none); i++)
        ck_assert_msg(read_options(OPTION_SEQUENCE, none[i], 0, NULL) == COMMAND_MISUSED, "%s",
                      none[i]);
}
END_TEST

#define ID "00112233445566778899aabbccddeeff"

START_TEST(ids)
{
    static const uint8_t first[16] = { 0,    0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
    ck_assert_int_eq(
        read_options(OPTION_RECORD_ID, ID ",ffffffffffffffffffffffffffffffff", 0, NULL),
        COMMAND_DONE);
    ck_assert_uint_eq(chosen.request.id_count, 2);
    ck_assert_int_eq(memcmp(chosen.request.ids[0], first, 16), 0);
    ck_assert_int_eq(chosen.request.ids[1][15], 0xff);
    static const char *const none[] = {
        "", "00", ID "0", ID ",", "," ID, ID " ", ID ";" ID, "0011223344556677889900aabbccddeG"
    };
    for (size_t i = 0; i < COUNT_OF(none); i++)
        ck_assert_msg(read_options(OPTION_RECORD_ID, none[i], 0, NULL) == COMMAND_MISUSED, "%s",
                      none[i]);
}
END_TEST

START_TEST(ids_have_a_maximum)
{
    static char many[(REPLAY_IDS_MAX + 1) * 33 + 1];
    for (size_t i = 0; i <= REPLAY_IDS_MAX; i++)
        memcpy(many + i * 33, ID ",", 33);
    many[REPLAY_IDS_MAX * 33 - 1] = '\0';
    ck_assert_int_eq(read_options(OPTION_RECORD_ID, many, 0, NULL), COMMAND_DONE);
    ck_assert_uint_eq(chosen.request.id_count, REPLAY_IDS_MAX);
    many[REPLAY_IDS_MAX * 33 - 1] = ',';
    many[(REPLAY_IDS_MAX + 1) * 33 - 1] = '\0';
    ck_assert_int_eq(read_options(OPTION_RECORD_ID, many, 0, NULL), COMMAND_MISUSED);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("disk_select");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, nothing_said_is_everything);
    tcase_add_test(tc, times);
    tcase_add_test(tc, numbers);
    tcase_add_test(tc, ids);
    tcase_add_test(tc, ids_have_a_maximum);
    Suite *suite = suite_create("cli/disk_select");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
