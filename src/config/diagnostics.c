/* SPDX-License-Identifier: Apache-2.0 */
/* A person who fixes a configuration wants to see all that is wrong with it, once, in the order of the
 * file. The checks run in an order of their own, so what they find is kept here and sorted when it is
 * printed. A file that is wrong in every line must not fill the screen for ever: there is a bound.
 *
 * Texts quote the file, and a file may hold anything: they are escaped when they come in, so that every
 * way out is safe. */
#include "config/diagnostics.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/terminal.h"

struct diagnostic {
    char *file, *text; /* `file` may be NULL */
    unsigned line, column;
    size_t order;
    enum diagnostic_level level;
};

struct diagnostics {
    struct diagnostic *items[DIAGNOSTICS_MAX];
    size_t kept, count, errors;
};

static void *enough(void *piece)
{
    if (!piece) {
        fputs("weir: out of memory while checking the configuration\n", stderr);
        exit(EXIT_FAILURE);
    }
    return piece;
}

struct diagnostics *diagnostics_new(void)
{
    return enough(calloc(1, sizeof(struct diagnostics)));
}

struct diagnostics *diagnostics_free(struct diagnostics *diag)
{
    if (!diag)
        return NULL;
    for (size_t i = 0; i < diag->kept; i++) {
        free(diag->items[i]->file);
        free(diag->items[i]->text);
        free(diag->items[i]);
    }
    free(diag);
    return NULL;
}

void diagnostics_add(struct diagnostics *diag, enum diagnostic_level level, const char *file,
                     unsigned line, unsigned column, const char *format, ...)
{
    size_t order = diag->count++;
    diag->errors += level == DIAGNOSTIC_ERROR;
    if (diag->kept == DIAGNOSTICS_MAX)
        return;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    struct diagnostic *item = enough(malloc(sizeof(*item)));
    *item = (struct diagnostic){ file ? enough(terminal_escape(weir_str_of(file))) : NULL,
                                 enough(terminal_escape(weir_str_of(text))),
                                 line,
                                 column,
                                 order,
                                 level };
    diag->items[diag->kept++] = item;
}

size_t diagnostics_errors(const struct diagnostics *diag)
{
    return diag->errors;
}

size_t diagnostics_count(const struct diagnostics *diag)
{
    return diag->count;
}

static int compare(const void *left, const void *right)
{
    const struct diagnostic *a = *(struct diagnostic *const *)left;
    const struct diagnostic *b = *(struct diagnostic *const *)right;
    int files = strcmp(a->file ? a->file : "", b->file ? b->file : "");
    if (files)
        return files;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    if (a->column != b->column)
        return a->column < b->column ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static const char *level_name(enum diagnostic_level level)
{
    return level == DIAGNOSTIC_ERROR ? "error" : "warning";
}

static void print_text(const struct diagnostic *item, FILE *out)
{
    if (item->file)
        fprintf(out, "%s:", item->file);
    if (item->file && item->line)
        fprintf(out, "%u:%u:", item->line, item->column);
    fprintf(out, "%s%s: %s\n", item->file ? " " : "", level_name(item->level), item->text);
}

static void print_json(struct diagnostic *const *items, size_t count, FILE *out)
{
    json_t *array = enough(json_array());
    for (size_t i = 0; i < count; i++) {
        json_t *object = json_pack("{s:s?, s:i, s:i, s:s, s:s}", "file", items[i]->file, "line",
                                   (int)items[i]->line, "column", (int)items[i]->column, "level",
                                   level_name(items[i]->level), "text", items[i]->text);
        json_array_append_new(array, enough(object));
    }
    json_dumpf(array, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(array);
}

void diagnostics_print(const struct diagnostics *diag, FILE *out, bool json)
{
    struct diagnostic *sorted[DIAGNOSTICS_MAX];
    memcpy(sorted, diag->items, sizeof(sorted));
    qsort(sorted, diag->kept, sizeof(sorted[0]), compare);
    if (json) {
        print_json(sorted, diag->kept, out);
        return;
    }
    for (size_t i = 0; i < diag->kept; i++)
        print_text(sorted[i], out);
    if (diag->count > diag->kept)
        fprintf(out, "... and %zu more\n", diag->count - diag->kept);
}
