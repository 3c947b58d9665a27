/* SPDX-License-Identifier: Apache-2.0 */
/* Why a record does not fit, for the person who looks at the dead letters:
 *
 *     does not fit the schema: user.age: expected int, found an integer out of its range
 *     +-- always -----------+  +-path-+  +- what the schema says, and what the record has -+
 *
 * While a record is encoded a misfit is a few numbers; unions make many that mean nothing. What the record holds is not
 * repeated: it is beside the reason, and may be secret. */
#include "avro.h"

#include <stdarg.h>
#include <stdio.h>

enum avro_answer avro_misfit(struct codec_avro *self, enum avro_problem problem, uint32_t type,
                             const struct weir_field *found)
{
    struct avro_misfit *misfit = &self->misfit;
    misfit->problem = problem;
    misfit->type = type;
    misfit->found = found ? (enum weir_value)found->type : WEIR_VALUE_NULL;
    misfit->len = found ? found->value_len : 0;
    misfit->depth = 0;
    if (found && found->type == WEIR_VALUE_JSON && found->value_len && found->value[0] == '[')
        misfit->len = 0; /* says that it is an array */
    return AVRO_MISFIT;
}

void avro_misfit_in(struct codec_avro *self, struct weir_str name)
{
    struct avro_misfit *misfit = &self->misfit;
    if (misfit->depth < AVRO_PATH_MAX)
        misfit->path[misfit->depth++].name = name;
}

void avro_misfit_at(struct codec_avro *self, size_t index)
{
    struct avro_misfit *misfit = &self->misfit;
    if (misfit->depth < AVRO_PATH_MAX) {
        misfit->path[misfit->depth].name = WEIR_STR_NONE;
        misfit->path[misfit->depth++].index = index;
    }
}

struct text {
    char *at, *end;
};

static void say(struct text *text, const char *format, ...) WEIR_PRINTF(2, 3);

static void say(struct text *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(text->at, (size_t)(text->end - text->at), format, args);
    va_end(args);
    if (len > 0)
        text->at += len < text->end - text->at ? len : text->end - text->at - 1;
}

#define NAME_BYTES 48

/* A name may be anything: it is cut, and what could end a line or is no ASCII becomes '?'. */
static void say_name(struct text *text, struct weir_str name)
{
    for (size_t i = 0; i < name.len && i < NAME_BYTES; i++) {
        const char c = name.ptr[i];
        say(text, "%c", c > ' ' && c < 0x7f ? c : '?');
    }
    if (name.len > NAME_BYTES)
        say(text, "...");
}

static void say_path(struct text *text, const struct avro_misfit *misfit)
{
    for (unsigned i = misfit->depth; i > 0; i--) {
        if (!misfit->path[i - 1].name.ptr)
            say(text, "[%zu]", misfit->path[i - 1].index);
        else {
            say(text, i == misfit->depth ? "" : ".");
            say_name(text, misfit->path[i - 1].name);
        }
    }
    say(text, ": ");
}

static void say_type(struct text *text, const struct avro_program *program, uint32_t type)
{
    static const char *const kinds[] = {
        [AVRO_FIXED] = "fixed ", [AVRO_ENUM] = "enum ", [AVRO_RECORD] = "record "
    };
    static const char *const logicals[] = { "", " (timestamp-millis)", " (timestamp-micros)",
                                            " (timestamp-nanos)", " (uuid)" };
    const struct avro_type *row = &program->types[type];
    const bool named =
        row->kind == AVRO_FIXED || row->kind == AVRO_ENUM || row->kind == AVRO_RECORD;
    if (row->kind != AVRO_UNION) {
        say(text, "%s%.*s%s", named ? kinds[row->kind] : "", (int)row->name.len, row->name.ptr,
            logicals[row->logical]);
        return;
    }
    for (uint32_t i = 0; i < row->count; i++) {
        say(text, "%s", i == 0 ? "" : i + 1 == row->count ? " or " : ", ");
        say_type(text, program, program->branches[row->first + i]);
    }
}

static const char *found_text(const struct avro_misfit *misfit)
{
    switch (misfit->found) {
    case WEIR_VALUE_NULL: return "null";
    case WEIR_VALUE_BOOL: return "true or false";
    case WEIR_VALUE_INT: return "an integer";
    case WEIR_VALUE_FLOAT: return "a number with a fraction or exponent, or of many digits";
    case WEIR_VALUE_STRING: return "text";
    case WEIR_VALUE_JSON: return misfit->len ? "an object" : "an array";
    }
    return "";
}

static const char *problem_text(const struct avro_misfit *misfit)
{
    switch (misfit->problem) {
    case AVRO_WRONG_TYPE: return found_text(misfit);
    case AVRO_OUT_OF_RANGE: return "a number out of its range";
    case AVRO_NO_SYMBOL: return "text that is none of its symbols";
    case AVRO_WRONG_SIZE: return "text of another size";
    case AVRO_NOT_UTF8: return "text that is not UTF-8";
    case AVRO_NOT_UUID: return "text that is no UUID";
    case AVRO_NOT_TIME: return "text that is no time as RFC 3339 has it";
    case AVRO_TOO_LONG: return "a number of too many digits";
    case AVRO_TOO_DEEP: return "something that is nested too deep";
    case AVRO_MISSING:
    case AVRO_UNKNOWN: break;
    }
    return "";
}

struct weir_str avro_misfit_text(struct codec_avro *self)
{
    const struct avro_misfit *misfit = &self->misfit;
    struct text text = { self->why, self->why + sizeof(self->why) };
    say(&text, "does not fit the schema: ");
    say_path(&text, misfit);
    if (misfit->problem == AVRO_UNKNOWN) {
        say(&text, "the schema has no such field");
    } else {
        say(&text, misfit->problem == AVRO_MISSING ? "it is missing, and has no default: " : "");
        say(&text, "expected ");
        say_type(&text, &self->program, misfit->type);
        if (misfit->problem != AVRO_MISSING)
            say(&text, ", found %s", problem_text(misfit));
    }
    return (struct weir_str){ self->why, (size_t)(text.at - self->why) };
}
