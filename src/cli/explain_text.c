/* SPDX-License-Identifier: Apache-2.0 */
/* The document of explain.c for people: each pipeline drawn as its records flow, what stands beside its
 * parts, then its routes.
 *
 *     pipeline app, buffer 16MiB
 *
 *       tail  ─┬─▶ parse ─▶ trace ─┬─▶ file
 *       stdin ─┘                   └─▶ errors
 *
 *       output errors (file)
 *         when level == "error"
 *
 *       buffer
 *         When 16MiB of memory are full, ...
 *
 *       tail ─▶ file
 *         at least once  yes: what file has not answered is read again by tail after a restart
 *         ... */
#include <stdlib.h>

#include "base/terminal.h"
#include "base/units.h"
#include "cli/explain.h"
#include "cli/terminal.h"

#define COLUMNS 100
#define LABEL_COLUMN 4
#define TEXT_COLUMN 19

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static void print_name(const char *name, FILE *out)
{
    char *escaped = terminal_escape(weir_str_of(name));
    fputs(escaped ? escaped : "?", out);
    free(escaped);
}

/* The columns that it takes. */
static int name_width(const char *name)
{
    char *escaped = terminal_escape(weir_str_of(name));
    int width = escaped ? (int)terminal_width(escaped) : 1;
    free(escaped);
    return width;
}

static void print_spaces(int count, FILE *out)
{
    fprintf(out, "%*s", count, "");
}

static void print_bytes(const json_t *object, const char *name, FILE *out)
{
    char size[UNITS_TEXT_MAX];
    units_print_size((uint64_t)json_integer_value(json_object_get(object, name)), size);
    fputs(size, out);
}

/* The words of `sentence` from `column` on, where the cursor is, wrapped. */
static void print_wrapped(const char *sentence, int column, FILE *out)
{
    char *escaped = terminal_escape(weir_str_of(sentence));
    int at = column;
    for (const char *word = escaped ? escaped : "?"; *word;) {
        int len = (int)strcspn(word, " ");
        char *copy = strndup(word, (size_t)len);
        int width = copy ? (int)terminal_width(copy) : len;
        free(copy);
        if (at > column && at + 1 + width > COLUMNS) {
            fputc('\n', out);
            print_spaces(column, out);
            at = column;
        }
        fprintf(out, "%s%.*s", at > column ? " " : "", len, word);
        at += width + (at > column);
        word += len;
        word += strspn(word, " ");
    }
    fputc('\n', out);
    free(escaped);
}

static int id_width(const json_t *entries)
{
    size_t i;
    json_t *entry;
    int width = 0;
    json_array_foreach((json_t *)entries, i, entry)
    {
        int own = name_width(text(entry, "id"));
        width = own > width ? own : width;
    }
    return width;
}

#define LINE "─"
#define ARROW "─▶ "

/* What joins `count` lines into one, or one into `count`, at line `i`. */
static const char *joint(size_t i, size_t count, const char *first, const char *middle,
                         const char *last)
{
    if (count == 1)
        return i == 0 ? LINE : " ";
    if (i >= count)
        return " ";
    return i == 0 ? first : i + 1 == count ? last : middle;
}

/* The filters, on the first line; blanks as wide on the others. */
static void print_filters(const json_t *filters, bool is_first, FILE *out)
{
    size_t i;
    json_t *filter;
    json_array_foreach((json_t *)filters, i, filter)
    {
        const char *arrow = i == 0 ? ARROW : " " ARROW;
        if (is_first) {
            fputs(arrow, out);
            print_name(text(filter, "id"), out);
        } else {
            print_spaces((int)terminal_width(arrow) + name_width(text(filter, "id")), out);
        }
    }
    fputs(is_first ? json_array_size(filters) ? " " LINE : LINE LINE : "  ", out);
}

/* Each line is an input, the joint of the inputs, the filters, the joint of the outputs, an output. */
static void print_drawing(const json_t *pipeline, FILE *out)
{
    const json_t *inputs = json_object_get(pipeline, "inputs");
    const json_t *outputs = json_object_get(pipeline, "outputs");
    size_t input_count = json_array_size(inputs), output_count = json_array_size(outputs);
    for (size_t i = 0; i < input_count || i < output_count; i++) {
        const char *input = text(json_array_get(inputs, i), "id");
        print_spaces(2, out);
        print_name(input, out);
        print_spaces(id_width(inputs) - name_width(input), out);
        fputs(i < input_count ? " " LINE : "  ", out);
        fputs(joint(i, input_count, "┬", "┤", "┘"), out);
        if (i < output_count) {
            print_filters(json_object_get(pipeline, "filters"), i == 0, out);
            fputs(joint(i, output_count, "┬", "├", "└"), out);
            fputs(ARROW, out);
            print_name(text(json_array_get(outputs, i), "id"), out);
        }
        fputc('\n', out);
    }
}

static void print_notes(const json_t *notes, FILE *out)
{
    size_t i;
    json_t *note;
    json_array_foreach((json_t *)notes, i, note)
    {
        print_spaces(LABEL_COLUMN, out);
        print_wrapped(json_string_value(note), LABEL_COLUMN, out);
    }
}

/* What stands beside an entry: its type where the id does not say it, its condition, its notes. Nothing
 * when there is nothing. */
static void print_entry(const char *kind, const json_t *entry, FILE *out)
{
    const json_t *notes = json_object_get(entry, "notes");
    const char *id = text(entry, "id"), *type = text(entry, "type"), *when = text(entry, "when");
    if (strcmp(id, type) == 0 && !when[0] && json_array_size(notes) == 0)
        return;
    fprintf(out, "\n  %s ", kind);
    print_name(id, out);
    if (strcmp(id, type) != 0)
        fprintf(out, " (%s)", type);
    fputc('\n', out);
    if (when[0]) {
        fputs("    when ", out);
        print_wrapped(when, LABEL_COLUMN + 5, out);
    }
    print_notes(notes, out);
}

static void print_entries(const json_t *pipeline, const char *list, const char *kind, FILE *out)
{
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(pipeline, list), i, entry) print_entry(kind, entry, out);
}

static void print_label(const char *label, FILE *out)
{
    print_spaces(LABEL_COLUMN, out);
    fprintf(out, "%-*s", TEXT_COLUMN - LABEL_COLUMN, label);
}

static void print_guarantee(const json_t *route, const char *name, const char *label, FILE *out)
{
    bool holds = json_is_true(json_object_get(route, name));
    print_label(label, out);
    fputs(holds ? "yes: " : "no: ", out);
    print_wrapped(text(json_object_get(route, "why"), name), TEXT_COLUMN + (holds ? 5 : 4), out);
}

static void print_sentences(const json_t *route, const char *name, const char *label, FILE *out)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(route, name), i, item)
    {
        print_label(i == 0 ? label : "", out);
        print_wrapped(json_string_value(item), TEXT_COLUMN, out);
    }
}

static void print_route(const json_t *route, FILE *out)
{
    fputs("\n  ", out);
    print_name(text(route, "input"), out);
    fputs(" " ARROW, out);
    print_name(text(route, "output"), out);
    fputc('\n', out);
    print_guarantee(route, "at_least_once", "at least once", out);
    print_guarantee(route, "isolated", "isolated", out);
    print_guarantee(route, "ordered", "ordered", out);
    print_guarantee(route, "identified", "identified", out);
    print_sentences(route, "lost", "can be lost", out);
    print_sentences(route, "repeated", "can repeat", out);
}

static void print_pipeline(const json_t *pipeline, FILE *out)
{
    size_t i;
    json_t *route;
    fputs("\npipeline ", out);
    print_name(text(pipeline, "name"), out);
    fputs(", buffer ", out);
    print_bytes(pipeline, "buffer_bytes", out);
    if (json_integer_value(json_object_get(pipeline, "disk_bytes")) > 0) {
        fputs(", disk tier ", out);
        print_bytes(pipeline, "disk_bytes", out);
    }
    fputs("\n\n", out);
    print_drawing(pipeline, out);
    print_entries(pipeline, "inputs", "input", out);
    print_entries(pipeline, "filters", "filter", out);
    print_entries(pipeline, "outputs", "output", out);
    fputs("\n  buffer\n", out);
    print_notes(json_object_get(pipeline, "buffer"), out);
    if (json_is_true(json_object_get(pipeline, "unrouted"))) {
        fputs("\n  ", out);
        print_wrapped("A record that no output takes is counted as filtered, by \"route\".", 2,
                      out);
    }
    json_array_foreach(json_object_get(pipeline, "routes"), i, route) print_route(route, out);
}

/* Only where it makes a difference. */
static void print_group(const json_t *memory, FILE *out)
{
    const json_int_t limit = json_integer_value(json_object_get(memory, "limit_bytes"));
    if (limit == json_integer_value(json_object_get(memory, "asked_bytes")))
        return;
    fputs("  of ", out);
    print_bytes(memory, "asked_bytes", out);
    fputs(" asked for: the control group has ", out);
    print_bytes(memory, "group_bytes", out);
    fputs(" (", out);
    print_name(text(memory, "group_file"), out);
    fputs("), less ", out);
    print_bytes(memory, "group_margin_bytes", out);
    fputs(" to be safe\n", out);
}

static void print_memory(const json_t *memory, FILE *out)
{
    fputs("memory: ", out);
    print_bytes(memory, "buffer_bytes", out);
    fputs(" for buffers", out);
    if (json_integer_value(json_object_get(memory, "plugin_bytes"))) {
        fputs(", ", out);
        print_bytes(memory, "plugin_bytes", out);
        fputs(" for plugins", out);
    }
    fputs(" and a reserve of ", out);
    print_bytes(memory, "reserve_bytes", out);
    fputs(", of ", out);
    print_bytes(memory, "limit_bytes", out);
    fputs("; ", out);
    print_bytes(memory, "free_bytes", out);
    fputs(" are free\n", out);
    print_group(memory, out);
    fputs("  known sources: up to ", out);
    print_bytes(memory, "source_bytes", out);
    fputs(", some 900 bytes a file; new ones wait when that is reached\n", out);
}

void explain_print(const json_t *document, FILE *out)
{
    const json_t *disk = json_object_get(document, "disk");
    size_t i;
    json_t *pipeline;
    print_memory(json_object_get(document, "memory"), out);
    fputs("disk: up to ", out);
    print_bytes(disk, "tier_bytes", out);
    fputs(" for disk tiers and ", out);
    print_bytes(disk, "dead_letter_bytes", out);
    fputs(" for dead letters, in ", out);
    print_name(text(disk, "directory"), out);
    fputc('\n', out);
    json_array_foreach(json_object_get(document, "pipelines"), i, pipeline)
        print_pipeline(pipeline, out);
}
