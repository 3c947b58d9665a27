/* SPDX-License-Identifier: Apache-2.0 */
/* A regular expression: its named groups become fields, those that took part in the match. */
#include "parse.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <weir/regex.h>

struct group {
    struct weir_str name; /* of the field */
    uint32_t number;
    enum weir_value type; /* STRING: a text */
};

struct parse_regex {
    struct weir_regex *regex;
    uint32_t count;
    struct group groups[];
};

bool parse_type_read(const char *word, enum weir_value *ret)
{
    static const struct {
        const char *word;
        enum weir_value type;
    } types[] = {
        { "string", WEIR_VALUE_STRING },
        { "int", WEIR_VALUE_INT },
        { "float", WEIR_VALUE_FLOAT },
        { "bool", WEIR_VALUE_BOOL },
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(word, types[i].word) == 0) {
            *ret = types[i].type;
            return true;
        }
    return false;
}

void parse_type_apply(struct weir_field *field, enum weir_value type)
{
    enum weir_value found = weir_value_of((struct weir_str){ field->value, field->value_len });
    if (found == type || (type == WEIR_VALUE_FLOAT && found == WEIR_VALUE_INT)) {
        field->type = (uint8_t)found;
        field->flags |= WEIR_VALUE_CLEAN;
    }
}

static const char *type_of(const struct weir_pairs *types, struct weir_str name)
{
    for (size_t i = 0; i < types->count; i++)
        if (weir_str_eq(weir_str_of(types->items[i].name), name))
            return types->items[i].value;
    return NULL;
}

static bool group_is_named(const struct parse_regex *self, struct weir_str name)
{
    for (uint32_t i = 0; i < self->count; i++)
        if (weir_str_eq(self->groups[i].name, name))
            return true;
    return false;
}

static int add_groups(struct parse_regex *self, const struct weir_pairs *types, bool preset,
                      struct weir_error *err)
{
    for (uint32_t number = 1; number <= weir_regex_group_count(self->regex); number++) {
        struct weir_str name = weir_regex_group_name(self->regex, number);
        if (name.len == 0)
            continue;
        const char *type = type_of(types, name);
        if (preset)
            name = parse_preset_field(name, &type);
        if (group_is_named(self, name))
            return weir_error_option(err, "pattern",
                                     "two groups are named \"%.*s\"; for alternatives write "
                                     "(?|(?<%.*s>...)|(?<%.*s>...))",
                                     (int)name.len, name.ptr, (int)name.len, name.ptr,
                                     (int)name.len, name.ptr);
        struct group *group = &self->groups[self->count++];
        *group = (struct group){ .name = name, .number = number, .type = WEIR_VALUE_STRING };
        bool known = !type || parse_type_read(type, &group->type);
        assert(known); /* `check` has looked at the words */
    }
    if (self->count == 0)
        return weir_error_option(
            err, "pattern",
            "has no named group, so that no field would come of it; write (?<name>...)");
    for (size_t i = 0; i < types->count; i++)
        if (!group_is_named(self, weir_str_of(types->items[i].name)))
            return weir_error_option(err, "types",
                                     "\"%s\" is not the name of a group of the pattern",
                                     types->items[i].name);
    return 0;
}

struct parse_regex *parse_regex_new(struct weir_str pattern, const struct weir_pairs *types,
                                    bool preset, struct weir_error *err)
{
    struct weir_error why = { 0 };
    struct weir_regex *regex = weir_regex_new(pattern, &why, NULL);
    if (!regex) {
        weir_error_option(err, "pattern", "%s", why.text);
        return NULL;
    }
    size_t groups = weir_regex_group_count(regex);
    struct parse_regex *self = calloc(1, sizeof(*self) + groups * sizeof(self->groups[0]));
    if (!self) {
        weir_regex_free(regex);
        weir_error_set(err, -ENOMEM, "out of memory");
        return NULL;
    }
    self->regex = regex;
    return add_groups(self, types, preset, err) == 0 ? self : parse_regex_free(self);
}

struct parse_regex *parse_regex_free(struct parse_regex *self)
{
    if (self)
        weir_regex_free(self->regex);
    free(self);
    return NULL;
}

bool parse_regex_is_compiled(const struct parse_regex *self)
{
    return weir_regex_is_compiled(self->regex);
}

enum parse_answer parse_pattern(struct filter_parse *filter, struct weir_batch *batch,
                                struct weir_str text, struct parsed *ret)
{
    const struct parse_regex *self = filter->regex;
    switch (weir_regex_match(self->regex, text)) {
    case WEIR_REGEX_YES: break;
    case WEIR_REGEX_NO: ret->reason = "the pattern does not match"; return PARSE_BAD;
    case WEIR_REGEX_GAVE_UP: ret->reason = "the pattern takes too long"; return PARSE_GAVE_UP;
    }
    ret->fields = weir_batch_fields(batch, self->count);
    if (!ret->fields)
        return PARSE_NO_MEMORY;
    const size_t *spans = weir_regex_spans(self->regex);
    struct weir_field *field = ret->fields;
    for (const struct group *group = self->groups; group < self->groups + self->count; group++) {
        size_t from = spans[2 * group->number], to = spans[2 * group->number + 1];
        if (from == SIZE_MAX)
            continue;
        assert(from <= to && to <= text.len);
        *field = (struct weir_field){ .name = group->name.ptr,
                                      .name_len = (uint16_t)group->name.len,
                                      .value = text.ptr + from,
                                      .value_len = (uint32_t)(to - from),
                                      .type = WEIR_VALUE_STRING,
                                      .flags = WEIR_NAME_CLEAN };
        if (group->type != WEIR_VALUE_STRING)
            parse_type_apply(field, group->type);
        field++;
    }
    ret->count = (uint32_t)(field - ret->fields);
    return PARSE_OK;
}
