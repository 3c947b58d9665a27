/* SPDX-License-Identifier: Apache-2.0 */
/* `weir buffer` and `weir deadletter` on stores that are made here, without an agent. */
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer/frozen.h"
#include "buffer/store.h"
#include "cli/commands.h"
#include "support/check_main.h"
#include "support/make_batch.h"
#include "support/run_command.h"
#include "support/temp_dir.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PIPELINE "app"

static char base[TEMP_DIR_MAX], data[80], config[96];
static const char *const outputs[] = { "a", "b", "old" };

static void setup(void)
{
    temp_dir_make(base);
    snprintf(data, sizeof(data), "%s/data", base);
    snprintf(config, sizeof(config), "%s/weir.yaml", base);
    ck_assert_int_eq(mkdir(data, 0700), 0);
    FILE *file = fopen(config, "w");
    fprintf(file,
            "service: {data_dir: %s, admin: {listen: off}}\n"
            "pipelines:\n"
            "  " PIPELINE ":\n"
            "    inputs: [{type: stdin}]\n"
            "    outputs: [{type: 'null', id: a}, {type: 'null', id: b}]\n"
            "    buffer: {disk: 10MiB, compression: none}\n"
            "  bare:\n"
            "    inputs: [{type: stdin}]\n"
            "    outputs: [{type: 'null'}]\n",
            data);
    fclose(file);
}

static void teardown(void)
{
    temp_dir_remove(base);
}

/* ---- a store ------------------------------------------------------------------------------------------ */

static struct store *open_store(enum store_kind kind)
{
    const struct store_options options = { .disk = disk_real(),
                                           .data_dir = data,
                                           .name = PIPELINE,
                                           .kind = kind,
                                           .readers = outputs,
                                           .reader_count = COUNT_OF(outputs),
                                           .size_max = 10 << 20 };
    struct store *store = NULL;
    struct store_found found = { 0 };
    struct weir_error err;
    ck_assert_msg(store_open(&options, &store, &found, &err) == 0, "%s", err.text);
    return store;
}

/* A frame of these lines, for these outputs. The lines of `only` (bits; 0: all) are for output b, where it is
 * one of them. */
static void append(struct store *store, const char *lines, uint64_t readers, uint64_t only,
                   const char *note)
{
    struct weir_bytes scratch = { .max = 1 << 20 }, frame = { .max = 1 << 20 };
    struct frame_head head = { 0 };
    struct batch *batch = make_batch(lines, 0);
    uint64_t *masks[3] = { NULL, only ? &only : NULL, NULL };
    made_batch_describe(batch, "\"log.file.path\":\"/var/log/x\"", "log.file.offset");
    batch->observed = MADE_OBSERVED;
    batch->routed = readers;
    batch->masks = masks;
    batch->note = weir_str_of(note);
    ck_assert_int_eq(frozen_make(batch, NULL, readers, FRAME_PLAIN, &scratch, &frame, &head), 0);
    ck_assert_int_eq(store_append(store, (uint8_t *)frame.data, frame.len, &head), 0);
    batch->masks = NULL;
    made_batch_free(batch);
    weir_bytes_free(&scratch);
    weir_bytes_free(&frame);
}

/* Records 0 to 8: three frames, the second for b alone (record 4 not), the third for an output that is not
 * configured any more. */
static void make_store(void)
{
    struct store *store = open_store(STORE_BUFFER);
    append(store, "r0\nr1\nr2\n", 3, 0, "");
    append(store, "r3\nr4\nr5\n", 2, 5, "");
    append(store, "r6\nr7\nr8\n", 4, 0, "");
    ck_assert_int_eq(store_sync(store), 0);
    store_close(store);
}

#define NOTE(answer)                                                                               \
    "{\"output\":\"a\",\"reason\":\"rejected\",\"answer\":\"" answer                               \
    "\",\"attempts\":2,\"first\":\"2026-03-01T00:00:00Z\",\"last\":\"2026-03-01T00:00:01Z\"}"

static void make_dead_letters(void)
{
    struct store *store = open_store(STORE_DEAD_LETTERS);
    append(store, "bad1\nbad2\n", 1, 0, NOTE("400: mapper_parsing"));
    append(store, "bad3\n", 1, 0, NOTE("413: too large"));
    ck_assert_int_eq(store_sync(store), 0);
    store_close(store);
}

/* ---- running ------------------------------------------------------------------------------------------ */

static struct ran run_on(const struct command *command, const char *where, const char *const *words)
{
    const char *all[RUN_WORDS_MAX + 1] = { command->name, words[0], PIPELINE, "-c", config };
    size_t count = 5;
    if (strcmp(where, "data") == 0) {
        all[3] = "--data-dir";
        all[4] = data;
    }
    for (size_t i = 1; words[i]; i++)
        all[count++] = words[i];
    return run_command(command, all);
}

#define run(command, ...) run_on(command, "config", (const char *const[]){ __VA_ARGS__, NULL })
#define look(command, ...) run_on(command, "data", (const char *const[]){ __VA_ARGS__, NULL })

static void ran_free(struct ran *ran)
{
    free(ran->out);
    free(ran->err);
}

/* It has answered so, and printed just this. */
static void ran_is(struct ran ran, enum command_status status, const char *out)
{
    ck_assert_msg(ran.status == status && strcmp(ran.out, out) == 0,
                  "answered %d, printed\n%s\nnot\n%s\nand said\n%s", ran.status, ran.out, out,
                  ran.err);
    ran_free(&ran);
}

static void ran_says(struct ran ran, enum command_status status, const char *err)
{
    ck_assert_msg(ran.status == status && strstr(ran.err, err), "answered %d and said\n%s\nnot\n%s",
                  ran.status, ran.err, err);
    ran_free(&ran);
}

static json_t *json_of(struct ran ran)
{
    json_t *document = json_loads(ran.out, JSON_DECODE_ANY, NULL);
    ck_assert_msg(ran.status == COMMAND_DONE && document, "%s%s", ran.out, ran.err);
    ran_free(&ran);
    return document;
}

static int64_t number_at(json_t *list, size_t index, const char *name)
{
    json_t *value = json_object_get(json_array_get(list, index), name);
    ck_assert_msg(json_is_integer(value), "%s", name);
    return json_integer_value(value);
}

/* ---- ls ----------------------------------------------------------------------------------------------- */

START_TEST(what_is_there_is_listed)
{
    make_store();
    json_t *document = json_of(run(&cmd_buffer, "ls", "--json"));
    json_t *readers = json_object_get(document, "outputs");
    json_t *segments = json_object_get(document, "segments");
    static const struct {
        const char *id;
        int64_t records;
        bool configured;
    } want[] = { { "a", 3, true }, { "b", 6, true }, { "old", 3, false } };
    ck_assert_uint_eq(json_array_size(readers), COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        json_t *reader = json_array_get(readers, i);
        ck_assert_str_eq(json_string_value(json_object_get(reader, "id")), want[i].id);
        ck_assert_int_eq(number_at(readers, i, "records"), want[i].records);
        ck_assert_int_eq(json_is_true(json_object_get(reader, "configured")), want[i].configured);
        ck_assert_str_eq(json_string_value(json_object_get(reader, "oldest")),
                         "2026-03-01T00:00:00.123456789Z");
    }
    ck_assert_uint_eq(json_array_size(segments), 1);
    ck_assert_int_eq(number_at(segments, 0, "first"),
                     json_integer_value(json_object_get(document, "first")));
    ck_assert_int_eq(number_at(segments, 0, "end") - number_at(segments, 0, "first"), 9);
    ck_assert_int_eq(number_at(segments, 0, "frames"), 3);
    ck_assert_int_eq(json_integer_value(json_object_get(document, "held_records")), 9);
    ck_assert_int_eq(json_integer_value(json_object_get(document, "bytes_max")), 10 << 20);
    json_decref(document);

    struct ran ran = run(&cmd_buffer, "ls");
    ck_assert_int_eq(ran.status, COMMAND_DONE);
    ck_assert_ptr_nonnull(strstr(ran.out, "/data/buffer/app: "));
    ck_assert_ptr_nonnull(strstr(ran.out, " of 10.0 MiB, 9 records held\n"));
    ck_assert_ptr_nonnull(strstr(ran.out, "old     not configured"));
    ran_free(&ran);
}
END_TEST

START_TEST(without_a_configuration_nobody_knows_who_is_configured)
{
    make_store();
    json_t *document = json_of(look(&cmd_buffer, "ls", "--json"));
    json_t *readers = json_object_get(document, "outputs");
    ck_assert_uint_eq(json_array_size(readers), 3);
    ck_assert(json_is_null(json_object_get(json_array_get(readers, 0), "configured")));
    ck_assert(json_is_null(json_object_get(document, "bytes_max")));
    json_decref(document);
}
END_TEST

/* ---- cat ---------------------------------------------------------------------------------------------- */

/* The number of the first record, from which the tests count. */
static int64_t first_sequence(const struct command *command)
{
    json_t *document = json_of(run(command, "ls", "--json"));
    int64_t first = json_integer_value(json_object_get(document, "first"));
    json_decref(document);
    return first;
}

START_TEST(records_are_chosen_and_printed)
{
    make_store();
    char range[64];
    int64_t first = first_sequence(&cmd_buffer);
    snprintf(range, sizeof(range), "%lld-%lld", (long long)first + 2, (long long)first + 3);
    ran_is(run(&cmd_buffer, "cat", "--codec", "text"), COMMAND_DONE,
           "r0\nr1\nr2\nr3\nr4\nr5\nr6\nr7\nr8\n");
    ran_is(look(&cmd_buffer, "cat", "--codec", "text"), COMMAND_DONE,
           "r0\nr1\nr2\nr3\nr4\nr5\nr6\nr7\nr8\n");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--sequence", range), COMMAND_DONE,
           "r2\nr3\n");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--output", "a"), COMMAND_DONE,
           "r0\nr1\nr2\n");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--output", "b"), COMMAND_DONE,
           "r0\nr1\nr2\nr3\nr5\n");
    ran_is(look(&cmd_buffer, "cat", "--codec", "text", "--output", "old"), COMMAND_DONE,
           "r6\nr7\nr8\n");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--to", "2026-03-01T00:00:00Z"), COMMAND_DONE,
           "");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--from", "2026-03-01T00:00:00Z",
               "--sequence", range),
           COMMAND_DONE, "r2\nr3\n");
    ran_is(run(&cmd_buffer, "cat", "--codec", "{type: json, source: true}", "--sequence", range),
           COMMAND_DONE,
           "{\"message\":\"r2\",\"log.file.path\":\"/var/log/x\",\"log.file.offset\":1006}\n"
           "{\"message\":\"r3\",\"log.file.path\":\"/var/log/x\",\"log.file.offset\":1000}\n");
}
END_TEST

START_TEST(a_record_is_found_by_the_id_that_cat_prints)
{
    make_store();
    char range[64], id[40];
    snprintf(range, sizeof(range), "%lld", (long long)first_sequence(&cmd_buffer) + 2);
    json_t *record = json_of(run(&cmd_buffer, "cat", "--sequence", range));
    ck_assert_str_eq(json_string_value(json_object_get(record, "message")), "r2");
    ck_assert_str_eq(json_string_value(json_object_get(record, "observed_time")),
                     "2026-03-01T00:00:00.123456789Z");
    ck_assert_str_eq(json_string_value(json_object_get(record, "log.file.path")), "/var/log/x");
    snprintf(id, sizeof(id), "%s", json_string_value(json_object_get(record, "record_id")));
    json_decref(record);
    /* All frames are of one stream and begin at one position: the third record of each. */
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--record-id", id), COMMAND_DONE,
           "r2\nr5\nr8\n");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--record-id",
               "00000000000000000000000000000000"),
           COMMAND_DONE, "");
}
END_TEST

START_TEST(frames_are_printed)
{
    make_store();
    char range[64];
    int64_t first = first_sequence(&cmd_buffer);
    snprintf(range, sizeof(range), "%lld", (long long)first + 4);
    json_t *frame = json_of(run(&cmd_buffer, "cat", "--frames", "--json", "--sequence", range));
    ck_assert_int_eq(json_integer_value(json_object_get(frame, "sequence")), first + 3);
    ck_assert_int_eq(json_integer_value(json_object_get(frame, "end")), first + 6);
    ck_assert_int_eq(json_integer_value(json_object_get(frame, "chosen")), 1);
    ck_assert_str_eq(json_string_value(json_array_get(json_object_get(frame, "outputs"), 0)), "b");
    ck_assert(json_is_false(json_object_get(frame, "replayed")));
    json_decref(frame);
    struct ran ran = run(&cmd_buffer, "cat", "--frames");
    size_t lines = 0;
    for (const char *at = ran.out; (at = strchr(at, '\n')); at++)
        lines++;
    ck_assert_uint_eq(lines, 3);
    ck_assert_ptr_nonnull(strstr(ran.out, "  none  2026-03-01T00:00:00Z  a b\n"));
    ran_free(&ran);
}
END_TEST

/* ---- verify ------------------------------------------------------------------------------------------- */

/* The only segment's path. */
static const char *segment_path(void)
{
    static char path[160];
    json_t *document = json_of(run(&cmd_buffer, "ls", "--json"));
    json_t *segment = json_array_get(json_object_get(document, "segments"), 0);
    snprintf(path, sizeof(path), "%s/%s", json_string_value(json_object_get(document, "directory")),
             json_string_value(json_object_get(segment, "file")));
    json_decref(document);
    return path;
}

/* Finds text in a file and changes its first byte; returns where. */
static long damage(const char *path, const char *text)
{
    static char bytes[1 << 20];
    FILE *file = fopen(path, "r+");
    ck_assert_ptr_nonnull(file);
    size_t len = fread(bytes, 1, sizeof(bytes), file);
    char *found = memmem(bytes, len, text, strlen(text));
    ck_assert_ptr_nonnull(found);
    fseek(file, found - bytes, SEEK_SET);
    fputc(*found ^ 1, file);
    fclose(file);
    return found - bytes;
}

START_TEST(what_is_damaged_is_told_with_its_place)
{
    make_store();
    int64_t first = first_sequence(&cmd_buffer);
    struct ran ran = run(&cmd_buffer, "verify");
    ck_assert_int_eq(ran.status, COMMAND_DONE);
    ck_assert_ptr_nonnull(
        strstr(ran.out, "/data/buffer/app: 3 frames, 9 records: nothing is wrong\n"));
    ran_free(&ran);

    const char *path = segment_path();
    damage(path, "r3\nr4"); /* in the second frame */
    ran = run(&cmd_buffer, "verify");
    char want[400], lines[200];
    snprintf(want, sizeof(want), ": a damaged frame; records %lld to %lld\n", (long long)first + 3,
             (long long)first + 5);
    ck_assert_int_eq(ran.status, COMMAND_FAILED);
    ck_assert_msg(strstr(ran.out, want) && strstr(ran.out, path), "%s", ran.out);
    ck_assert_ptr_nonnull(strstr(ran.out, ": 2 frames, 6 records: 1 thing is wrong\n"));
    ran_free(&ran);

    ran = look(&cmd_buffer, "verify", "--json");
    ck_assert_int_eq(ran.status, COMMAND_FAILED);
    json_t *document = json_loads(ran.out, 0, NULL),
           *problems = json_object_get(document, "problems");
    ck_assert_uint_eq(json_array_size(problems), 1);
    ck_assert_int_eq(number_at(problems, 0, "first"), first + 3);
    ck_assert_int_eq(number_at(problems, 0, "end"), first + 6);
    ck_assert_int_gt(number_at(problems, 0, "offset"), 0);
    json_decref(document);
    ran_free(&ran);

    /* What can be read is printed, and what cannot is told. */
    ran = run(&cmd_buffer, "cat", "--codec", "text");
    ck_assert_int_eq(ran.status, COMMAND_FAILED);
    ck_assert_str_eq(ran.out, "r0\nr1\nr2\nr6\nr7\nr8\n");
    ck_assert_ptr_nonnull(strstr(ran.err, "a damaged frame"));
    ran_free(&ran);
    snprintf(lines, sizeof(lines), "%lld-%lld", (long long)first, (long long)first + 2);
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--sequence", lines), COMMAND_DONE,
           "r0\nr1\nr2\n");
}
END_TEST

/* ---- replay ------------------------------------------------------------------------------------------- */

START_TEST(records_are_put_at_the_end_again)
{
    make_store();
    char range[64];
    int64_t first = first_sequence(&cmd_buffer);
    ran_is(run(&cmd_buffer, "replay", "--output", "b"), COMMAND_DONE,
           "5 records of pipeline app replayed\n");
    snprintf(range, sizeof(range), "%lld-", (long long)first + 9);
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--sequence", range), COMMAND_DONE,
           "r0\nr1\nr2\nr3\nr5\n");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--sequence", range, "--output", "a"),
           COMMAND_DONE, ""); /* for b alone */
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--sequence", range, "--output", "b"),
           COMMAND_DONE, "r0\nr1\nr2\nr3\nr5\n");
    struct ran ran = run(&cmd_buffer, "cat", "--frames", "--sequence", range);
    ck_assert_ptr_nonnull(strstr(ran.out, "Z  replayed  b\n"));
    ran_free(&ran);
    ran = run(&cmd_buffer, "verify");
    ck_assert_msg(ran.status == COMMAND_DONE, "%s", ran.out);
    ran_free(&ran);
}
END_TEST

START_TEST(records_go_to_those_they_were_for_or_to_a_target)
{
    make_store();
    char range[64];
    int64_t first = first_sequence(&cmd_buffer);
    snprintf(range, sizeof(range), "%lld-%lld", (long long)first, (long long)first + 8);
    ran_is(
        run(&cmd_buffer, "replay", "--sequence", range), COMMAND_DONE,
        "5 records of pipeline app replayed; 4 were for outputs that are not configured any more\n");
    snprintf(range, sizeof(range), "%lld-", (long long)first + 9);
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--sequence", range, "--output", "a"),
           COMMAND_DONE, "r0\nr1\nr2\n");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--sequence", range, "--output", "b"),
           COMMAND_DONE, "r0\nr1\nr2\nr3\nr5\n");

    json_t *document =
        json_of(run(&cmd_buffer, "replay", "--output", "old", "--target", "a", "--json"));
    ck_assert_int_eq(json_integer_value(json_object_get(document, "replayed")), 3);
    json_decref(document);
    snprintf(range, sizeof(range), "%lld-", (long long)first + 14);
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--sequence", range, "--output", "a"),
           COMMAND_DONE, "r6\nr7\nr8\n");
}
END_TEST

START_TEST(a_full_tier_says_where_to_go_on)
{
    struct store *store = open_store(STORE_BUFFER);
    static char line[100002];
    memset(line, 'x', 100000);
    line[100000] = '\n';
    for (size_t i = 0; i < 60; i++)
        append(store, line, 1, 0, "");
    ck_assert_int_eq(store_sync(store), 0);
    store_close(store);
    struct ran ran = run(&cmd_buffer, "replay");
    ck_assert_int_eq(ran.status, COMMAND_FAILED);
    ck_assert_ptr_nonnull(strstr(ran.err, "the disk tier is full: "));
    ck_assert_ptr_nonnull(strstr(ran.err, "go on with --sequence "));
    ran_free(&ran);
    ran = run(&cmd_buffer, "verify");
    ck_assert_msg(ran.status == COMMAND_DONE, "%s", ran.out);
    ran_free(&ran);
}
END_TEST

/* ---- drop --------------------------------------------------------------------------------------------- */

START_TEST(what_an_old_output_has_left_is_given_up)
{
    make_store();
    ran_says(run(&cmd_buffer, "drop", "--output", "a"), COMMAND_FAILED,
             "output \"a\" is configured");
    ran_says(run(&cmd_buffer, "drop", "--output", "nobody"), COMMAND_FAILED,
             "waits for an output \"nobody\"");
    ran_is(run(&cmd_buffer, "drop", "--output", "old"), COMMAND_DONE,
           "3 records of pipeline app for output old given up\n");
    json_t *document = json_of(run(&cmd_buffer, "ls", "--json"));
    ck_assert_int_eq(json_integer_value(json_object_get(document, "held_records")), 6);
    json_decref(document);
    ran_says(run(&cmd_buffer, "drop", "--output", "old"), COMMAND_FAILED, "\"old\"");
}
END_TEST

/* ---- dead letters ------------------------------------------------------------------------------------- */

START_TEST(dead_letters_have_a_reason)
{
    make_dead_letters();
    json_t *letter = json_of(run(&cmd_deadletter, "cat", "--reason", "too large"));
    ck_assert_str_eq(json_string_value(json_object_get(letter, "output")), "a");
    ck_assert_str_eq(json_string_value(json_object_get(letter, "reason")), "rejected");
    ck_assert_str_eq(json_string_value(json_object_get(letter, "answer")), "413: too large");
    ck_assert_int_eq(json_integer_value(json_object_get(letter, "attempts")), 2);
    ck_assert_str_eq(json_string_value(json_object_get(letter, "last")), "2026-03-01T00:00:01Z");
    json_t *record = json_object_get(letter, "record");
    ck_assert_str_eq(json_string_value(json_object_get(record, "message")), "bad3");
    ck_assert_uint_eq(strlen(json_string_value(json_object_get(record, "record_id"))), 32);
    json_decref(letter);
    ran_is(run(&cmd_deadletter, "cat", "--codec", "text", "--reason", "mapper"), COMMAND_DONE,
           "bad1\nbad2\n");
    ran_is(look(&cmd_deadletter, "cat", "--codec", "text", "--reason", "rejected"), COMMAND_DONE,
           "bad1\nbad2\nbad3\n");
    ran_is(run(&cmd_deadletter, "cat", "--reason", "timeout"), COMMAND_DONE, "");
    struct ran ran = run(&cmd_deadletter, "verify");
    ck_assert_msg(ran.status == COMMAND_DONE, "%s", ran.out);
    ran_free(&ran);
    json_t *document = json_of(run(&cmd_deadletter, "ls", "--json"));
    ck_assert_int_eq(number_at(json_object_get(document, "outputs"), 0, "records"), 3);
    json_decref(document);
}
END_TEST

START_TEST(dead_letters_are_replayed_into_the_tier)
{
    make_dead_letters();
    ran_is(run(&cmd_deadletter, "replay", "--reason", "mapper"), COMMAND_DONE,
           "2 records of pipeline app replayed\n");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--output", "a"), COMMAND_DONE,
           "bad1\nbad2\n");
    struct ran ran = run(&cmd_buffer, "cat");
    ck_assert_ptr_null(strstr(ran.out, "mapper")); /* the note stays where it was */
    ran_free(&ran);
}
END_TEST

/* ---- mistakes ----------------------------------------------------------------------------------------- */

START_TEST(what_is_not_clear_is_refused)
{
    static const struct {
        const char *words[6];
        enum command_status status;
        const char *want;
    } cases[] = {
        { { "lst", NULL }, COMMAND_MISUSED, "\"lst\" is none of ls, verify, cat, replay, drop" },
        { { "ls", "--from", "2h" }, COMMAND_MISUSED, "ls takes no option --from" },
        { { "cat", "--target", "a" }, COMMAND_MISUSED, "cat takes no option --target" },
        { { "cat", "--output", "olt" },
          COMMAND_FAILED,
          "no output \"olt\"; did you mean \"old\"?" },
        { { "cat", "--from", "now" }, COMMAND_MISUSED, "\"now\" is no time" },
        { { "cat", "--codec", "jsn" },
          COMMAND_MISUSED,
          "--codec:1:1: error: unknown codec \"jsn\"; did you mean \"json\"?" },
        { { "cat", "--codec", "{type: json, tim_key: x}" }, COMMAND_MISUSED, "\"tim_key\"" },
        { { "cat", "--codec", "text", "--frames" }, COMMAND_MISUSED, "leave out --codec" },
        { { "replay", "--target", "old" }, COMMAND_FAILED, "has no output \"old\"" },
        { { "replay", "--output", "old" }, COMMAND_FAILED, "--target" },
        { { "drop", NULL }, COMMAND_MISUSED, "needs --output" },
        { { "cat", "--reason", "x" }, COMMAND_MISUSED, "unknown option --reason" },
    };
    make_store();
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ran_says(run_on(&cmd_buffer, "config", cases[i].words), cases[i].status, cases[i].want);
    ran_says(look(&cmd_buffer, "replay"), COMMAND_MISUSED, "give it with -c");
    ran_says(look(&cmd_buffer, "drop", "--output", "old"), COMMAND_MISUSED, "give it with -c");
}
END_TEST

START_TEST(pipelines_are_found_or_not)
{
    make_store();
    const struct {
        const char *words[6];
        enum command_status status;
        const char *want;
    } cases[] = {
        { { "buffer", "ls", "-c", config }, COMMAND_MISUSED, "has 2 pipelines: say which one" },
        { { "buffer", "ls", "--data-dir", data }, COMMAND_MISUSED, "say which pipeline" },
        { { "buffer", "ls", "apo", "-c", config },
          COMMAND_FAILED,
          "no pipeline \"apo\"; did you mean \"app\"?" },
        { { "buffer", "ls", "../app", "-c", config }, COMMAND_MISUSED, "cannot be the name" },
        { { "buffer", "ls", "bare", "-c", config },
          COMMAND_FAILED,
          "pipeline \"bare\" has no disk tier on disk: there is no " },
        { { "buffer", "ls", "app", "-c", "/nonexistent" }, COMMAND_MISUSED, "cannot be read" },
        { { "buffer", "ls", "gone", "--data-dir", data }, COMMAND_FAILED, "there is no " },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ran_says(run_command(&cmd_buffer, cases[i].words), cases[i].status, cases[i].want);
    ran_says(run(&cmd_deadletter, "ls"), COMMAND_FAILED, "has no dead letters on disk");
    ck_assert_int_eq(access(data, F_OK), 0);
    char path[120];
    snprintf(path, sizeof(path), "%s/dead_letters", data);
    ck_assert_int_eq(access(path, F_OK), -1); /* looking makes nothing */
}
END_TEST

START_TEST(an_agent_that_runs_is_asked)
{
    make_store();
    struct disk *disk = disk_real();
    int64_t pid;
    int dir = disk_open_dir(disk, DISK_CWD, data, false);
    ck_assert_int_eq(disk_lock_dir(disk, dir, &pid), 0); /* as one has it */
    ran_says(run(&cmd_buffer, "replay"), COMMAND_FAILED, "service.admin.listen is off");
    ran_says(run(&cmd_buffer, "drop", "--output", "old", "--admin", "unix:/nonexistent.sock"),
             COMMAND_FAILED, "is the agent running?");
    ran_is(run(&cmd_buffer, "cat", "--codec", "text", "--output", "a"), COMMAND_DONE,
           "r0\nr1\nr2\n");
    disk_close(disk, dir);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("buffer");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, what_is_there_is_listed);
    tcase_add_test(tc, without_a_configuration_nobody_knows_who_is_configured);
    tcase_add_test(tc, records_are_chosen_and_printed);
    tcase_add_test(tc, a_record_is_found_by_the_id_that_cat_prints);
    tcase_add_test(tc, frames_are_printed);
    tcase_add_test(tc, what_is_damaged_is_told_with_its_place);
    tcase_add_test(tc, records_are_put_at_the_end_again);
    tcase_add_test(tc, records_go_to_those_they_were_for_or_to_a_target);
    tcase_add_test(tc, a_full_tier_says_where_to_go_on);
    tcase_add_test(tc, what_an_old_output_has_left_is_given_up);
    tcase_add_test(tc, dead_letters_have_a_reason);
    tcase_add_test(tc, dead_letters_are_replayed_into_the_tier);
    tcase_add_test(tc, what_is_not_clear_is_refused);
    tcase_add_test(tc, pipelines_are_found_or_not);
    tcase_add_test(tc, an_agent_that_runs_is_asked);
    Suite *suite = suite_create("cli/buffer");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
