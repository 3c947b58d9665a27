/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/explain.h"

#include <check.h>
#include <stdlib.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void explain_fsync(const void *state, struct weir_bytes *out)
{
    const char *text = *(const char *const *)state;
    ck_assert_int_eq(weir_bytes_add(out, text, strlen(text)), 0);
}

static const struct weir_plugin tail = { .kind = WEIR_INPUT,
                                         .name = "tail",
                                         .input = { .flags = WEIR_REPLAYABLE } };
static const struct weir_plugin stdin_plugin = { .kind = WEIR_INPUT, .name = "stdin" };
static const struct weir_plugin parse = { .kind = WEIR_FILTER, .name = "parse" };
static const struct weir_plugin file = { .kind = WEIR_OUTPUT,
                                         .name = "file",
                                         .explain = explain_fsync };
static const struct weir_plugin null = { .kind = WEIR_OUTPUT, .name = "null" };

static char word_tail[] = "tail", word_stdin[] = "stdin", word_parse[] = "parse",
            word_null[] = "null", word_name[] = "app", word_errors[] = "errors",
            word_when[] = "level == \"error\"", word_parse_id[] = "p\xc3\xa4rse";
static const char *notes = "It calls a record delivered when the file has it.\nA power cut can "
                           "take what the kernel had not written.\n";

static struct config_plugin inputs[] = { { .plugin = &tail, .id = word_tail },
                                         { .plugin = &stdin_plugin, .id = word_stdin } };
static struct config_plugin filters[] = { { .plugin = &parse, .id = word_parse },
                                          { .plugin = &parse, .id = word_parse_id } };
static struct config_plugin outputs[] = {
    { .plugin = &null, .id = word_null },
    { .plugin = &file, .id = word_errors, .state = &notes, .when = &notes, .when_text = word_when },
    { .plugin = &null, .id = word_name },
};

static struct config_pipeline pipeline_of(size_t in, size_t filter, size_t out)
{
    return (struct config_pipeline){ .name = word_name,
                                     .inputs = inputs,
                                     .filters = filters,
                                     .outputs = outputs,
                                     .input_count = in,
                                     .filter_count = filter,
                                     .output_count = out,
                                     .buffer = { .memory = 16 << 20 } };
}

static json_t *document_of(struct config_pipeline *pipeline)
{
    static char dir[] = "/var/lib/weir";
    struct config config = {
        .service = { .memory_limit = 64 << 20, .memory_asked = 64 << 20, .data_dir = dir },
        .pipelines = pipeline,
        .pipeline_count = 1,
        .state_bytes = 44 << 20
    };
    json_t *document = explain_config(&config);
    ck_assert_ptr_nonnull(document);
    return document;
}

static char *print(const json_t *document)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    explain_print(document, out);
    fclose(out);
    return text;
}

static json_t *member(json_t *object, const char *list, size_t index)
{
    return json_array_get(json_object_get(object, list), index);
}

START_TEST(memory_is_summed)
{
    struct config_pipeline pipeline = pipeline_of(1, 0, 1);
    json_t *document = document_of(&pipeline), *memory = json_object_get(document, "memory");
    json_int_t limit, reserve, buffer, left;
    ck_assert_int_eq(json_unpack(memory, "{s:I, s:I, s:I, s:I}", "limit_bytes", &limit,
                                 "reserve_bytes", &reserve, "buffer_bytes", &buffer, "free_bytes",
                                 &left),
                     0);
    ck_assert_int_eq(limit, 64 << 20);
    ck_assert_int_eq(buffer, 16 << 20);
    ck_assert_int_eq(left, limit - reserve - buffer);
    json_decref(document);
}
END_TEST

START_TEST(a_limit_that_is_lower_than_asked_for)
{
    static char dir[] = "/var/lib/weir";
    struct config_pipeline pipeline = pipeline_of(1, 0, 1);
    const struct config config = { .service = { .memory_limit = 48 << 20,
                                                .memory_asked = 64 << 20,
                                                .group_bytes = 64 << 20,
                                                .group_margin = 16 << 20,
                                                .group_file = "/group/memory.max",
                                                .data_dir = dir },
                                   .pipelines = &pipeline,
                                   .pipeline_count = 1,
                                   .state_bytes = 28 << 20 };
    json_t *document = explain_config(&config);
    char *text = print(document);
    ck_assert_ptr_nonnull(strstr(
        text,
        "of 48MiB; 24MiB are free\n"
        "  of 64MiB asked for: the control group has 64MiB (/group/memory.max), less 16MiB to "
        "be safe\n"));
    free(text);
    json_decref(document);
}
END_TEST

START_TEST(a_route_promises_what_its_input_can)
{
    struct config_pipeline pipeline = pipeline_of(2, 1, 2);
    json_t *document = document_of(&pipeline), *app = member(document, "pipelines", 0);
    static const struct {
        const char *input, *output;
        int at_least_once, isolated;
        size_t lost, repeated;
    } routes[] = {
        { "tail", "null", 1, 0, 2, 3 },
        { "tail", "errors", 1, 0, 2, 3 },
        { "stdin", "null", 0, 0, 3, 1 },
        { "stdin", "errors", 0, 0, 3, 1 },
    };
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        json_t *route = member(app, "routes", i);
        const char *input, *output;
        int at_least_once, isolated;
        ck_assert_int_eq(json_unpack(route, "{s:s, s:s, s:b, s:b}", "input", &input, "output",
                                     &output, "at_least_once", &at_least_once, "isolated",
                                     &isolated),
                         0);
        ck_assert_str_eq(input, routes[i].input);
        ck_assert_str_eq(output, routes[i].output);
        ck_assert_int_eq(at_least_once, routes[i].at_least_once);
        ck_assert_int_eq(isolated, routes[i].isolated);
        ck_assert_uint_eq(json_array_size(json_object_get(route, "lost")), routes[i].lost);
        ck_assert_uint_eq(json_array_size(json_object_get(route, "repeated")), routes[i].repeated);
    }
    ck_assert_ptr_null(member(app, "routes", COUNT_OF(routes)));
    ck_assert(json_is_false(json_object_get(app, "unrouted")));
    json_t *output = member(app, "outputs", 1);
    ck_assert_str_eq(json_string_value(json_object_get(output, "when")), word_when);
    ck_assert_uint_eq(json_array_size(json_object_get(output, "notes")), 2);
    ck_assert(json_is_null(json_object_get(member(app, "outputs", 0), "when")));
    json_decref(document);
}
END_TEST

/* The texts of an array, a line each. */
static char *lines_of(const json_t *array)
{
    char *text = NULL;
    size_t len, i;
    json_t *item;
    FILE *out = open_memstream(&text, &len);
    json_array_foreach((json_t *)array, i, item) fprintf(out, "%s\n", json_string_value(item));
    fclose(out);
    return text;
}

static void check_lines(const json_t *array, const char *want)
{
    char *text = lines_of(array);
    ck_assert_msg(strcmp(text, want) == 0, "is\n%s\nnot\n%s", text, want);
    free(text);
}

#define DISK .memory = 16 << 20, .disk = 1 << 30, .fsync_every = 1000
#define LETTERS                                                                                    \
    "What a sink refuses for good goes to the dead letters, up to 1MiB; then the oldest of them "  \
    "go, and are counted as dropped: reason \"dead_letter_full\".\n"

START_TEST(a_buffer_says_what_happens_as_it_fills)
{
    static const struct {
        size_t in, out;
        struct config_buffer buffer;
        const char *want;
    } cases[] = {
        { 1, 1, { .memory = 16 << 20 }, "When 16MiB of memory are full, all inputs wait.\n" },
        { 1,
          1,
          { .memory = 16 << 20, .dead_letter_bytes = 1 << 20 },
          "When 16MiB of memory are full, all inputs wait.\n" LETTERS },
        { 1,
          1,
          { DISK },
          "When 16MiB of memory are full, tail waits, since what it reads can be read again. Its "
          "records go to the disk tier only when their source is about to go away.\n"
          "When the disk tier is full too, all inputs wait.\n" },
        { 2,
          2,
          { DISK, .when_full = WHEN_FULL_DROP_OLDEST, .retention = 3600000 },
          "When 16MiB of memory are full, what comes from stdin goes to the disk tier, up to 1GiB.\n"
          "When 16MiB of memory are full, tail waits, since what it reads can be read again. Its "
          "records go to the disk tier only while one output keeps up and another does not, or when "
          "their source is about to go away.\n"
          "When the disk tier is full too, what has waited longest is dropped, for all outputs, and "
          "counted: reason \"drop_oldest\".\n"
          "What is in the disk tier and every output has answered is kept for 1h, unless room is "
          "needed: `weir buffer replay` sends it again.\n" },
        { 2,
          1,
          { DISK, .durable = true, .when_full = WHEN_FULL_DROP_NEWEST, .shed_debug = 50,
            .shed_warn = 90, .retention = 3600000, .retention_bytes = 1 << 20,
            .dead_letter_bytes = 1 << 20 },
          "What comes from stdin goes to the disk tier, up to 1GiB, and counts as taken when it is on "
          "stable storage, which is seen to every 1s.\n"
          "When 16MiB of memory are full, tail waits, since what it reads can be read again. Its "
          "records go to the disk tier only when their source is about to go away.\n"
          "When the disk tier is full too, what comes in is dropped, and counted: reason "
          "\"drop_newest\".\n"
          "From 50% of the disk tier on, records of severity debug and below are dropped, and "
          "counted: reason \"shed\".\n"
          "From 90% of the disk tier on, records of severity warn and below are dropped, and "
          "counted: reason \"shed\".\n"
          "What is in the disk tier and every output has answered is kept for 1h, at most 1MiB, "
          "unless room is needed: `weir buffer replay` sends it again.\n" LETTERS },
        { 1,
          1,
          { .memory = 16 << 20, .disk = 1 << 20, .durable = true },
          "Every input can be read again: \"durable\" changes nothing.\n"
          "When 16MiB of memory are full, tail waits, since what it reads can be read again. Its "
          "records go to the disk tier only when their source is about to go away.\n"
          "When the disk tier is full too, all inputs wait.\n" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config_pipeline pipeline = pipeline_of(cases[i].in, 0, cases[i].out);
        pipeline.buffer = cases[i].buffer;
        json_t *document = document_of(&pipeline);
        check_lines(json_object_get(member(document, "pipelines", 0), "buffer"), cases[i].want);
        json_decref(document);
    }
}
END_TEST

#define REJECTED "what null rejects for good: counted as dropped, reason \"rejected\"\n"
#define FILLS "a disk tier that fills: what is dropped then, and counted under its reason\n"
#define GONE "a source that is gone before tail has read it: counted as lost\n"
#define NOT_ON_DISK                                                                                \
    "kill -9 or a crash: what is in memory and not in the disk tier, at most 16MiB\n"
#define STOP                                                                                       \
    "a stop while the disk tier is full: what null has not answered within "                       \
    "service.shutdown_timeout\n"
#define NOT_TAKEN                                                                                  \
    "kill -9, a crash or a power cut: what does not count as taken yet: who gives it to stdin "    \
    "must give it again\n"

START_TEST(a_route_says_what_is_lost_and_when)
{
    static const struct {
        size_t input; /* of `inputs` */
        struct config_buffer buffer;
        bool at_least_once;
        const char *why, *lost;
    } cases[] = {
        { 0,
          { .memory = 16 << 20 },
          true,
          "what null has not answered is read again by tail after a restart",
          GONE REJECTED },
        { 0,
          { DISK },
          true,
          "what null has not answered is read again by tail, or from the disk tier, after a restart",
          GONE REJECTED },
        { 0,
          { .memory = 16 << 20, .disk = 1 << 20, .fsync_every = CONFIG_FSYNC_NEVER },
          true,
          "what null has not answered is read again by tail, or from the disk tier, after a restart",
          GONE
          "a power cut: what went to the disk tier and the system had not written\n" REJECTED },
        { 0,
          { DISK, .when_full = WHEN_FULL_DROP_OLDEST },
          false,
          "records are dropped as the disk tier fills",
          GONE FILLS REJECTED },
        { 1,
          { .memory = 16 << 20 },
          false,
          "stdin cannot be asked again for what it gave",
          "kill -9, a crash or a power cut: what null has not answered, at most 16MiB\n"
          "a stop: what null has not answered within service.shutdown_timeout\n" REJECTED },
        { 1,
          { DISK },
          false,
          "stdin cannot be asked again for what it gave, and \"durable\" is not set",
          NOT_ON_DISK
          "a power cut: also what went to the disk tier within the last 1s; together at most 16MiB\n" STOP
              REJECTED },
        { 1,
          { .memory = 16 << 20, .disk = 1 << 20 }, /* fsync: batch */
          false,
          "stdin cannot be asked again for what it gave, and \"durable\" is not set",
          NOT_ON_DISK "a power cut: the same\n" STOP REJECTED },
        { 1,
          { .memory = 16 << 20, .disk = 1 << 20, .fsync_every = CONFIG_FSYNC_NEVER },
          false,
          "stdin cannot be asked again for what it gave, and \"durable\" is not set",
          NOT_ON_DISK
          "a power cut: also what went to the disk tier and the system had not written\n" STOP
              REJECTED },
        { 1,
          { DISK, .durable = true },
          true,
          "what stdin has given counts as taken when it is on stable storage, and stays there until "
          "null has answered",
          NOT_TAKEN REJECTED },
        { 1,
          { DISK, .durable = true, .shed_info = 80, .dead_letter_bytes = 1 << 20 },
          false,
          "records are dropped as the disk tier fills",
          NOT_TAKEN FILLS
          "what null rejects for good, once the dead letters are full: the oldest go\n" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config_pipeline pipeline = pipeline_of(1, 0, 1);
        pipeline.inputs = &inputs[cases[i].input];
        pipeline.buffer = cases[i].buffer;
        json_t *document = document_of(&pipeline);
        json_t *route = member(member(document, "pipelines", 0), "routes", 0);
        ck_assert_int_eq(json_is_true(json_object_get(route, "at_least_once")),
                         cases[i].at_least_once);
        ck_assert_str_eq(
            json_string_value(json_object_get(json_object_get(route, "why"), "at_least_once")),
            cases[i].why);
        check_lines(json_object_get(route, "lost"), cases[i].lost);
        json_decref(document);
    }
}
END_TEST

START_TEST(outputs_are_apart_as_long_as_the_disk_tier_has_room)
{
    static const struct {
        int when_full;
        const char *want;
    } cases[] = {
        { WHEN_FULL_BLOCK, "inputs wait" },
        { WHEN_FULL_DROP_OLDEST, "what has waited longest is dropped, for all" },
        { WHEN_FULL_DROP_NEWEST, "what comes in is dropped" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char want[200];
        struct config_pipeline pipeline = pipeline_of(1, 0, 2);
        pipeline.buffer = (struct config_buffer){ DISK, .when_full = cases[i].when_full };
        json_t *document = document_of(&pipeline);
        json_t *route = member(member(document, "pipelines", 0), "routes", 0);
        snprintf(
            want, sizeof(want),
            "while another output stops, this one goes on until the disk tier holds 1GiB; then "
            "%s",
            cases[i].want);
        ck_assert(json_is_true(json_object_get(route, "isolated")));
        ck_assert_str_eq(
            json_string_value(json_object_get(json_object_get(route, "why"), "isolated")), want);
        json_decref(document);
    }
}
END_TEST

START_TEST(the_disk_is_summed)
{
    struct config_pipeline pipeline = pipeline_of(1, 0, 1);
    pipeline.buffer.disk = 1 << 30;
    pipeline.buffer.dead_letter_bytes = 100 << 20;
    json_t *document = document_of(&pipeline);
    char *text = print(document);
    ck_assert_ptr_eq(strstr(text,
                            "memory: 16MiB for buffers and a reserve of 10MiB, of 64MiB; 38MiB "
                            "are free\n"
                            "  known sources: up to 44MiB, some 900 bytes a file; new "
                            "ones wait when that is reached\n"
                            "disk: up to 1GiB for disk tiers and 100MiB for dead letters, in "
                            "/var/lib/weir\n"
                            "\n"
                            "pipeline app, buffer 16MiB, disk tier 1GiB\n"),
                     text);
    ck_assert_ptr_nonnull(
        strstr(text, "\n  buffer\n    When 16MiB of memory are full, tail waits,"));
    free(text);
    json_decref(document);
}
END_TEST

START_TEST(what_no_output_takes_is_told)
{
    struct config_pipeline pipeline = pipeline_of(1, 0, 1);
    pipeline.outputs = &outputs[1];
    json_t *document = document_of(&pipeline);
    char *text = print(document);
    ck_assert(json_is_true(json_object_get(member(document, "pipelines", 0), "unrouted")));
    ck_assert_ptr_nonnull(strstr(text, "A record that no output takes"));
    free(text);
    json_decref(document);
}
END_TEST

START_TEST(pipelines_are_drawn)
{
    static const struct {
        size_t in, filter, out;
        const char *want;
    } cases[] = {
        { 1, 0, 1, "\n  tail ──────▶ null\n" },
        { 1, 1, 1, "\n  tail ───▶ parse ───▶ null\n" },
        { 1, 2, 1, "\n  tail ───▶ parse ─▶ pärse ───▶ null\n" },
        { 1, 1, 2,
          "\n"
          "  tail ───▶ parse ─┬─▶ null\n"
          "                   └─▶ errors\n" },
        { 2, 1, 1,
          "\n"
          "  tail  ─┬─▶ parse ───▶ null\n"
          "  stdin ─┘\n" },
        { 2, 2, 3,
          "\n"
          "  tail  ─┬─▶ parse ─▶ pärse ─┬─▶ null\n"
          "  stdin ─┘                   ├─▶ errors\n"
          "                             └─▶ app\n" },
        { 2, 0, 2,
          "\n"
          "  tail  ─┬──┬─▶ null\n"
          "  stdin ─┘  └─▶ errors\n" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config_pipeline pipeline = pipeline_of(cases[i].in, cases[i].filter, cases[i].out);
        json_t *document = document_of(&pipeline);
        char *text = print(document);
        ck_assert_msg(strstr(text, cases[i].want), "not in:\n%s", text);
        free(text);
        json_decref(document);
    }
}
END_TEST

START_TEST(lines_are_not_too_long_and_show_what_a_plugin_says)
{
    struct config_pipeline pipeline = pipeline_of(2, 2, 3);
    json_t *document = document_of(&pipeline);
    char *text = print(document);
    ck_assert_ptr_nonnull(strstr(text, "\n  output errors (file)\n"
                                       "    when level == \"error\"\n"
                                       "    It calls a record delivered when the file has it.\n"));
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        size_t continuations = 0;
        for (const char *c = line; *c; c++)
            continuations += ((unsigned char)*c & 0xc0) == 0x80;
        ck_assert_uint_le(strlen(line) - continuations, 100);
        ck_assert_int_ne(line[strlen(line) - 1], ' ');
    }
    free(text);
    json_decref(document);
}
END_TEST

START_TEST(odd_bytes_are_shown_escaped)
{
    static char odd[] = "message == \"\xff\x1b[2J\"";
    struct config_plugin output = outputs[0];
    struct config_pipeline pipeline = pipeline_of(1, 0, 1);
    output.when_text = odd;
    pipeline.outputs = &output;
    json_t *document = document_of(&pipeline);
    char *text = print(document);
    ck_assert_ptr_nonnull(strstr(text, "when message == \"\\xff\\x1b[2J\"\n"));
    free(text);
    json_decref(document);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("explain");
    tcase_add_test(tc, memory_is_summed);
    tcase_add_test(tc, a_limit_that_is_lower_than_asked_for);
    tcase_add_test(tc, a_route_promises_what_its_input_can);
    tcase_add_test(tc, the_disk_is_summed);
    tcase_add_test(tc, a_buffer_says_what_happens_as_it_fills);
    tcase_add_test(tc, a_route_says_what_is_lost_and_when);
    tcase_add_test(tc, outputs_are_apart_as_long_as_the_disk_tier_has_room);
    tcase_add_test(tc, what_no_output_takes_is_told);
    tcase_add_test(tc, pipelines_are_drawn);
    tcase_add_test(tc, lines_are_not_too_long_and_show_what_a_plugin_says);
    tcase_add_test(tc, odd_bytes_are_shown_escaped);
    Suite *suite = suite_create("cli/explain");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
