/* SPDX-License-Identifier: Apache-2.0 */
/* A store as it is:
 *
 *     {"version": 1, "pipeline", "kind": "buffer" | "dead_letters", "directory",
 *      "bytes", "bytes_max",                    of all files; null without a configuration
 *      "first", "end",                          the numbers of the records that are there: first <= n < end
 *      "held_records",                          not answered by everyone they are for
 *      "torn_bytes", "damaged_records", "cursors_lost",     what the next start will find
 *      "outputs": [{"id", "configured", "cursor", "records", "oldest"}],
 *      "segments": [{"file", "first", "end", "frames", "bytes", "file_bytes", "created", "observed", "written",
 *                    "sealed", "answered"}]}
 *
 * In the dead letters an output's `records` are those that it has rejected; it has no cursor that moves. */
#include "cli/disk_actions.h"
#include "cli/document.h"

#include <errno.h>
#include <stdlib.h>

#include "base/civil.h"
#include "cli/table.h"
#include "cli/terminal.h"

/* ---- the document ------------------------------------------------------------------------------------ */

/* All segments; the caller's to free(). Their number may grow between two questions. */
static struct store_segment_info *list_segments(const struct store *store, size_t *ret_count)
{
    struct store_segment_info *infos = NULL;
    size_t room = 64;
    for (;; room *= 2) {
        free(infos);
        infos = malloc(room * sizeof(infos[0]));
        if (!infos)
            document_must(NULL);
        *ret_count = store_segments(store, infos, room);
        if (*ret_count < room)
            return infos;
    }
}

static json_t *segment_json(const struct store_segment_info *info)
{
    json_t *object = document_must(json_object());
    document_put(object, "file", document_sentence("%016llx.seg", (unsigned long long)info->id));
    document_put(object, "first", document_number(info->first_sequence));
    document_put(object, "end", document_number(info->end_sequence));
    document_put(object, "frames", document_number(info->frames));
    document_put(object, "bytes", document_number(info->bytes));
    document_put(object, "file_bytes", document_number(info->file_bytes));
    document_put(object, "created", document_time(info->created));
    document_put(object, "observed", document_time(info->first_observed));
    document_put(object, "written", document_time(info->last_written));
    document_put(object, "sealed", json_boolean(info->sealed));
    document_put(object, "answered", json_boolean(info->retained));
    return object;
}

static json_t *output_json(const struct disk_job *job, const struct store_reader_info *info)
{
    json_t *object = document_must(json_object());
    int index = disk_job_find_output(job, info->name);
    document_put(object, "id", document_text(weir_str_of(info->name)));
    document_put(object, "configured",
                 job->pipeline ? json_boolean(index >= 0 && (unsigned)index < job->configured_count)
                               : json_null());
    document_put(object, "cursor", document_number(info->cursor));
    document_put(object, "records", document_number(info->backlog.records));
    document_put(object, "oldest", document_time(info->backlog.oldest_observed));
    return object;
}

static void put_segments(json_t *document, const struct disk_job *job)
{
    json_t *segments = document_must(json_array());
    size_t count;
    struct store_segment_info *infos = list_segments(job->store, &count);
    for (size_t i = 0; i < count; i++)
        document_add(segments, segment_json(&infos[i]));
    document_put(document, "first", document_number(disk_job_first(job->store)));
    document_put(document, "end", document_number(store_end(job->store)));
    document_put(document, "segments", segments);
    free(infos);
}

static void put_outputs(json_t *document, const struct disk_job *job)
{
    struct store_reader_info infos[STORE_READERS_MAX + STORE_ORPHANS_MAX];
    const size_t room = sizeof(infos) / sizeof(infos[0]);
    size_t count = store_readers(job->store, infos, room);
    json_t *outputs = document_must(json_array());
    for (size_t i = 0; i < count && i < room; i++)
        document_add(outputs, output_json(job, &infos[i]));
    document_put(document, "outputs", outputs);
}

static json_t *make_document(const struct disk_job *job)
{
    json_t *document = document_must(json_object());
    const struct config_pipeline *pipeline = job->pipeline;
    const bool is_buffer = job->kind == STORE_BUFFER;
    document_put(document, "version", json_integer(1));
    document_put(document, "pipeline", document_text(weir_str_of(job->name)));
    document_put(document, "kind", json_string(is_buffer ? "buffer" : "dead_letters"));
    document_put(document, "directory", document_text(weir_str_of(job->dir)));
    document_put(document, "bytes", document_number(store_bytes(job->store)));
    document_put(document, "bytes_max",
                 !pipeline ? json_null()
                           : document_number(is_buffer ? pipeline->buffer.disk
                                                       : pipeline->buffer.dead_letter_bytes));
    document_put(document, "held_records",
                 document_number(job->found.records + job->found.orphaned));
    document_put(document, "torn_bytes", document_number(job->found.torn_bytes));
    document_put(document, "damaged_records", document_number(job->found.damaged_records));
    document_put(document, "cursors_lost", json_boolean(job->found.cursors_lost));
    put_outputs(document, job);
    put_segments(document, job);
    return document;
}

/* ---- for people -------------------------------------------------------------------------------------- */

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static int64_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* To the second: 2026-11-25T16:24:30Z. */
static void cell_time(struct table *table, const json_t *object, const char *name)
{
    char cell[CIVIL_RFC3339_MAX];
    const char *time = text(object, name);
    snprintf(cell, sizeof(cell), "%.19s%s", time, time[0] ? "Z" : "-");
    table_text(table, cell);
}

static void print_head(const json_t *document, FILE *out)
{
    char bytes[TABLE_CELL_MAX], most[TABLE_CELL_MAX], held[TABLE_CELL_MAX], damaged[TABLE_CELL_MAX];
    const json_t *max = json_object_get(document, "bytes_max");
    table_format_bytes(bytes, (uint64_t)number(document, "bytes"));
    table_format_bytes(most, (uint64_t)json_integer_value(max));
    table_format_number(held, number(document, "held_records"));
    table_format_number(damaged, number(document, "damaged_records"));
    fprintf(out, "%s: %s%s%s, %s records held\n", text(document, "directory"), bytes,
            json_is_integer(max) ? " of " : "", json_is_integer(max) ? most : "", held);
    if (number(document, "torn_bytes"))
        fprintf(out, "its end was cut short while it was being written\n");
    if (number(document, "damaged_records"))
        fprintf(out, "%s records are damaged: `verify` says where\n", damaged);
    if (json_is_true(json_object_get(document, "cursors_lost")))
        fputs("the cursors are lost: all that is here will be delivered again\n", out);
}

static int print_outputs(const json_t *document, FILE *out)
{
    static const char *const heads[] = { "OUTPUT", "STATE", ">CURSOR", ">RECORDS", "OLDEST", NULL };
    const bool is_buffer = strcmp(text(document, "kind"), "buffer") == 0;
    struct table *table = table_new(heads);
    size_t i;
    json_t *output;
    json_array_foreach(json_object_get(document, "outputs"), i, output)
    {
        const bool orphan = json_is_false(json_object_get(output, "configured"));
        table_text(table, text(output, "id"));
        table_text(table, orphan ? "not configured" : "");
        if (is_buffer)
            table_number(table, number(output, "cursor"));
        else
            table_text(table, "-");
        table_number(table, number(output, "records"));
        cell_time(table, output, "oldest");
    }
    fputc('\n', out);
    int r = table_print(table, 2, out);
    table_free(table);
    return r;
}

static int print_segments(const json_t *document, FILE *out)
{
    static const char *const heads[] = { "SEGMENT",  ">FIRST",  ">END",  ">FRAMES", ">BYTES",
                                         "OBSERVED", "WRITTEN", "STATE", NULL };
    struct table *table = table_new(heads);
    size_t i;
    json_t *segment;
    json_array_foreach(json_object_get(document, "segments"), i, segment)
    {
        table_text(table, text(segment, "file"));
        table_number(table, number(segment, "first"));
        table_number(table, number(segment, "end"));
        table_number(table, number(segment, "frames"));
        table_bytes(table, (uint64_t)number(segment, "file_bytes"));
        cell_time(table, segment, "observed");
        cell_time(table, segment, "written");
        table_text(table, json_is_true(json_object_get(segment, "answered")) ? "answered" : "held");
    }
    fputc('\n', out);
    int r = table_print(table, 2, out);
    table_free(table);
    return r;
}

static int print_document(const json_t *document, FILE *out)
{
    int r = 0;
    print_head(document, out);
    if (json_array_size(json_object_get(document, "outputs")))
        r = print_outputs(document, out);
    if (r == 0 && json_array_size(json_object_get(document, "segments")))
        r = print_segments(document, out);
    return r;
}

/* ---- the action --------------------------------------------------------------------------------------- */

enum command_status disk_action_ls(struct disk_job *job)
{
    enum command_status status = disk_job_open(job);
    if (status != COMMAND_DONE)
        return status;
    json_t *document = make_document(job);
    if (command_has(job->line, OPTION_JSON)) {
        document_print(document);
    } else if (print_document(document, stdout) < 0) {
        command_error(job->line->command, "out of memory");
        status = COMMAND_FAILED;
    }
    json_decref(document);
    return status;
}
