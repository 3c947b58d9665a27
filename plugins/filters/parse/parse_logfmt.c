/* SPDX-License-Identifier: Apache-2.0 */
/* key=value pairs, as Go's loggers and Heroku write them:
 *
 *     level=info msg="said \"hi\"" took=12ms cached
 *
 * Pairs are separated by spaces. A value in quotes may hold backslash escapes; a key alone stands for true.
 * Of a key that comes twice the later value counts. A text without a single "=" is not of this format, since
 * any prose would be. */
#include "parse.h"

/* What is being read; `at` moves. */
struct cursor {
    const char *at, *end;
};

static bool is_space(char byte)
{
    return (unsigned char)byte <= ' ';
}

/* Bytes that need no escaping in a JSON name. */
static bool is_word(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '.' || byte == '-' || byte == '/';
}

static bool is_hex4(const char *text, const char *end)
{
    if (end - text < 4)
        return false;
    for (int i = 0; i < 4; i++)
        if (!((text[i] >= '0' && text[i] <= '9') ||
              ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'f')))
            return false;
    return true;
}

/* Whether the text between quotes would be valid in JSON: then nobody needs to decode it now. (A byte above
 * 0x7f would have to be checked too.) */
static bool is_json_text(struct weir_str text)
{
    const char *end = text.ptr + text.len;
    for (const char *at = text.ptr; at < end; at++) {
        if ((unsigned char)*at < 0x20 || (unsigned char)*at >= 0x7f)
            return false;
        if (*at != '\\')
            continue;
        at++; /* the scan for the closing quote has seen to it that there is one */
        if (*at == 'u' ? !is_hex4(at + 1, end) : !*at || !strchr("\"\\/bfnrt", *at))
            return false;
    }
    return true;
}

/* The text with its escapes undone; those that are none stay as they are. */
static bool decode(struct weir_batch *batch, struct weir_str text, struct weir_field *field)
{
    static const char escapes[] = "\"\\/nrt", meanings[] = "\"\\/\n\r\t";
    char *plain = weir_batch_alloc(batch, text.len), *out = plain;
    if (!plain)
        return false;
    for (const char *at = text.ptr, *end = at + text.len; at < end; at++) {
        const char *escape = *at == '\\' && at[1] ? strchr(escapes, at[1]) : NULL;
        if (escape)
            at++;
        *out++ = escape ? meanings[escape - escapes] : *at;
    }
    field->value = plain;
    field->value_len = (uint32_t)(out - plain);
    return true;
}

static enum parse_answer read_quoted(struct weir_batch *batch, struct cursor *cursor,
                                     struct weir_field *field, const char **ret_reason)
{
    const char *start = ++cursor->at;
    bool escaped = false;
    while (cursor->at < cursor->end && *cursor->at != '"') {
        bool escape = *cursor->at == '\\';
        escaped |= escape;
        cursor->at += 1 + escape;
    }
    if (cursor->at >= cursor->end) {
        cursor->at = start - 1;
        *ret_reason = "no closing quote";
        return PARSE_BAD;
    }
    struct weir_str text = { start, (size_t)(cursor->at - start) };
    cursor->at++;
    field->value = text.ptr;
    field->value_len = (uint32_t)text.len;
    if (!escaped)
        return PARSE_OK;
    if (is_json_text(text)) {
        field->flags |= WEIR_VALUE_ESCAPED;
        return PARSE_OK;
    }
    return decode(batch, text, field) ? PARSE_OK : PARSE_NO_MEMORY;
}

static void read_key(struct cursor *cursor, struct weir_field *field)
{
    const char *start = cursor->at;
    bool clean = true;
    for (; cursor->at < cursor->end && !is_space(*cursor->at) && *cursor->at != '=' &&
           *cursor->at != '"';
         cursor->at++)
        clean &= is_word(*cursor->at);
    size_t len = (size_t)(cursor->at - start);
    *field = (struct weir_field){ .name = start,
                                  .name_len = len <= UINT16_MAX ? (uint16_t)len : 0,
                                  .value = "true",
                                  .value_len = 4,
                                  .type = WEIR_VALUE_BOOL,
                                  .flags = clean ? WEIR_NAME_CLEAN : 0 };
}

/* One pair, at its first byte. */
static enum parse_answer read_pair(struct weir_batch *batch, struct cursor *cursor,
                                   struct weir_field *field, const char **ret_reason)
{
    read_key(cursor, field);
    *ret_reason = field->name_len ? "unexpected quote" : "expected a key";
    if (field->name_len == 0 || (cursor->at < cursor->end && *cursor->at == '"'))
        return PARSE_BAD;
    if (cursor->at == cursor->end || *cursor->at != '=')
        return PARSE_OK;
    field->type = WEIR_VALUE_STRING;
    const char *start = ++cursor->at;
    if (start < cursor->end && *start == '"') {
        enum parse_answer answer = read_quoted(batch, cursor, field, ret_reason);
        if (answer != PARSE_OK)
            return answer;
        *ret_reason = "expected a space after a quoted value";
        return cursor->at == cursor->end || is_space(*cursor->at) ? PARSE_OK : PARSE_BAD;
    }
    while (cursor->at < cursor->end && !is_space(*cursor->at) && *cursor->at != '"')
        cursor->at++;
    field->value = start;
    field->value_len = (uint32_t)(cursor->at - start);
    return cursor->at == cursor->end || *cursor->at != '"' ? PARSE_OK : PARSE_BAD;
}

static struct weir_field *find_pair(struct weir_field *pairs, uint32_t count,
                                    const struct weir_field *field)
{
    for (uint32_t i = 0; i < count; i++)
        if (pairs[i].name_len == field->name_len &&
            memcmp(pairs[i].name, field->name, field->name_len) == 0)
            return &pairs[i];
    return NULL;
}

static void apply_types(const struct weir_pairs *types, struct weir_field *pairs, uint32_t count)
{
    for (size_t i = 0; i < types->count; i++) {
        const struct weir_field name = { .name = types->items[i].name,
                                         .name_len = (uint16_t)strlen(types->items[i].name) };
        struct weir_field *pair = find_pair(pairs, count, &name);
        enum weir_value type;
        if (pair && pair->type == WEIR_VALUE_STRING && !(pair->flags & WEIR_VALUE_ESCAPED) &&
            parse_type_read(types->items[i].value, &type) && type != WEIR_VALUE_STRING)
            parse_type_apply(pair, type);
    }
}

/* Decoding takes memory of the batch, so the pairs stand elsewhere until all are read. */
static enum parse_answer read_pairs(struct filter_parse *self, struct weir_batch *batch,
                                    struct weir_str text, struct parsed *ret)
{
    struct cursor cursor = { text.ptr, text.ptr + text.len };
    bool any = false;
    enum parse_answer answer = PARSE_OK;
    for (;;) {
        while (cursor.at < cursor.end && is_space(*cursor.at))
            cursor.at++;
        if (cursor.at == cursor.end)
            break;
        struct weir_field pair;
        answer = read_pair(batch, &cursor, &pair, &ret->reason);
        ret->offset = (size_t)(cursor.at - text.ptr);
        if (answer != PARSE_OK)
            return answer;
        any |= pair.type == WEIR_VALUE_STRING;
        struct weir_field *place = find_pair(self->pairs, ret->count, &pair);
        if (!place && ret->count == LOGFMT_PAIRS_MAX) {
            ret->reason = "too many pairs";
            return PARSE_BAD;
        }
        *(place ? place : &self->pairs[ret->count++]) = pair;
    }
    ret->reason = "no key=value in it";
    ret->offset = 0;
    return any ? PARSE_OK : PARSE_BAD;
}

enum parse_answer parse_logfmt(struct filter_parse *self, struct weir_batch *batch,
                               struct weir_str text, struct parsed *ret)
{
    enum parse_answer answer = read_pairs(self, batch, text, ret);
    if (answer != PARSE_OK)
        return answer;
    apply_types(&self->types, self->pairs, ret->count);
    ret->fields = weir_batch_fields(batch, ret->count);
    if (!ret->fields)
        return PARSE_NO_MEMORY;
    memcpy(ret->fields, self->pairs, ret->count * sizeof(*ret->fields));
    return PARSE_OK;
}
