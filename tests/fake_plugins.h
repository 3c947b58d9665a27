/* SPDX-License-Identifier: Apache-2.0 */
/* Plugins that are option tables and little else, and the hooks that offer them: what the configuration's
 * tests and its fuzz target read files for. */
#ifndef WEIR_TESTS_FAKE_PLUGINS_H
#define WEIR_TESTS_FAKE_PLUGINS_H

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "config/config.h"

static const char *const fake_read_from[] = { "beginning", "end", NULL };

struct fake_tail {
    struct weir_texts paths, exclude;
    int read_from;
    uint64_t max_line;
};

static const struct weir_option fake_tail_options[] = {
    { .name = "paths",
      .type = WEIR_TEXT_LIST,
      .offset = offsetof(struct fake_tail, paths),
      .required = true,
      .help = "Files to read, as patterns." },
    { .name = "exclude",
      .type = WEIR_TEXT_LIST,
      .offset = offsetof(struct fake_tail, exclude),
      .def = "[\"*.gz\", '*.zip']",
      .help = "Files to leave out." },
    { .name = "read_from",
      .type = WEIR_ENUM,
      .offset = offsetof(struct fake_tail, read_from),
      .def = "beginning",
      .choices = fake_read_from,
      .help = "Where a file without a position is read from." },
    { .name = "max_line",
      .type = WEIR_SIZE,
      .offset = offsetof(struct fake_tail, max_line),
      .def = "1MiB",
      .min = "1KiB",
      .max = "64MiB",
      .help = "A longer line is cut." },
    { 0 },
};

static const struct weir_plugin fake_tail = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_INPUT,
    .name = "tail",
    .summary = "Reads files.",
    .state_size = sizeof(struct fake_tail),
    .options = fake_tail_options,
};

static const struct weir_plugin fake_stdin = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_INPUT,
    .name = "stdin",
    .summary = "Reads standard input.",
};

struct fake_parse {
    char *pattern, *time_field, *time_format, *zone;
    int64_t limit;
    double ratio;
    bool keep;
};

static const struct weir_option fake_parse_time_options[] = {
    { .name = "field",
      .type = WEIR_TEXT,
      .offset = offsetof(struct fake_parse, time_field),
      .required = true,
      .help = "The field that holds the time." },
    { .name = "format",
      .type = WEIR_TEXT,
      .offset = offsetof(struct fake_parse, time_format),
      .def = "rfc3339",
      .help = "How it is written." },
    { .name = "zone",
      .type = WEIR_TEXT,
      .offset = offsetof(struct fake_parse, zone),
      .def = "UTC",
      .help = "Its zone | when it names none." },
    { 0 },
};

static const struct weir_option fake_parse_options[] = {
    { .name = "pattern",
      .type = WEIR_TEXT,
      .offset = offsetof(struct fake_parse, pattern),
      .help = "A regular expression." },
    { .name = "time",
      .type = WEIR_GROUP,
      .group = fake_parse_time_options,
      .help = "Where the record's time is." },
    { .name = "limit",
      .type = WEIR_INT,
      .offset = offsetof(struct fake_parse, limit),
      .def = "10",
      .min = "1",
      .unit = "matches",
      .help = "How often it may match." },
    { .name = "ratio",
      .type = WEIR_NUMBER,
      .offset = offsetof(struct fake_parse, ratio),
      .max = "1",
      .help = "A share." },
    { .name = "keep",
      .type = WEIR_BOOL,
      .offset = offsetof(struct fake_parse, keep),
      .def = "false",
      .help = "Keep what was read." },
    { 0 },
};

static int fake_parse_check(void *state, struct weir_error *err)
{
    const struct fake_parse *self = state;
    if (self->pattern && strcmp(self->pattern, "(") == 0)
        return weir_error_option(err, "pattern", "a parenthesis is not closed");
    if (strcmp(self->time_format, "bad") == 0)
        return weir_error_option(err, "time.format", "no such format");
    if (self->limit == 13)
        return weir_error_set(err, -EINVAL, "13 brings no luck");
    return 0;
}

static const struct weir_plugin fake_parse = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "parse",
    .summary = "Takes lines apart.",
    .state_size = sizeof(struct fake_parse),
    .options = fake_parse_options,
    .check = fake_parse_check,
};

struct fake_context {
    struct weir_pairs fields;
};

static const struct weir_option fake_context_options[] = {
    { .name = "fields",
      .type = WEIR_PAIRS,
      .offset = offsetof(struct fake_context, fields),
      .def = "{}",
      .help = "Fields to add." },
    { 0 },
};

static const struct weir_plugin fake_context = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "context",
    .summary = "Adds fields.",
    .state_size = sizeof(struct fake_context),
    .options = fake_context_options,
};

struct fake_file {
    struct weir_template *path;
    struct weir_encoder *codec;
    weir_ms linger;
    char *password;
    int64_t port;
};

static const struct weir_option fake_file_options[] = {
    { .name = "path",
      .type = WEIR_TEMPLATE,
      .offset = offsetof(struct fake_file, path),
      .required = true,
      .help = "Where to write." },
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = offsetof(struct fake_file, codec),
      .def = "json",
      .help = "How to write." },
    { .name = "linger",
      .type = WEIR_DURATION,
      .offset = offsetof(struct fake_file, linger),
      .def = "1s",
      .min = "10ms",
      .max = "1m",
      .help = "How long to wait for more." },
    { .name = "password",
      .type = WEIR_TEXT,
      .offset = offsetof(struct fake_file, password),
      .secret = true,
      .help = "Opens the door." },
    { .name = "pin",
      .type = WEIR_INT,
      .offset = offsetof(struct fake_file, port),
      .secret = true,
      .help = "Opens the other door." },
    { 0 },
};

static const struct weir_plugin fake_file = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "file",
    .summary = "Writes files.",
    .state_size = sizeof(struct fake_file),
    .options = fake_file_options,
};

static const struct weir_plugin fake_null = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "null",
    .summary = "Takes everything.",
};

struct fake_json {
    char *time_key;
    struct weir_template *prefix;
};

static const struct weir_option fake_json_options[] = {
    { .name = "time_key",
      .type = WEIR_TEXT,
      .offset = offsetof(struct fake_json, time_key),
      .def = "time",
      .help = "The key of the time." },
    { .name = "prefix",
      .type = WEIR_TEMPLATE,
      .offset = offsetof(struct fake_json, prefix),
      .help = "Stands before each object." },
    { 0 },
};

static int fake_json_check(void *state, struct weir_error *err)
{
    const struct fake_json *self = state;
    return strcmp(self->time_key, "bad") == 0 ? weir_error_option(err, "time_key", "no good name")
                                              : 0;
}

static const struct weir_plugin fake_json = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_CODEC_PLUGIN,
    .name = "json",
    .summary = "An object a line.",
    .state_size = sizeof(struct fake_json),
    .options = fake_json_options,
    .check = fake_json_check,
};

static const struct weir_option fake_text_options[] = {
    { .name = "template", .type = WEIR_TEMPLATE, .required = true, .help = "The line." },
    { 0 },
};

static const struct weir_plugin fake_text = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_CODEC_PLUGIN,
    .name = "text",
    .summary = "A line of text.",
    .state_size = sizeof(struct weir_template *),
    .options = fake_text_options,
};

static uint64_t fake_heavy_reserve(const void *state)
{
    (void)state;
    return (uint64_t)40 << 20;
}

static const struct weir_plugin fake_heavy = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "heavy",
    .summary = "Needs 40 MiB for itself.",
    .reserve = fake_heavy_reserve,
};

static const struct weir_plugin *const fake_plugins[] = {
    &fake_tail, &fake_stdin, &fake_parse, &fake_context,
    &fake_file, &fake_null,  &fake_json,  &fake_text,
};

static const struct weir_plugin *fake_list(void *arg, enum weir_kind kind, size_t index)
{
    (void)arg;
    for (size_t i = 0; i < sizeof(fake_plugins) / sizeof(fake_plugins[0]); i++)
        if (fake_plugins[i]->kind == kind && index-- == 0)
            return fake_plugins[i];
    return NULL;
}

static const char *fake_names(void *arg, enum weir_kind kind, size_t index)
{
    const struct weir_plugin *plugin = fake_list(arg, kind, index);
    return plugin ? plugin->name : NULL;
}

static const struct weir_plugin *fake_find(void *arg, enum weir_kind kind, const char *name,
                                           struct weir_error *err)
{
    const struct weir_plugin *plugin;
    if (kind == WEIR_OUTPUT && strcmp(name, "heavy") == 0) /* not listed */
        return &fake_heavy;
    if (kind == WEIR_OUTPUT && strcmp(name, "broken") == 0)
        weir_error_set(err, -ENOENT, "broken.so is not there");
    for (size_t i = 0; (plugin = fake_list(arg, kind, i)); i++)
        if (strcmp(plugin->name, name) == 0)
            return plugin;
    return NULL;
}

static int fake_load(void *arg, const char *dir, struct weir_error *err)
{
    (void)arg;
    return strcmp(dir, "/nowhere") == 0 ? weir_error_set(err, -ENOENT, "no such directory") : 0;
}

/* A text that holds "@@" is wrong there; else it is kept. */
static char *fake_compile(const char *text, struct weir_error *err, size_t *ret_offset)
{
    const char *wrong = strstr(text, "@@");
    if (!wrong)
        return strdup(text);
    *ret_offset = (size_t)(wrong - text);
    weir_error_set(err, -EINVAL, "what does \"@@\" mean");
    return NULL;
}

static void *fake_condition_new(const char *text, struct weir_error *err, size_t *ret_offset)
{
    return fake_compile(text, err, ret_offset);
}

static struct weir_template *fake_template_new(const char *text, struct weir_error *err,
                                               size_t *ret_offset)
{
    return (struct weir_template *)fake_compile(text, err, ret_offset);
}

static void fake_template_free(struct weir_template *tpl)
{
    free(tpl);
}

struct fake_encoder {
    const struct weir_plugin *codec;
    void *state;
};

static struct weir_encoder *fake_encoder_new(const struct weir_plugin *codec, void *state)
{
    struct fake_encoder *encoder = malloc(sizeof(*encoder));
    assert(encoder);
    *encoder = (struct fake_encoder){ codec, state };
    return (struct weir_encoder *)encoder;
}

static void fake_encoder_free(struct weir_encoder *encoder)
{
    struct fake_encoder *fake = (struct fake_encoder *)encoder;
    free(fake->state);
    free(fake);
}

static int fake_check_listen(const char *text, struct weir_error *err)
{
    return strcmp(text, "nowhere") == 0 ? weir_error_set(err, -EINVAL, "no address") : 0;
}

static const struct config_hooks fake_hooks = {
    .find_plugin = fake_find,
    .list_names = fake_names,
    .list_plugins = fake_list,
    .load_plugins = fake_load,
    .condition_new = fake_condition_new,
    .condition_free = free,
    .template_new = fake_template_new,
    .template_free = fake_template_free,
    .encoder_new = fake_encoder_new,
    .encoder_free = fake_encoder_free,
    .check_listen = fake_check_listen,
};

#endif
