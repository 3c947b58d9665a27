/* SPDX-License-Identifier: Apache-2.0 */
/* From an .avsc to a program (Avro 1.12, "Schema Declaration").
 *
 * The schema comes from a registry or a file, so that all of it is checked: what it is made of, names, references, that unions
 * are such that a reader can tell their branches. Attributes that say nothing about what is written (doc, order) are passed
 * over, as are logical types that we do not write in a way of their own: those are written as their underlying type, which is
 * what the specification asks for. Decimal is refused: a program that wrote text or a float where readers expect an
 * unscaled number would be wrong without a sign of it. */
#include "compiler.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int avro_compiler_wrong(struct avro_compiler *c, const char *format, ...)
{
    char text[WEIR_ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const bool inside = c->path[0];
    return weir_error_set(c->err, -EINVAL, "the schema is not one that can be written by: %s%s%s%s",
                          inside ? "field \"" : "", c->path, inside ? "\" " : "", text);
}

int avro_compiler_starved(struct avro_compiler *c)
{
    return weir_error_set(c->err, -ENOMEM, "out of memory for the schema");
}

int avro_compiler_grow(struct avro_compiler *c, void *rows, uint32_t count, uint32_t more,
                       uint32_t *room, size_t size)
{
    if (count + more <= *room)
        return 0;
    const uint32_t want = (count + more) * 2;
    void *grown = reallocarray(*(void **)rows, want, size);
    if (!grown)
        return avro_compiler_starved(c);
    *(void **)rows = grown;
    *room = want;
    return 0;
}

/* ---- types ---------------------------------------------------------------------------------------------- */

/* Index of the type, or a negative errno. */
static int64_t compile(struct avro_compiler *c, const json_t *schema, struct weir_str space);

static int64_t add_type(struct avro_compiler *c, enum avro_kind kind, struct weir_str name)
{
    struct avro_program *program = c->program;
    if (program->type_count == AVRO_TYPES_MAX)
        return avro_compiler_wrong(c, "has too many types");
    int r = avro_compiler_grow(c, &program->types, program->type_count, 1, &c->type_room,
                               sizeof(*program->types));
    if (r < 0)
        return r;
    program->types[program->type_count] = (struct avro_type){ .kind = (uint8_t)kind, .name = name };
    return program->type_count++;
}

static const struct {
    const char *name;
    enum avro_kind kind;
} primitives[] = {
    { "null", AVRO_NULL },   { "boolean", AVRO_BOOLEAN }, { "int", AVRO_INT },
    { "long", AVRO_LONG },   { "float", AVRO_FLOAT },     { "double", AVRO_DOUBLE },
    { "bytes", AVRO_BYTES }, { "string", AVRO_STRING },
};

static int64_t compile_name(struct avro_compiler *c, const char *name, struct weir_str space)
{
    for (size_t i = 0; i < sizeof(primitives) / sizeof(primitives[0]); i++)
        if (strcmp(primitives[i].name, name) == 0)
            return add_type(c, primitives[i].kind, weir_str_of(primitives[i].name));
    const int64_t found = avro_name_find(c, name, space);
    return found >= 0 ? found
                      : avro_compiler_wrong(
                            c, "has the type \"%.100s\", which is not defined before it", name);
}

static enum avro_logical logical_of(const char *name, enum avro_kind kind, uint32_t size)
{
    static const struct {
        const char *name;
        enum avro_kind kind;
        enum avro_logical logical;
    } known[] = {
        { "timestamp-millis", AVRO_LONG, AVRO_MILLIS },
        { "timestamp-micros", AVRO_LONG, AVRO_MICROS },
        { "timestamp-nanos", AVRO_LONG, AVRO_NANOS },
        { "uuid", AVRO_STRING, AVRO_UUID },
        { "uuid", AVRO_FIXED, AVRO_UUID },
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, name) == 0 && known[i].kind == kind &&
            (kind != AVRO_FIXED || size == 16))
            return known[i].logical;
    return AVRO_PLAIN;
}

static int set_logical(struct avro_compiler *c, const json_t *schema, uint32_t type)
{
    const char *name = json_string_value(json_object_get(schema, "logicalType"));
    struct avro_type *row = &c->program->types[type];
    if (!name)
        return 0;
    if (strstr(name, "decimal") && (row->kind == AVRO_BYTES || row->kind == AVRO_FIXED))
        return avro_compiler_wrong(c, "is a decimal, which this codec does not write");
    row->logical = (uint8_t)logical_of(name, (enum avro_kind)row->kind, row->count);
    return 0;
}

static int64_t compile_fixed(struct avro_compiler *c, const json_t *schema, struct weir_str space)
{
    struct weir_str name;
    const json_t *size = json_object_get(schema, "size");
    int64_t type = add_type(c, AVRO_FIXED, WEIR_STR("fixed"));
    int r = type < 0 ? (int)type : avro_name_declare(c, schema, (uint32_t)type, space, &name);
    if (r < 0)
        return r;
    if (!json_is_integer(size) || json_integer_value(size) < 0 ||
        json_integer_value(size) > (json_int_t)AVRO_SCHEMA_BYTES_MAX)
        return avro_compiler_wrong(c, "is fixed, with a size that is none");
    c->program->types[type].count = (uint32_t)json_integer_value(size);
    return type;
}

static int add_symbol(struct avro_compiler *c, const json_t *symbol, uint32_t first)
{
    struct avro_program *program = c->program;
    const char *text = json_string_value(symbol);
    if (!text || !avro_is_name(text))
        return avro_compiler_wrong(c, "is an enum with a symbol that is no name");
    for (uint32_t i = first; i < program->symbol_count; i++)
        if (weir_str_eq(program->symbols[i], weir_str_of(text)))
            return avro_compiler_wrong(c, "is an enum that has the symbol \"%.100s\" twice", text);
    int r = avro_compiler_grow(c, &program->symbols, program->symbol_count, 1, &c->symbol_room,
                               sizeof(*program->symbols));
    struct weir_str copy = avro_pool_copy(program, weir_str_of(text));
    if (r < 0 || !copy.ptr)
        return avro_compiler_starved(c);
    program->symbols[program->symbol_count++] = copy;
    return 0;
}

#define SYMBOLS_MAX 4096

static int64_t compile_enum(struct avro_compiler *c, const json_t *schema, struct weir_str space)
{
    struct weir_str name;
    const json_t *symbols = json_object_get(schema, "symbols");
    const uint32_t first = c->program->symbol_count;
    int64_t type = add_type(c, AVRO_ENUM, WEIR_STR("enum"));
    int r = type < 0 ? (int)type : avro_name_declare(c, schema, (uint32_t)type, space, &name);
    if (r == 0 && (!json_array_size(symbols) || json_array_size(symbols) > SYMBOLS_MAX))
        r = avro_compiler_wrong(c, "is an enum without symbols, or with too many");
    for (size_t i = 0; r == 0 && i < json_array_size(symbols); i++)
        r = add_symbol(c, json_array_get(symbols, i), first);
    if (r < 0)
        return r;
    c->program->types[type].first = first;
    c->program->types[type].count = c->program->symbol_count - first;
    return type;
}

static int64_t compile_items(struct avro_compiler *c, const json_t *schema, enum avro_kind kind,
                             struct weir_str space)
{
    const bool map = kind == AVRO_MAP;
    const json_t *items = json_object_get(schema, map ? "values" : "items");
    int64_t type = add_type(c, kind, map ? WEIR_STR("map") : WEIR_STR("array"));
    if (type < 0)
        return type;
    if (!items)
        return avro_compiler_wrong(c, "is %s",
                                   map ? "a map without \"values\"" : "an array without \"items\"");
    int64_t inner = compile(c, items, space);
    if (inner < 0)
        return inner;
    c->program->types[type].first = (uint32_t)inner;
    return type;
}

/* Branches that a reader could not tell apart: two of one kind, unless both are named. */
static bool is_same_branch(const struct avro_type *a, const struct avro_type *b)
{
    const bool named = a->kind == AVRO_FIXED || a->kind == AVRO_ENUM || a->kind == AVRO_RECORD;
    return a->kind == b->kind && (!named || weir_str_eq(a->name, b->name));
}

static int add_branch(struct avro_compiler *c, const json_t *schema, struct weir_str space,
                      uint32_t first, uint32_t index)
{
    struct avro_program *program = c->program;
    int64_t branch = compile(c, schema, space);
    if (branch < 0)
        return (int)branch;
    const struct avro_type *type = &program->types[branch];
    if (type->kind == AVRO_UNION)
        return avro_compiler_wrong(c, "is a union in a union");
    for (uint32_t i = 0; i < index; i++)
        if (is_same_branch(&program->types[program->branches[first + i]], type))
            return avro_compiler_wrong(c, "is a union with two branches of the type \"%.*s\"",
                                       (int)type->name.len, type->name.ptr);
    program->branches[first + index] = (uint32_t)branch;
    return 0;
}

#define BRANCHES_MAX 256

static int64_t compile_union(struct avro_compiler *c, const json_t *schema, struct weir_str space)
{
    struct avro_program *program = c->program;
    const size_t count = json_array_size(schema);
    const uint32_t first = program->branch_count;
    if (count == 0 || count > BRANCHES_MAX)
        return avro_compiler_wrong(c, "is a union without branches, or with too many");
    int64_t type = add_type(c, AVRO_UNION, WEIR_STR("union"));
    int r = type < 0 ? (int)type
                     : avro_compiler_grow(c, &program->branches, first, (uint32_t)count,
                                          &c->branch_room, sizeof(*program->branches));
    if (r < 0)
        return r;
    program->branch_count += (uint32_t)count;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = add_branch(c, json_array_get(schema, i), space, first, (uint32_t)i);
    if (r < 0)
        return r;
    program->types[type].first = first;
    program->types[type].count = (uint32_t)count;
    return type;
}

/* ---- records ----------------------------------------------------------------------------------------------- */

/* A default stays JSON until all types are known. */
static int keep_default(struct avro_compiler *c, const json_t *schema, uint32_t field)
{
    const json_t *preset = json_object_get(schema, "default");
    if (!preset)
        return 0;
    char *text = json_dumps(preset, JSON_ENCODE_ANY | JSON_COMPACT);
    struct weir_str copy = text ? avro_pool_copy(c->program, weir_str_of(text)) : WEIR_STR_NONE;
    free(text);
    if (!copy.ptr)
        return avro_compiler_starved(c);
    c->program->fields[field].preset = copy;
    c->program->fields[field].state = AVRO_DEFAULT_OPEN;
    return 0;
}

/* How the records that come call a field of the outermost type; NULL: as the schema does. */
static const char *renamed(const struct avro_compiler *c, uint32_t type, const char *name)
{
    for (size_t i = 0; type == 0 && i < c->rename_count; i++)
        if (strcmp(c->renames[i].name, name) == 0)
            return c->renames[i].value;
    return NULL;
}

static int add_field_name(struct avro_compiler *c, uint32_t type, uint32_t index,
                          struct weir_str text, bool own)
{
    struct avro_program *program = c->program;
    const struct avro_name *there =
        program->names ? avro_program_find(program, type, text.ptr, text.len) : NULL;
    if (there)
        return own ? avro_compiler_wrong(c, "is called \"%.*s\", as another one", (int)text.len,
                                         text.ptr)
                   : 0;
    const struct avro_name name = { .text = text, .type = type, .field = index, .own = own };
    return avro_program_name(program, &name) < 0 ? avro_compiler_starved(c) : 0;
}

static int add_aliases(struct avro_compiler *c, const json_t *schema, uint32_t type, uint32_t index)
{
    const json_t *aliases = json_object_get(schema, "aliases");
    for (size_t i = 0; i < json_array_size(aliases); i++) {
        const char *alias = json_string_value(json_array_get(aliases, i));
        if (!alias || !avro_is_name(alias))
            return avro_compiler_wrong(c, "has an alias that is no name");
        struct weir_str text = avro_pool_copy(c->program, weir_str_of(alias));
        int r = text.ptr ? add_field_name(c, type, index, text, false) : avro_compiler_starved(c);
        if (r < 0)
            return r;
    }
    return 0;
}

static int compile_field(struct avro_compiler *c, const json_t *schema, uint32_t type,
                         uint32_t index, struct weir_str space)
{
    struct avro_program *program = c->program;
    const uint32_t field = program->types[type].first + index;
    const char *name = json_string_value(json_object_get(schema, "name"));
    const json_t *inner = json_object_get(schema, "type");
    if (!name || !avro_is_name(name))
        return avro_compiler_wrong(
            c, "is a record with a field without a name, or with one that is none");
    const size_t outer = strlen(c->path);
    snprintf(c->path + outer, sizeof(c->path) - outer, "%s%s", outer ? "." : "", name);
    program->fields[field].name = avro_pool_copy(program, weir_str_of(name));
    if (!program->fields[field].name.ptr)
        return avro_compiler_starved(c);
    const char *other = renamed(c, type, name);
    struct weir_str text =
        other ? avro_pool_copy(program, weir_str_of(other)) : program->fields[field].name;
    int r = text.ptr ? add_field_name(c, type, index, text, true) : avro_compiler_starved(c);
    if (r == 0 && !inner)
        r = avro_compiler_wrong(c, "has no type");
    int64_t found = r == 0 ? compile(c, inner, space) : r;
    if (found < 0)
        return (int)found;
    program->fields[field].type = (uint32_t)found;
    r = keep_default(c, schema, field);
    c->path[outer] = '\0';
    return r;
}

#define FIELDS_MAX 4096

static int64_t compile_record(struct avro_compiler *c, const json_t *schema, struct weir_str space)
{
    struct weir_str name;
    struct avro_program *program = c->program;
    const json_t *fields = json_object_get(schema, "fields");
    const size_t count = json_array_size(fields);
    const uint32_t first = program->field_count;
    int64_t type = add_type(c, AVRO_RECORD, WEIR_STR("record"));
    int r = type < 0 ? (int)type : avro_name_declare(c, schema, (uint32_t)type, space, &name);
    if (r == 0 && (!json_is_array(fields) || count > FIELDS_MAX))
        r = avro_compiler_wrong(c, "is a record without \"fields\", or with too many");
    if (r == 0)
        r = avro_compiler_grow(c, &program->fields, first, (uint32_t)count, &c->field_room,
                               sizeof(*program->fields));
    if (r < 0)
        return r;
    if (count)
        memset(program->fields + first, 0, count * sizeof(*program->fields));
    program->field_count += (uint32_t)count;
    program->types[type].first = first;
    program->types[type].count = (uint32_t)count;
    for (size_t i = 0; r == 0 && i < count; i++)
        r = compile_field(c, json_array_get(fields, i), (uint32_t)type, (uint32_t)i,
                          avro_name_space(name));
    for (size_t i = 0; r == 0 && i < count; i++)
        if (!renamed(c, (uint32_t)type, program->fields[first + i].name.ptr))
            r = add_aliases(c, json_array_get(fields, i), (uint32_t)type, (uint32_t)i);
    return r < 0 ? r : type;
}

/* ---- the whole --------------------------------------------------------------------------------------------- */

static int64_t compile_object(struct avro_compiler *c, const json_t *schema, struct weir_str space)
{
    const json_t *type = json_object_get(schema, "type");
    const char *name = json_string_value(type);
    const uint32_t before = c->program->type_count;
    int64_t made;
    if (json_is_object(type) || json_is_array(type))
        made = compile(c, type, space);
    else if (!name)
        return avro_compiler_wrong(c, "has a type that is none");
    else if (strcmp(name, "record") == 0)
        made = compile_record(c, schema, space);
    else if (strcmp(name, "enum") == 0)
        made = compile_enum(c, schema, space);
    else if (strcmp(name, "fixed") == 0)
        made = compile_fixed(c, schema, space);
    else if (strcmp(name, "array") == 0 || strcmp(name, "map") == 0)
        made = compile_items(c, schema, name[0] == 'm' ? AVRO_MAP : AVRO_ARRAY, space);
    else
        made = compile_name(c, name, space);
    if (made <
        before) /* or an error: what is said here says nothing about a type that was defined elsewhere */
        return made;
    int r = set_logical(c, schema, (uint32_t)made);
    return r < 0 ? r : made;
}

static int64_t compile(struct avro_compiler *c, const json_t *schema, struct weir_str space)
{
    int64_t made;
    if (c->depth == AVRO_DEPTH_MAX)
        return avro_compiler_wrong(c, "is nested too deep");
    c->depth++;
    if (json_is_string(schema))
        made = compile_name(c, json_string_value(schema), space);
    else if (json_is_array(schema))
        made = compile_union(c, schema, space);
    else if (json_is_object(schema))
        made = compile_object(c, schema, space);
    else
        made = avro_compiler_wrong(c, "has a type that is none");
    c->depth--;
    return made;
}

static int check_renames(struct avro_compiler *c)
{
    const struct avro_type *root = c->program->types;
    for (size_t i = 0; i < c->rename_count; i++) {
        bool found = false;
        for (uint32_t n = 0; n < root->count && !found; n++)
            found = weir_str_eq(c->program->fields[root->first + n].name,
                                weir_str_of(c->renames[i].name));
        if (!found)
            return weir_error_set(
                c->err, -EINVAL,
                "the codec's option \"fields\" names \"%s\", which the schema does "
                "not have",
                c->renames[i].name);
    }
    return 0;
}

static int compile_root(struct avro_compiler *c, const json_t *schema)
{
    int64_t r = compile(c, schema, WEIR_STR_NONE);
    if (r >= 0 && (r != 0 || c->program->types[0].kind != AVRO_RECORD))
        r = avro_compiler_wrong(c, "a record of a log is a record: the outermost type must be one");
    if (r >= 0 && !c->program->names) /* looked into, if there is nothing in it */
        r = avro_program_name(c->program,
                              &(struct avro_name){ .type = UINT32_MAX, .text = WEIR_STR("") }) < 0
                ? avro_compiler_starved(c)
                : 0;
    return r < 0 ? (int)r : check_renames(c);
}

int avro_program_compile(struct avro_program *program, struct weir_str schema,
                         const struct weir_pair *renames, size_t rename_count,
                         struct weir_error *err)
{
    struct avro_compiler c = {
        .program = program, .err = err, .renames = renames, .rename_count = rename_count
    };
    json_error_t at;
    *program = (struct avro_program){ 0 };
    if (schema.len > AVRO_SCHEMA_BYTES_MAX)
        return weir_error_set(err, -EFBIG, "the schema is larger than 1 MiB");
    json_t *json =
        json_loadb(schema.ptr ? schema.ptr : "", schema.len, JSON_REJECT_DUPLICATES, &at);
    int r = json ? compile_root(&c, json)
                 : weir_error_set(err, -EINVAL, "the schema is not JSON: %s (line %d)", at.text,
                                  at.line);
    json_decref(json);
    free(c.named);
    if (r < 0)
        avro_program_free(program);
    return r;
}
