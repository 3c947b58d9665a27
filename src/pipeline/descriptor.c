/* SPDX-License-Identifier: Apache-2.0 */
/* A descriptor is data, and data can be checked before any of its code runs. The first thing looked at
 * is the ABI number, which stands first and stays first: of a plugin of another number nothing else may
 * be read.
 *
 * An option row is held against the state it writes into (a wrong offset would otherwise show up as a
 * crash somewhere else), and its default and bounds against its type, so that the reference pages cannot
 * promise what the parser refuses. */
#include "pipeline/descriptor.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "base/units.h"
#include "config/kind.h"

/* What an option of a type writes into the state. */
#define STORED_AS(c_type)                                                                          \
    {                                                                                              \
        sizeof(c_type), _Alignof(c_type)                                                           \
    }
static const struct {
    size_t bytes, align;
} stored[] = {
    [WEIR_TEXT] = STORED_AS(char *),
    [WEIR_INT] = STORED_AS(int64_t),
    [WEIR_NUMBER] = STORED_AS(double),
    [WEIR_BOOL] = STORED_AS(bool),
    [WEIR_DURATION] = STORED_AS(weir_ms),
    [WEIR_SIZE] = STORED_AS(uint64_t),
    [WEIR_ENUM] = STORED_AS(int),
    [WEIR_TEXT_LIST] = STORED_AS(struct weir_texts),
    [WEIR_PAIRS] = STORED_AS(struct weir_pairs),
    [WEIR_GROUP] = { 0, 1 },
    [WEIR_TEMPLATE] = STORED_AS(struct weir_template *),
    [WEIR_CODEC] = STORED_AS(struct weir_encoder *),
};
#define TYPES (sizeof(stored) / sizeof(stored[0]))

/* Small letters, digits and underscores: what needs no quotes in YAML, and no escaping in a metric. */
static bool is_name(const char *name)
{
    size_t len = strlen(name);
    if (len == 0 || len > DESCRIPTOR_NAME_MAX || !islower((unsigned char)name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!islower((unsigned char)name[i]) && !isdigit((unsigned char)name[i]) && name[i] != '_')
            return false;
    return true;
}

/* A number of the option's type, for comparison. False when the text is none. */
static bool read_number(enum weir_type type, const char *text, long double *ret)
{
    struct weir_str str = weir_str_of(text);
    enum units_answer answer = UNITS_BAD;
    int64_t whole = 0;
    uint64_t bytes = 0;
    double number = 0;
    switch (type) {
    case WEIR_INT:
        answer = units_parse_int(str, &whole);
        *ret = (long double)whole;
        break;
    case WEIR_DURATION:
        answer = units_parse_duration(str, &whole);
        *ret = (long double)whole;
        break;
    case WEIR_SIZE:
        answer = units_parse_size(str, &bytes);
        *ret = (long double)bytes;
        break;
    case WEIR_NUMBER:
        answer = units_parse_number(str, &number);
        *ret = (long double)number;
        break;
    case WEIR_TEXT:
    case WEIR_BOOL:
    case WEIR_ENUM:
    case WEIR_TEXT_LIST:
    case WEIR_PAIRS:
    case WEIR_GROUP:
    case WEIR_TEMPLATE:
    case WEIR_CODEC: break;
    }
    return answer == UNITS_OK;
}

static bool is_numeric(enum weir_type type)
{
    return type == WEIR_INT || type == WEIR_DURATION || type == WEIR_SIZE || type == WEIR_NUMBER;
}

/* NULL, or what is wrong with default and bounds of a number. */
static const char *check_number(const struct weir_option *option)
{
    long double min = 0, max = 0, def = 0;
    if (option->min && !read_number(option->type, option->min, &min))
        return "its minimum is not of its type";
    if (option->max && !read_number(option->type, option->max, &max))
        return "its maximum is not of its type";
    if (option->def && !read_number(option->type, option->def, &def))
        return "its default is not of its type";
    if (option->min && option->max && min > max)
        return "its minimum is above its maximum";
    if (option->def && ((option->min && def < min) || (option->max && def > max)))
        return "its default is out of its bounds";
    return NULL;
}

static bool is_choice(const struct weir_option *option, const char *word)
{
    for (const char *const *choice = option->choices; *choice; choice++)
        if (strcmp(*choice, word) == 0)
            return true;
    return false;
}

static const char *check_value(const struct weir_option *option)
{
    bool flag;
    if (option->unit && option->type != WEIR_INT && option->type != WEIR_NUMBER)
        return "only plain numbers need a unit";
    if (is_numeric(option->type))
        return check_number(option);
    if (option->min || option->max)
        return "only numbers, sizes and durations have bounds";
    if (option->type == WEIR_ENUM) {
        if (!option->choices || !option->choices[0])
            return "it has no choices";
        if (option->def && !is_choice(option, option->def))
            return "its default is not among its choices";
    }
    if (option->type == WEIR_BOOL && option->def &&
        units_parse_bool(weir_str_of(option->def), &flag) != UNITS_OK)
        return "its default is neither true nor false";
    if (option->type == WEIR_GROUP && (option->def || !option->group))
        return "a group has a table and no default";
    return NULL;
}

/* NULL, or what is wrong with the row, its name apart. */
static const char *check_row(const struct weir_plugin *plugin, const struct weir_option *option)
{
    if ((size_t)option->type >= TYPES)
        return "its type is unknown";
    if (option->offset > plugin->state_size ||
        stored[option->type].bytes > plugin->state_size - option->offset)
        return "it lies outside of the plugin's state";
    if (option->offset % stored[option->type].align != 0)
        return "its offset is not one of its type";
    if (option->required && option->def)
        return "it is required and has a default";
    if (!option->help || !option->help[0])
        return "it has no help";
    return check_value(option);
}

static bool is_repeated(const struct weir_option *table, const struct weir_option *option)
{
    for (; table < option; table++)
        if (strcmp(table->name, option->name) == 0)
            return true;
    return false;
}

/* These keys are the host's, in every entry of a pipeline. */
static bool is_reserved(const char *name)
{
    return strcmp(name, "type") == 0 || strcmp(name, "id") == 0 || strcmp(name, "when") == 0;
}

/* `group` is the dotted name of the table, with its dot; "" at the top. */
static int check_table(const struct weir_plugin *plugin, const struct weir_option *table,
                       const char *group, unsigned depth, struct weir_error *err)
{
    if (depth > DESCRIPTOR_GROUPS_MAX)
        return weir_error_set(err, -EINVAL, "its options are nested more than %d deep",
                              DESCRIPTOR_GROUPS_MAX);
    for (const struct weir_option *option = table; option->name; option++) {
        const char *wrong = NULL;
        if (!is_name(option->name))
            wrong = "its name is not made of a-z, 0-9 and _";
        else if (depth == 0 && is_reserved(option->name))
            wrong = "every plugin has an option of that name already";
        else if (is_repeated(table, option))
            wrong = "it is there twice";
        else
            wrong = check_row(plugin, option);
        if (wrong)
            return weir_error_set(err, -EINVAL, "option \"%s%.64s\": %s", group, option->name,
                                  wrong);
        char nested[(DESCRIPTOR_NAME_MAX + 1) * (DESCRIPTOR_GROUPS_MAX + 1) + 1];
        snprintf(nested, sizeof(nested), "%s%s.", group, option->name);
        int r = option->type == WEIR_GROUP
                    ? check_table(plugin, option->group, nested, depth + 1, err)
                    : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* NULL, or the callback that is missing. */
static const char *find_missing(const struct weir_plugin *plugin)
{
    switch (plugin->kind) {
    case WEIR_INPUT:
        if (!plugin->input.start)
            return "start";
        return plugin->input.work ? NULL : "work";
    case WEIR_FILTER: return plugin->filter.apply ? NULL : "apply";
    case WEIR_OUTPUT: return plugin->output.deliver ? NULL : "deliver";
    case WEIR_CODEC_PLUGIN:
        if (plugin->codec.flags & WEIR_CODEC_SCHEMA && !plugin->codec.set_schema)
            return "set_schema";
        return plugin->codec.encode ? NULL : "encode";
    }
    return NULL;
}

int descriptor_check(const struct weir_plugin *plugin, struct weir_error *err)
{
    if (plugin->abi != WEIR_PLUGIN_ABI)
        return weir_error_set(err, -EINVAL,
                              "it is built for plugin ABI %u, and this agent has ABI %u: build it "
                              "again with the headers of this version",
                              plugin->abi, WEIR_PLUGIN_ABI);
    if (plugin->kind < WEIR_INPUT || plugin->kind > WEIR_CODEC_PLUGIN)
        return weir_error_set(err, -EINVAL, "its kind is %d, which is none", (int)plugin->kind);
    if (!plugin->name || !is_name(plugin->name))
        return weir_error_set(err, -EINVAL,
                              "its name is missing, or is not made of at most %d of a-z, 0-9 and _",
                              DESCRIPTOR_NAME_MAX);
    if (!plugin->summary || !plugin->summary[0])
        return weir_error_set(err, -EINVAL, "it has no summary");
    if (plugin->state_size > DESCRIPTOR_STATE_BYTES_MAX)
        return weir_error_set(err, -EINVAL, "its state takes more than %d bytes",
                              DESCRIPTOR_STATE_BYTES_MAX);
    const char *missing = find_missing(plugin);
    if (missing)
        return weir_error_set(err, -EINVAL, "%s \"%s\" has no callback \"%s\"",
                              kind_name(plugin->kind), plugin->name, missing);
    return plugin->options ? check_table(plugin, plugin->options, "", 0, err) : 0;
}
