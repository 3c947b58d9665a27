/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/diagnostics.h"
#include "fake_plugins.h"
#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static char *printed(const struct diagnostics *diag)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    diagnostics_print(diag, out, false);
    fclose(out);
    return text;
}

static struct config *read_good(const char *text)
{
    struct diagnostics *diag = diagnostics_new();
    struct config *config = config_read_text("f", weir_str_of(text), &fake_hooks, diag);
    char *said = printed(diag);
    ck_assert_str_eq(said, "");
    ck_assert_ptr_nonnull(config);
    free(said);
    diagnostics_free(diag);
    return config;
}

static void expect_errors(const char *text, const char *want)
{
    struct diagnostics *diag = diagnostics_new();
    struct config *config = config_read_text("f", weir_str_of(text), &fake_hooks, diag);
    char *said = printed(diag);
    ck_assert_msg(strcmp(said, want) == 0, "of\n%s\nsaid\n%s\nnot\n%s", text, said, want);
    ck_assert_ptr_null(config);
    free(said);
    diagnostics_free(diag);
}

START_TEST(all_that_a_file_may_say)
{
    struct config *config =
        read_good("service:\n"
                  "  data_dir: /tmp/d\n"
                  "  memory_limit: 100MiB\n"
                  "  shutdown_timeout: 1m30s\n"
                  "  messages: {level: warn, format: json}\n"
                  "  admin: {listen: off}\n"
                  "  plugin_path: /nowhere\n"
                  "pipelines:\n"
                  "  app:\n"
                  "    inputs:\n"
                  "      - {type: tail, paths: [\"/a/*.log\", b], max_line: 2KiB}\n"
                  "      - {type: tail, paths: c, read_from: end, exclude: []}\n"
                  "      - {type: stdin, id: pipe}\n"
                  "    filters:\n"
                  "      - type: context\n"
                  "        fields: {a: 7, b: '7', c: , d: ~, e: x y, f: true}\n"
                  "      - {type: parse, when: 'a == 1', limit: 3, ratio: 0.5,\n"
                  "         keep: true, time: {field: t}}\n"
                  "    buffer: {memory: 5MiB, disk: 0, when_full: block}\n"
                  "    outputs:\n"
                  "      - {type: file, path: \"/x/$${f}\", linger: 20ms,\n"
                  "         codec: {type: json, time_key: ts}}\n"
                  "      - {type: null, when: '$$x'}\n"
                  "  other:\n"
                  "    inputs: [{type: stdin}]\n"
                  "    outputs: [{type: file, path: p}]\n");
    const struct config_service *service = &config->service;
    ck_assert_str_eq(service->data_dir, "/tmp/d");
    ck_assert_uint_eq(service->memory_limit, 100 << 20);
    ck_assert_int_eq(service->shutdown_timeout, 90000);
    ck_assert_int_eq(service->message_level, WEIR_WARN);
    ck_assert_int_eq(service->message_format, MESSAGES_JSON);
    ck_assert_str_eq(service->admin_listen, "off");
    ck_assert_str_eq(service->plugin_path, "/nowhere");
    ck_assert_uint_eq(config->pipeline_count, 2);

    const struct config_pipeline *app = &config->pipelines[0];
    ck_assert_str_eq(app->name, "app");
    ck_assert_uint_eq(app->place.line, 9);
    ck_assert_uint_eq(app->place.column, 3);
    ck_assert_str_eq(app->place.file, "f");
    ck_assert_uint_eq(app->buffer.memory, 5 << 20);
    ck_assert_uint_eq(app->input_count, 3);
    ck_assert_str_eq(app->inputs[0].id, "tail");
    ck_assert_str_eq(app->inputs[1].id, "tail.2");
    ck_assert_str_eq(app->inputs[2].id, "pipe");
    const struct fake_tail *tail = app->inputs[0].state;
    ck_assert_uint_eq(tail->paths.count, 2);
    ck_assert_str_eq(tail->paths.items[0], "/a/*.log");
    ck_assert_str_eq(tail->paths.items[1], "b");
    ck_assert_uint_eq(tail->exclude.count, 2);
    ck_assert_str_eq(tail->exclude.items[1], "*.zip");
    ck_assert_int_eq(tail->read_from, 0);
    ck_assert_uint_eq(tail->max_line, 2048);
    tail = app->inputs[1].state;
    ck_assert_uint_eq(tail->paths.count, 1);
    ck_assert_uint_eq(tail->exclude.count, 0);
    ck_assert_int_eq(tail->read_from, 1);
    ck_assert_uint_eq(tail->max_line, 1 << 20);

    static const struct weir_pair want[] = {
        { (char *)"a", (char *)"7", false },    { (char *)"b", (char *)"7", true },
        { (char *)"c", (char *)"null", false }, { (char *)"d", (char *)"null", false },
        { (char *)"e", (char *)"x y", false },  { (char *)"f", (char *)"true", false }
    };
    const struct fake_context *context = app->filters[0].state;
    ck_assert_uint_eq(context->fields.count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        ck_assert_str_eq(context->fields.items[i].name, want[i].name);
        ck_assert_str_eq(context->fields.items[i].value, want[i].value);
        ck_assert_int_eq(context->fields.items[i].quoted, want[i].quoted);
    }
    ck_assert_ptr_null(app->filters[0].when);
    ck_assert_str_eq(app->filters[1].when, "a == 1");
    ck_assert_str_eq(app->filters[1].when_text, "a == 1");
    const struct fake_parse *parse = app->filters[1].state;
    ck_assert_ptr_null(parse->pattern);
    ck_assert_int_eq(parse->limit, 3);
    ck_assert_double_eq(parse->ratio, 0.5);
    ck_assert(parse->keep);
    ck_assert_str_eq(parse->time_field, "t");
    ck_assert_str_eq(parse->time_format, "rfc3339");

    const struct fake_file *file = app->outputs[0].state;
    ck_assert_str_eq((const char *)file->path, "/x/${f}");
    ck_assert_int_eq(file->linger, 20);
    ck_assert_ptr_null(file->password);
    const struct fake_encoder *encoder = (const struct fake_encoder *)file->codec;
    ck_assert_ptr_eq(encoder->codec, &fake_json);
    ck_assert_str_eq(((const struct fake_json *)encoder->state)->time_key, "ts");
    ck_assert_str_eq(app->outputs[1].when, "$x");
    ck_assert_str_eq(app->outputs[1].when_text, "$$x");
    ck_assert_uint_eq(config->pipelines[1].buffer.memory, 16 << 20);
    config_free(config);
    ck_assert_ptr_null(config_free(NULL));
}
END_TEST

#define MINIMAL "pipelines:\n  p:\n    inputs: [{type: stdin}]\n    outputs: [{type: null}]\n"
/* A pipeline whose third line on are those of one plugin's entry. */
#define INPUT(entry) "pipelines:\n  p: {inputs: [{type: stdin}], outputs: [\n{" entry "}]}\n"
#define OUTPUT(entry) "pipelines:\n  p: {inputs: [{type: stdin}], outputs: [\n{" entry "}]}\n"

START_TEST(defaults)
{
    struct config *config = read_good("pipelines:\n"
                                      "  p:\n"
                                      "    inputs: [{type: stdin}]\n"
                                      "    outputs: [{type: null}]\n"
                                      "    filters:\n"
                                      "service:\n");
    ck_assert_str_eq(config->service.data_dir, "/var/lib/weir");
    ck_assert_uint_eq(config->service.memory_limit, 64 << 20);
    ck_assert_int_eq(config->service.shutdown_timeout, 30000);
    ck_assert_int_eq(config->service.message_level, WEIR_INFO);
    ck_assert_int_eq(config->service.message_format, MESSAGES_TEXT);
    ck_assert_str_eq(config->service.admin_listen, "127.0.0.1:2020");
    ck_assert_ptr_null(config->service.plugin_path);
    ck_assert_uint_eq(config->pipelines[0].buffer.memory, CONFIG_BUFFER_BYTES_DEFAULT);
    ck_assert_uint_eq(config->pipelines[0].filter_count, 0);
    config_free(config);
}
END_TEST

/* The buffer of a pipeline with these keys. The configuration is *ret_config's. */
static const struct config_buffer *read_buffer(const char *keys, struct config **ret_config)
{
    char text[400];
    snprintf(text, sizeof(text), MINIMAL "%s", keys);
    *ret_config = read_good(text);
    return &(*ret_config)->pipelines[0].buffer;
}

START_TEST(disk_tiers)
{
    struct config *config;
    const struct config_buffer *buffer = read_buffer("", &config);
    ck_assert_uint_eq(buffer->disk, 0);
    ck_assert_uint_eq(buffer->dead_letter_bytes, 100 << 20);
    config_free(config);

    buffer = read_buffer("    buffer: {disk: 1MiB}\n    dead_letter: {max_size: 0}\n", &config);
    ck_assert_uint_eq(buffer->disk, 1 << 20);
    ck_assert_int_eq(buffer->when_full, WHEN_FULL_BLOCK);
    ck_assert(!buffer->durable);
    ck_assert_int_eq(buffer->fsync_every, 1000);
    ck_assert_int_eq(buffer->retention, 0);
    ck_assert_uint_eq(buffer->retention_bytes, 0);
    ck_assert_int_eq(buffer->compression, COMPRESSION_LZ4);
    ck_assert_int_eq(buffer->shed_debug + buffer->shed_info + buffer->shed_warn, 0);
    ck_assert_uint_eq(buffer->dead_letter_bytes, 0);
    config_free(config);

    buffer = read_buffer(
        "    buffer: {disk: 2GiB, when_full: drop_newest, durable: true, fsync: batch,\n"
        "      retention: 2h, retention_size: 1GiB, compression: zstd,\n"
        "      shed: {debug: 60, warn: 60}}\n"
        "    dead_letter: {max_size: 1MiB}\n",
        &config);
    ck_assert_uint_eq(buffer->disk, 2ull << 30);
    ck_assert_int_eq(buffer->when_full, WHEN_FULL_DROP_NEWEST);
    ck_assert(buffer->durable);
    ck_assert_int_eq(buffer->fsync_every, CONFIG_FSYNC_BATCH);
    ck_assert_int_eq(buffer->retention, 7200000);
    ck_assert_uint_eq(buffer->retention_bytes, 1 << 30);
    ck_assert_int_eq(buffer->compression, COMPRESSION_ZSTD);
    ck_assert_int_eq(buffer->shed_debug, 60);
    ck_assert_int_eq(buffer->shed_info, 0);
    ck_assert_int_eq(buffer->shed_warn, 60);
    ck_assert_uint_eq(buffer->dead_letter_bytes, 1 << 20);
    config_free(config);

    buffer = read_buffer("    buffer: {disk: 1MiB, fsync: never, compression: none}\n", &config);
    ck_assert_int_eq(buffer->fsync_every, CONFIG_FSYNC_NEVER);
    ck_assert_int_eq(buffer->compression, COMPRESSION_NONE);
    config_free(config);
}
END_TEST

/* What a pipeline gets that says no size is what the others and all disk tiers leave. */
START_TEST(disk_tiers_take_memory)
{
    struct config *config;
    const struct config_buffer *buffer = read_buffer(
        "    buffer: {disk: 1MiB}\n"
        "  q: {inputs: [{type: stdin}], outputs: [{type: null}], buffer: {disk: 1MiB}}\n"
        "service: {memory_limit: 20MiB}\n",
        &config);
    ck_assert_uint_eq(buffer->memory, 4 << 20);
    config_free(config);
}
END_TEST

/* A control group of so many MiB around a configuration: what holds, what one buffer that says no size gets, what
 * is left for sources, and what is said. */
static const struct {
    unsigned group;
    const char *more;
    unsigned limit, buffer, state;
    const char *said;
} groups[] = {
    { 0, "", 64, 16, 44, "" },
    { 1000, "", 64, 16, 44, "" },
    { 80, "", 64, 16, 44, "" },
    { 64, "", 48, 16, 28, "" }, /* the default just is lower */
    { 32, "", 24, 16, 4, "" },
    { 16, "", 12, 4, 4, "" },
    { 64, "service: {memory_limit: 40MiB}\n", 40, 16, 20, "" },
    { 64, "service: {memory_limit: 64MiB}\n", 48, 16, 28,
      "f:5:25: warning: service.memory_limit is 64MiB, but the control group has only 64MiB "
      "(/group/memory.max): 48MiB holds\n" },
    { 64, "    buffer: {memory: 40MiB}\n", 48, 40, 4, "" },
    { 64, "    buffer: {memory: 41MiB}\n", 0, 0, 0,
      "f:1:1: error: the pipelines' buffers and the reserve need 41MiB for p + 8MiB in reserve = "
      "49MiB, but the control group leaves 48MiB (64MiB in /group/memory.max, less 16MiB to be "
      "safe): raise its limit, or give the pipelines less buffer.memory\n" },
    { 64, "    buffer: {memory: 56MiB}\nservice: {memory_limit: 64MiB}\n", 0, 0, 0,
      "f:6:25: warning: service.memory_limit is 64MiB, but the control group has only 64MiB "
      "(/group/memory.max): 48MiB holds\n"
      "f:6:25: error: the pipelines' buffers and the reserve need 56MiB for p + 8MiB in reserve = "
      "64MiB, but the control group leaves 48MiB (64MiB in /group/memory.max, less 16MiB to be "
      "safe): raise its limit, or give the pipelines less buffer.memory\n" },
    { 10, "", 0, 0, 0,
      "f:1:1: error: the pipelines' buffers and the reserve need 1MiB for p + 8MiB in reserve = "
      "9MiB, but the control group leaves 7680KiB (10MiB in /group/memory.max, less 2560KiB to be "
      "safe): raise its limit, or give the pipelines less buffer.memory\n" },
};

START_TEST(a_control_group_around_it)
{
    char text[400];
    struct config_hooks hooks = fake_hooks;
    struct diagnostics *diag = diagnostics_new();
    hooks.group_bytes = (uint64_t)groups[_i].group << 20;
    hooks.group_file = "/group/memory.max";
    snprintf(text, sizeof(text), MINIMAL "%s", groups[_i].more);
    struct config *config = config_read_text("f", weir_str_of(text), &hooks, diag);
    char *said = printed(diag);
    ck_assert_str_eq(said, groups[_i].said);
    ck_assert_int_eq(config != NULL, groups[_i].limit != 0);
    if (config) {
        ck_assert_uint_eq(config->service.memory_limit, (uint64_t)groups[_i].limit << 20);
        ck_assert_uint_eq(config->pipelines[0].buffer.memory, (uint64_t)groups[_i].buffer << 20);
        ck_assert_uint_eq(config->state_bytes, (uint64_t)groups[_i].state << 20);
    }
    free(said);
    config_free(config);
    diagnostics_free(diag);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("config");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, all_that_a_file_may_say);
    tcase_add_test(tc, defaults);
    tcase_add_test(tc, disk_tiers);
    tcase_add_test(tc, disk_tiers_take_memory);
    tcase_add_loop_test(tc, a_control_group_around_it, 0, sizeof(groups) / sizeof(groups[0]));
    (void)expect_errors;
    Suite *suite = suite_create("config/config");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
