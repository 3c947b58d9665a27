/* SPDX-License-Identifier: Apache-2.0 */
/* Names of types (Avro 1.12, "Names"): a name without dots is in the namespace that it says, else in that of the type around
 * it. */
#include "compiler.h"

#include <stdio.h>

#define NAMED_MAX 2000

bool avro_is_name(const char *text)
{
    size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    return len && !text[len] && !(text[0] >= '0' && text[0] <= '9');
}

static bool is_full_name(const char *text)
{
    char part[256];
    for (;;) {
        size_t len = strcspn(text, ".");
        if (len >= sizeof(part))
            return false;
        memcpy(part, text, len);
        part[len] = '\0';
        if (!avro_is_name(part))
            return false;
        if (!text[len])
            return true;
        text += len + 1;
    }
}

/* "space.name", unless `name` is full or `space` is empty. */
static struct weir_str full_name(struct avro_compiler *c, const char *name, struct weir_str space)
{
    char text[1024];
    if (strchr(name, '.') || !space.len)
        return avro_pool_copy(c->program, weir_str_of(name));
    int len = snprintf(text, sizeof(text), "%.*s.%s", (int)space.len, space.ptr, name);
    if (len < 0 || (size_t)len >= sizeof(text))
        return WEIR_STR_NONE;
    return avro_pool_copy(c->program, (struct weir_str){ text, (size_t)len });
}

struct weir_str avro_name_space(struct weir_str name)
{
    const char *dot = memrchr(name.ptr, '.', name.len);
    return dot ? (struct weir_str){ name.ptr, (size_t)(dot - name.ptr) } : WEIR_STR_NONE;
}

static int64_t find_named(const struct avro_compiler *c, struct weir_str name)
{
    for (uint32_t i = 0; i < c->named_count; i++)
        if (weir_str_eq(c->named[i].name, name))
            return c->named[i].type;
    return -1;
}

int64_t avro_name_find(struct avro_compiler *c, const char *name, struct weir_str space)
{
    const struct weir_str full = full_name(c, name, space);
    const int64_t found = full.ptr ? find_named(c, full) : -1;
    return found >= 0 ? found
                      : find_named(c, weir_str_of(name)); /* one of no namespace can be meant too */
}

int avro_name_declare(struct avro_compiler *c, const json_t *schema, uint32_t type,
                      struct weir_str space, struct weir_str *ret_name)
{
    const char *name = json_string_value(json_object_get(schema, "name"));
    const char *given = json_string_value(json_object_get(schema, "namespace"));
    if (!name || !is_full_name(name))
        return avro_compiler_wrong(c, "has a type without a name, or with one that is none");
    if (given && given[0] && !is_full_name(given))
        return avro_compiler_wrong(c, "has a namespace that is none");
    struct weir_str full = full_name(c, name, given ? weir_str_of(given) : space);
    if (!full.ptr)
        return avro_compiler_wrong(c, "has a name that is too long");
    if (find_named(c, full) >= 0)
        return avro_compiler_wrong(c, "defines \"%s\" a second time", full.ptr);
    if (c->named_count == NAMED_MAX)
        return avro_compiler_wrong(c, "has too many named types");
    int r = avro_compiler_grow(c, &c->named, c->named_count, 1, &c->named_room, sizeof(*c->named));
    if (r < 0)
        return r;
    c->named[c->named_count++] = (struct avro_named){ full, type };
    c->program->types[type].name = full;
    *ret_name = full;
    return 0;
}
