/* SPDX-License-Identifier: Apache-2.0 */
/* From files to struct config: the frame around yaml.c, expand.c, options.c and the sections.
 *
 *     queue of files: the main one, then what is included
 *       each: bytes --> checked text --> tree --> expanded tree --> sections
 *     then what only all of them together can tell: names, memory
 *
 * A tree lives as long as its file is being read; what stays is copied into the configuration's own
 * memory, which goes with it. */
#include "config/config.h"

#include <stdlib.h>

#include "config/conflicts.h"
#include "config/expand.h"
#include "config/include.h"
#include "config/pipelines.h"
#include "config/service.h"
#include "config/source.h"
#include "config/suggest.h"
#include "config/yaml.h"

#define ALL_FILES_BYTES_MAX ((size_t)16 * 1024 * 1024)

static bool is_main(const struct reading *reading, const struct include_item *file)
{
    return reading->files == file;
}

static void check_key(struct reading *reading, const struct node *child, bool main)
{
    static const char *const keys[] = { "service", "include", "pipelines" };
    struct suggestion near = { .word = child->key };
    if (strcmp(child->key, "service") == 0 && !main) {
        reading_error(reading, child->key_place,
                      "\"service\" belongs in the main file, not into one that is included");
        return;
    }
    if (strcmp(child->key, "tests") == 0) {
        reading_error(reading, child->key_place,
                      "\"tests\": this version does not run tests yet; leave it out");
        return;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(keys[i], child->key) == 0)
            return;
        suggestion_offer(&near, keys[i]);
    }
    char advice[SUGGESTION_TEXT_MAX];
    suggestion_print(&near, advice);
    reading_error(reading, child->key_place, "unknown section \"%s\"%s", child->key, advice);
}

static void read_sections(struct reading *reading, struct include_item *file,
                          const struct node *root)
{
    bool main = is_main(reading, file);
    if (root->kind != NODE_MAP && !node_is_empty(root)) {
        reading_error(reading, root->place, "a configuration is a map of sections, not %s",
                      node_describe(root));
        return;
    }
    const bool is_map = root->kind == NODE_MAP;
    for (const struct node *child = root->first; child; child = child->next)
        check_key(reading, child, main);
    if (main)
        service_read(reading, is_map ? node_find(root, WEIR_STR("service")) : NULL, root->place);
    const struct node *pipelines = is_map ? node_find(root, WEIR_STR("pipelines")) : NULL;
    const struct node *include = is_map ? node_find(root, WEIR_STR("include")) : NULL;
    if (pipelines)
        pipelines_read(reading, pipelines);
    if (include)
        include_read(reading, include, file->path);
}

static void read_text(struct reading *reading, struct memory *scratch, struct include_item *file,
                      struct weir_str text)
{
    const char *name = strcmp(file->path, "-") == 0 ? "stdin" : file->path;
    if (!source_check(name, &text, reading->diag))
        return;
    struct node *root = yaml_read(scratch, name, text, reading->diag);
    if (!root)
        return;
    expand_tree(scratch, root, reading->sealed, reading->diag);
    read_sections(reading, file, root);
}

static void read_file(struct reading *reading, struct include_item *file)
{
    struct memory *scratch = memory_new();
    struct weir_error err = { 0 };
    struct weir_str text;
    struct stat st;
    if (source_read(scratch, file->path, SOURCE_BYTES_MAX, true, &text, &st, &err) < 0)
        reading_error(reading, file->place, "%s", err.text);
    else if ((reading->bytes += text.len) > ALL_FILES_BYTES_MAX)
        reading_error(reading, file->place, "all files together are longer than %zu MiB",
                      ALL_FILES_BYTES_MAX >> 20);
    else if (include_is_new(reading, file, &st))
        read_text(reading, scratch, file, text);
    memory_free(scratch);
}

static void begin(struct reading *reading, const char *path, bool sealed,
                  const struct config_hooks *hooks, struct diagnostics *diag)
{
    struct memory *memory = memory_new();
    struct config *config = memory_alloc(memory, sizeof(*config));
    config->memory = memory;
    config->hooks = hooks;
    *reading = (struct reading){
        .config = config, .diag = diag, .sealed = sealed, .options = { memory, hooks, diag }
    };
    include_add(reading, path, (struct config_place){ 0 });
}

/* The configuration, or NULL after an error. */
static struct config *finish(struct reading *reading, size_t errors_before)
{
    if (diagnostics_errors(reading->diag) == errors_before || reading->pipelines)
        pipelines_finish(reading, (struct config_place){ reading->files->path, 1, 1 });
    if (diagnostics_errors(reading->diag) == errors_before)
        conflicts_check(reading);
    if (diagnostics_errors(reading->diag) == errors_before)
        return reading->config;
    return config_free(reading->config);
}

struct config *config_read(const char *path, const struct config_hooks *hooks,
                           struct diagnostics *diag)
{
    struct reading reading;
    size_t errors_before = diagnostics_errors(diag);
    begin(&reading, path, false, hooks, diag);
    for (struct include_item *file = reading.files; file; file = file->next)
        read_file(&reading, file);
    return finish(&reading, errors_before);
}

struct config *config_read_text(const char *name, struct weir_str text,
                                const struct config_hooks *hooks, struct diagnostics *diag)
{
    struct reading reading;
    size_t errors_before = diagnostics_errors(diag);
    begin(&reading, name, true, hooks, diag);
    struct memory *scratch = memory_new();
    read_text(&reading, scratch, reading.files, text);
    memory_free(scratch);
    return finish(&reading, errors_before);
}

struct config *config_free(struct config *config)
{
    if (config)
        memory_free(config->memory);
    return NULL;
}
