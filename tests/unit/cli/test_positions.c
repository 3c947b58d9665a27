/* SPDX-License-Identifier: Apache-2.0 */
#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/positions_list.h"
#include "support/check_main.h"
#include "support/temp_dir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char base[TEMP_DIR_MAX], dir[96];
static struct weir_error err;

static void setup(void)
{
    temp_dir_make(base);
    snprintf(dir, sizeof(dir), "%s/data", base);
}

static void teardown(void)
{
    temp_dir_remove(base);
}

static struct positions *open_store(bool read_only)
{
    const struct positions_options options = { .data_dir = dir, .read_only = read_only };
    struct positions *positions = NULL;
    ck_assert_msg(positions_open(&options, &positions, &err) == 0, "%s", err.text);
    return positions;
}

static void put(struct positions *positions, uint64_t owner, uint8_t id, uint64_t position,
                struct weir_str note)
{
    const struct positions_key key = { .owner = owner, .id = { 0xab, id } };
    struct weir_stream_state state = { .position = position, .check = 7, .updated = 1000000001 };
    state.note_len = (uint16_t)note.len;
    memcpy(state.note, note.ptr, note.len);
    ck_assert_int_eq(positions_put(positions, &key, &state), 0);
}

/* The position of `id`; UINT64_MAX when it is not there. */
static uint64_t stored(uint64_t owner, uint8_t id, uint64_t *ret_check)
{
    const struct positions_key key = { .owner = owner, .id = { 0xab, id } };
    struct weir_stream_state state = { .position = UINT64_MAX };
    struct positions *positions = open_store(true);
    (void)positions_get(positions, &key, &state);
    positions_close(positions);
    if (ret_check)
        *ret_check = state.check;
    return state.position;
}

static const char *text_at(const json_t *document, size_t row, const char *name)
{
    const json_t *rows = json_object_get(document, "positions");
    return json_string_value(json_object_get(json_array_get(rows, row), name));
}

START_TEST(what_a_note_ends_with_is_shown)
{
    static const struct {
        const char *note, *text;
    } cases[] = {
        { "", "" },
        { "\x01\x02\xff/var/log/a.log", "/var/log/a.log" },
        { "\x01kQ/var/log/a.log", "/var/log/a.log" }, /* chance made kQ text */
        { "\x01out.log", "out.log" },
        { "\x01\x02", "" },
        { "\x01"
          "abc",
          "" }, /* too short to be meant */
        { "\xa4/var/log/\xc3\xa4.log", "/var/log/\xc3\xa4.log" },
        { "/var/log/a\xff.log", ".log" },
        { "/var/log/a.log\n", "" },
    };
    struct positions *positions = open_store(false);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        put(positions, 1, 0, i, weir_str_of(cases[i].note));
        json_t *document = positions_list_document(positions, NULL);
        ck_assert_str_eq(text_at(document, 0, "text"), cases[i].text);
        ck_assert_uint_eq(strlen(text_at(document, 0, "note")), 2 * strlen(cases[i].note));
        json_decref(document);
    }
    positions_close(positions);
}
END_TEST

START_TEST(owners_go_by_their_names_in_the_configuration)
{
    char app[] = "app", tail[] = "tail", tail_2[] = "tail.2", file[] = "tail";
    struct config_plugin inputs[] = { { .id = tail }, { .id = tail_2 } },
                         outputs[] = { { .id = file } };
    struct config_pipeline pipeline = {
        .name = app, .inputs = inputs, .input_count = 2, .outputs = outputs, .output_count = 1
    };
    const struct config config = { .pipelines = &pipeline, .pipeline_count = 1 };
    struct positions *positions = open_store(false);
    put(positions, positions_owner("input", "app", "tail.2"), 1, 5, WEIR_STR("/a/b"));
    put(positions, positions_owner("output", "app", "tail"), 2, UINT64_MAX, WEIR_STR("/\x1b[2J"));
    put(positions, 0x123, 3, 7, WEIR_STR(""));
    json_t *document = positions_list_document(positions, &config);
    ck_assert_str_eq(text_at(document, 0, "pipeline"), "app");
    ck_assert_str_eq(text_at(document, 0, "kind"), "input");
    ck_assert_str_eq(text_at(document, 0, "plugin"), "tail.2");
    ck_assert_str_eq(text_at(document, 0, "updated"), "1970-01-01T00:00:01.000000001Z");
    ck_assert_str_eq(text_at(document, 1, "kind"), "output");
    ck_assert_str_eq(text_at(document, 1, "position"), "18446744073709551615");
    ck_assert_ptr_null(text_at(document, 2, "pipeline"));
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(positions_list_print(document, out), 0);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "app               input tail.2  ab01"));
    ck_assert_ptr_nonnull(strstr(text, "1970-01-01T00:00:01Z  /a/b\n"));
    ck_assert_ptr_nonnull(strstr(text, "0000000000000123  ?             ab03"));
    ck_assert_ptr_null(strchr(text, '\x1b'));
    free(text);
    json_decref(document);
    positions_close(positions);
}
END_TEST

/* Runs `weir positions ARGS --data-dir DIR`. */
static enum command_status run(const char *a, const char *b, const char *c)
{
    char name[] = "positions", option[] = "--data-dir", args[3][64];
    char *argv[] = { name, option, dir, NULL, NULL, NULL, NULL };
    const char *const given[] = { a, b, c };
    int argc = 3;
    for (size_t i = 0; i < COUNT_OF(given) && given[i]; i++) {
        snprintf(args[i], sizeof(args[i]), "%s", given[i]);
        argv[argc++] = args[i];
    }
    return command_run(&cmd_positions, argc, argv);
}

START_TEST(positions_are_set_and_reset)
{
    uint64_t check;
    struct positions *positions = open_store(false);
    for (uint8_t i = 1; i <= 4; i++)
        put(positions, 1, i, i, WEIR_STR("note"));
    positions_close(positions);
    ck_assert_int_eq(run("set", "ab01", "18446744073709551615"), COMMAND_DONE);
    ck_assert_uint_eq(stored(1, 1, &check), UINT64_MAX);
    ck_assert_uint_eq(check, 0);
    ck_assert_uint_eq(stored(1, 2, &check), 2);
    ck_assert_uint_eq(check, 7);
    ck_assert_int_eq(run("reset", "AB02", "ab03"), COMMAND_DONE);
    ck_assert_uint_eq(stored(1, 2, NULL), UINT64_MAX);
    ck_assert_uint_eq(stored(1, 3, NULL), UINT64_MAX);
    ck_assert_uint_eq(stored(1, 4, NULL), 4);
    ck_assert_int_eq(run("reset", "--all", NULL), COMMAND_DONE);
    ck_assert_uint_eq(stored(1, 4, NULL), UINT64_MAX);
    ck_assert_int_eq(run("ls", NULL, NULL), COMMAND_DONE);
}
END_TEST

START_TEST(what_is_not_clear_changes_nothing)
{
    static const struct {
        const char *args[3];
        enum command_status want;
    } cases[] = {
        { { "set", "ab", "9" }, COMMAND_FAILED },      /* of several */
        { { "set", "ac", "9" }, COMMAND_FAILED },      /* of none */
        { { "set", "xyz", "9" }, COMMAND_FAILED },     /* no id */
        { { "set", "", "9" }, COMMAND_FAILED },        /* nor that */
        { { "reset", "ab01", "ac" }, COMMAND_FAILED }, /* not by halves */
        { { "set", "ab01", "9x" }, COMMAND_MISUSED },
        { { "set", "ab01", "-- -9" }, COMMAND_MISUSED },
        { { "set", "ab01", "18446744073709551616" }, COMMAND_MISUSED },
        { { "set", "ab01", NULL }, COMMAND_MISUSED },
        { { "reset", NULL, NULL }, COMMAND_MISUSED },
        { { "reset", "--all", "ab01" }, COMMAND_MISUSED },
        { { "ls", "ab01", NULL }, COMMAND_MISUSED },
        { { "remove", "ab01", NULL }, COMMAND_MISUSED },
    };
    ck_assert_int_eq(run("reset", "--all", NULL), COMMAND_FAILED);
    ck_assert_int_eq(access(dir, F_OK), -1); /* not made */
    struct positions *positions = open_store(false);
    put(positions, 1, 1, 1, WEIR_STR(""));
    put(positions, 1, 2, 2, WEIR_STR(""));
    ck_assert_int_eq(positions_sync(positions), 0);
    ck_assert_int_eq(run("set", "ab01", "9"), COMMAND_FAILED); /* the agent runs */
    ck_assert_int_eq(run("reset", "--all", NULL), COMMAND_FAILED);
    ck_assert_int_eq(run("ls", NULL, NULL), COMMAND_DONE);
    positions_close(positions);
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_int_eq(run(cases[i].args[0], cases[i].args[1], cases[i].args[2]), cases[i].want);
    ck_assert_uint_eq(stored(1, 1, NULL), 1);
    ck_assert_uint_eq(stored(1, 2, NULL), 2);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("positions");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_a_note_ends_with_is_shown);
    tcase_add_test(tc, owners_go_by_their_names_in_the_configuration);
    tcase_add_test(tc, positions_are_set_and_reset);
    tcase_add_test(tc, what_is_not_clear_changes_nothing);
    Suite *suite = suite_create("cli/positions");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
