/* SPDX-License-Identifier: Apache-2.0 */
/* Names that occur twice: see json_names.h.
 *
 * An escaped name is the same as its plain twin ("a" and "\u0061"), so tags are made of the decoded
 * bytes, eight at a time. The tag is no defence against someone who makes names collide on purpose:
 * that costs a comparison for each pair of at most WEIR_JSON_MEMBERS_MAX names, and no more. */
#include "base/json_names.h"

#include "base/json_escape.h"

#include <assert.h>
#include <endian.h>

typedef uint8_t tags16 __attribute__((vector_size(16)));

static inline uint64_t mix(uint64_t hash, uint64_t word)
{
    return (hash ^ word) * 0x9e3779b97f4a7c15u;
}

static uint8_t tag_escaped(struct weir_str name)
{
    struct json_text text = json_text_of(name, true);
    uint64_t hash = 0, word = 0;
    size_t len = 0;
    for (int byte; (byte = json_text_next(&text)) >= 0; len++) {
        word |= (uint64_t)byte << 8 * (len % 8);
        if (len % 8 == 7) {
            hash = mix(hash, word);
            word = 0;
        }
    }
    return (uint8_t)(mix(hash, word) >> 56);
}

static inline uint8_t tag_plain(const char *name, size_t len)
{
    uint64_t hash = 0, word;
    for (; len >= 8; len -= 8, name += 8) {
        memcpy(&word, name, 8);
        hash = mix(hash, le64toh(word));
    }
    memcpy(&word, name, 8); /* with up to 8 bytes that do not count */
    word = le64toh(word) & ((1ull << 8 * len) - 1);
    return (uint8_t)(mix(hash, word) >> 56);
}

static bool same_name(const struct weir_field *a, const struct weir_field *b)
{
    struct weir_str left = { a->name, a->name_len }, right = { b->name, b->name_len };
    if (!((a->flags | b->flags) & WEIR_NAME_ESCAPED))
        return weir_str_eq(left, right);
    struct json_text one = json_text_of(left, a->flags & WEIR_NAME_ESCAPED);
    struct json_text other = json_text_of(right, b->flags & WEIR_NAME_ESCAPED);
    return json_text_eq(&one, &other);
}

/* The first of the 16 names from `base` on that has this tag and is the name of fields[count]. */
static int find_among(const struct json_names *names, uint8_t tag, uint32_t base,
                      const struct weir_field *fields, uint32_t count)
{
    for (uint32_t i = base; i < base + 16 && i < count; i++)
        if (names->tags[i] == tag && same_name(&fields[i], &fields[count]))
            return (int)i;
    return -1;
}

static inline bool has_tag(const uint8_t *tags, tags16 wanted)
{
    tags16 sixteen;
    uint64_t equal[2];
    memcpy(&sixteen, tags, sizeof(sixteen));
    sixteen = (tags16)(sixteen == wanted);
    memcpy(equal, &sixteen, sizeof(equal));
    return equal[0] | equal[1];
}

int json_names_meet(struct json_names *names, const struct weir_field *fields, uint32_t count)
{
    assert(count < WEIR_JSON_MEMBERS_MAX);
    const struct weir_field *field = &fields[count];
    const uint8_t tag = field->flags & WEIR_NAME_ESCAPED
                            ? tag_escaped((struct weir_str){ field->name, field->name_len })
                            : tag_plain(field->name, field->name_len);
    if (count % 16 == 0)
        memset(names->tags + count, 0, 16);
    int found = -1;
    for (uint32_t base = 0; found < 0 && base < count; base += 16)
        if (__builtin_expect(has_tag(names->tags + base, tag - (tags16){ 0 }), 0))
            found = find_among(names, tag, base, fields, count);
    names->tags[count] = tag;
    return found;
}

uint32_t weir_json_drop_repeated(struct weir_field *fields, uint32_t count)
{
    const uint8_t name_flags = WEIR_NAME_ESCAPED | WEIR_NAME_CLEAN;
    struct json_names names;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        fields[kept] = fields[i];
        int first = json_names_meet(&names, fields, kept);
        if (first < 0) {
            kept++;
            continue;
        }
        struct weir_field *field = &fields[first];
        field->value = fields[i].value;
        field->value_len = fields[i].value_len;
        field->type = fields[i].type;
        field->flags = (uint8_t)((field->flags & name_flags) | (fields[i].flags & ~name_flags));
    }
    return kept;
}
