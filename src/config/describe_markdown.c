/* SPDX-License-Identifier: Apache-2.0 */
/* Option tables as the reference's pages. They are checked in, and compared with what is made here: so the
 * reference cannot say anything that the reader of configurations does not do. */
#include "config/buffer.h"
#include "config/describe.h"
#include "config/describe_words.h"
#include "config/kind.h"
#include "config/pipelines.h"
#include "config/service.h"

/* Text in a table's cell, where a bar would end it. */
static void print_cell(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '|')
            fputc('\\', out);
        fputc(*text == '\n' ? ' ' : *text, out);
    }
}

static void print_code(const char *text, FILE *out)
{
    fputc('`', out);
    print_cell(text, out);
    fputc('`', out);
}

static void print_default(const struct weir_option *row, FILE *out)
{
    if (row->required)
        fputs("required", out);
    else if (row->def)
        print_code(row->def[0] ? row->def : "\"\"", out);
}

static void print_row(const struct weir_option *row, const char *prefix, FILE *out)
{
    char values[DESCRIBE_WORDS_MAX];
    describe_values(row, values);
    fprintf(out, "| `%s%s` | %s", prefix, row->name, describe_type(row->type));
    if (values[0])
        fputs(row->type == WEIR_ENUM ? " " : ", ", out);
    print_cell(values, out);
    if (row->secret)
        fputs(", secret", out);
    fputs(" | ", out);
    print_default(row, out);
    fputs(" | ", out);
    print_cell(row->help ? row->help : "", out);
    fputs(" |\n", out);
}

static void print_rows(const struct weir_option *table, const char *prefix, FILE *out)
{
    for (const struct weir_option *row = table; row && row->name; row++) {
        char inner[DESCRIBE_WORDS_MAX];
        print_row(row, prefix, out);
        snprintf(inner, sizeof(inner), "%s%s.", prefix, row->name);
        if (row->type == WEIR_GROUP)
            print_rows(row->group, inner, out);
    }
}

static void print_table(const struct weir_option *table, FILE *out)
{
    fputs("| option | type | default | meaning |\n| --- | --- | --- | --- |\n", out);
    print_rows(table, "", out);
}

#define GENERATED "<!-- Made from the option tables; change them, not this file. -->\n"

void describe_plugin_markdown(const struct weir_plugin *plugin, FILE *out)
{
    fprintf(out, GENERATED "# %s `%s`\n\n%s\n\n", kind_name(plugin->kind), plugin->name,
            plugin->summary ? plugin->summary : "");
    if (plugin->options && plugin->options->name)
        print_table(plugin->options, out);
    else
        fputs("It has no options of its own.\n", out);
    if (plugin->kind == WEIR_CODEC_PLUGIN)
        fputs(
            "\nA codec is an option of outputs: its name, or a map with its name as `type` beside "
            "its options.\n",
            out);
    else
        fprintf(out,
                "\n`type` and `id`%s are [options of every %s](../configuration.md#entries).\n",
                plugin->kind == WEIR_INPUT ? "" : ", and `when`,", kind_name(plugin->kind));
}

static const char file_head[] = GENERATED
    "# The configuration file\n"
    "\n"
    "YAML with the sections below. Sizes are written `4096`, `64KiB` or `10MB`, durations `500ms`, `30s`,\n"
    "`5m` or `1h30m`. What a value is follows from its option: `no` is a text where a text is expected.\n"
    "Anchors, aliases, merge keys and tags are refused, as are unknown and repeated keys.\n"
    "\n"
    "In every value `${NAME}` is replaced by a variable of the environment, `${NAME:-default}` by it or,\n"
    "where it is not set or empty, by the default, `${file:/path}` by the text of a file of at most 64 KiB\n"
    "without its last line break; `$$` is a dollar sign. A variable that is not set, and has no default, is\n"
    "a mistake.\n"
    "\n"
    "| section | holds |\n"
    "| --- | --- |\n"
    "| `service` | [what concerns the agent as a whole](#service) |\n"
    "| `pipelines` | a map of names to [pipelines](#pipelines); at least one |\n"
    "| `include` | a pattern of file names, or a list of them, relative to this file: each file adds "
    "`pipelines`, and may include others |\n"
    "\n"
    "## service\n"
    "\n";

static const char file_pipelines[] =
    "\n"
    "## pipelines\n"
    "\n"
    "A pipeline's name is made of letters, digits, `_`, `-` and `.`.\n"
    "\n"
    "| key | holds |\n"
    "| --- | --- |\n"
    "| `inputs` | a list of [entries](#entries), at least one |\n"
    "| `filters` | a list of entries, in the order in which records pass them |\n"
    "| `outputs` | a list of entries, at least one |\n"
    "| `buffer` | [what the pipeline may hold](#buffer) |\n"
    "| `dead_letter` | [what is kept of records that a sink rejects](#dead_letter) |\n"
    "\n"
    "## entries\n"
    "\n"
    "An input, filter or output: these, beside the options of its plugin.\n"
    "\n";

void describe_file_markdown(FILE *out)
{
    fputs(file_head, out);
    print_table(service_options, out);
    fputs(file_pipelines, out);
    print_table(entry_options, out);
    fputs("\nInputs have no `when`.\n\n## buffer\n\n", out);
    print_table(buffer_options, out);
    fputs("\n## dead_letter\n\n", out);
    print_table(dead_letter_options, out);
}

void describe_index_markdown(const struct config_hooks *hooks, FILE *out)
{
    fputs(GENERATED "# Reference\n\n"
                    "- [The configuration file](configuration.md)\n"
                    "- [The command line](command-line.md)\n"
                    "- [Metrics](metrics.md)\n",
          out);
    for (enum weir_kind kind = WEIR_INPUT; kind <= WEIR_CODEC_PLUGIN; kind++) {
        const struct weir_plugin *plugin = hooks->list_plugins(hooks->arg, kind, 0);
        if (plugin)
            fprintf(out, "\n## %s\n\n", kind_plural(kind));
        for (size_t i = 0; (plugin = hooks->list_plugins(hooks->arg, kind, i)); i++)
            fprintf(out, "- [`%s`](%s/%s.md): %s\n", plugin->name, kind_plural(kind), plugin->name,
                    plugin->summary ? plugin->summary : "");
    }
}
