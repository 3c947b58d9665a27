/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables as text on a terminal:
 *
 *     input tail
 *     Reads files as they grow.
 *
 *       paths: text or list of texts, required
 *           Files to read, as patterns.
 */
#include "config/describe.h"

#include "config/buffer.h"
#include "config/describe_words.h"
#include "config/kind.h"
#include "config/pipelines.h"
#include "config/service.h"

#define COLUMNS 80
#define INDENT 6

/* Words of `text`, wrapped, each line behind `indent` spaces. */
static void print_wrapped(const char *text, int indent, FILE *out)
{
    int column = 0;
    while (*text) {
        text += strspn(text, " \n");
        int len = (int)strcspn(text, " \n");
        if (column && column + 1 + len > COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        if (len)
            fprintf(out, "%*s%.*s", column ? 1 : indent, "", len, text);
        column += (column ? 1 : indent) + len;
        text += len;
    }
    fputc('\n', out);
}

static void print_row(const struct weir_option *row, const char *prefix, FILE *out)
{
    char values[DESCRIBE_WORDS_MAX];
    describe_values(row, values);
    fprintf(out, "  %s%s: %s", prefix, row->name, describe_type(row->type));
    if (values[0])
        fprintf(out, "%s %s", row->type == WEIR_ENUM ? "" : ",", values);
    if (row->required)
        fputs(", required", out);
    if (row->def)
        fprintf(out, ", default %s", row->def[0] ? row->def : "\"\"");
    if (row->secret)
        fputs(", secret", out);
    fputc('\n', out);
    if (row->help)
        print_wrapped(row->help, INDENT, out);
}

static void print_table(const struct weir_option *table, const char *prefix, FILE *out)
{
    for (const struct weir_option *row = table; row && row->name; row++) {
        char inner[DESCRIBE_WORDS_MAX];
        print_row(row, prefix, out);
        snprintf(inner, sizeof(inner), "%s%s.", prefix, row->name);
        if (row->type == WEIR_GROUP)
            print_table(row->group, inner, out);
    }
}

void describe_plugin_text(const struct weir_plugin *plugin, FILE *out)
{
    fprintf(out, "%s %s\n", kind_name(plugin->kind), plugin->name);
    if (plugin->summary)
        print_wrapped(plugin->summary, 0, out);
    fputc('\n', out);
    if (plugin->options && plugin->options->name)
        print_table(plugin->options, "", out);
    else
        fputs("  It has no options of its own.\n", out);
    if (plugin->kind == WEIR_CODEC_PLUGIN)
        return;
    fprintf(out, "\nEvery %s also has:\n\n", kind_name(plugin->kind));
    print_table(plugin->kind == WEIR_INPUT ? input_entry_options : entry_options, "", out);
}

void describe_file_text(FILE *out)
{
    fputs("service: what concerns the agent as a whole\n\n", out);
    print_table(service_options, "", out);
    fputs("\npipelines.NAME.buffer: what a pipeline may hold\n\n", out);
    print_table(buffer_options, "", out);
    fputs("\npipelines.NAME.dead_letter: what is kept of rejected records\n\n", out);
    print_table(dead_letter_options, "", out);
}
