/* SPDX-License-Identifier: Apache-2.0 */
/* JSON, checked in full and opened at the top.
 *
 * Two steps take turns. The indexer (json_index.h; vector code) says where something stands that the
 * grammar must look at, some hundred tokens ahead; the walk here goes from token to token and never
 * looks at the bytes of a plain string. A plain string is two tokens, whatever its length:
 *
 *     "level":"INFO",        at[0] at[1] the name, at[2] the colon, at[3] at[4] the value, at[5] the comma
 *
 * The walk peeks at most JSON_SENTINELS tokens beyond the one it has made sure of. At the end of the text
 * these hold `len`, where any byte may stand; so what is read there may look like a token. It does no
 * harm: scan_ensure() and scan_ends() refuse whoever came to stand behind the last real token.
 *
 * Depth is a bit a level in one word, so there is no recursion, and no stack to overflow. UTF-8 is
 * checked last, and only if there was a byte above 0x7f; outside strings the grammar has no place for
 * one.
 *
 * Rejected: tokens of a whole text at once (memory that grows with the line), and a table of states
 * (each member of an object looks like the last, so that the straight code below predicts well, where
 * one indirect jump for all tokens does not). */
#include "base/json_scan.h"

#include "base/json_index.h"
#include "base/json_names.h"
#include "base/json_number.h"
#include "base/simd.h"
#include "base/utf8.h"

#include <assert.h>

struct scan {
    const char *text;
    const uint32_t
        *limit; /* a cursor up to here has JSON_SENTINELS entries that can be looked at */
    json_index_f *fill;
    size_t offset; /* of what is wrong, and why */
    const char *reason;
    struct json_index index;
};

#define LIKELY(condition) __builtin_expect((condition), 1)
#define UNLIKELY(condition) __builtin_expect((condition), 0)

/* Notes what is wrong at a token; the cursor becomes NULL. */
static const uint32_t *scan_fail_at(struct scan *scan, size_t offset, const char *reason)
{
    bool ended = offset >= scan->index.len;
    scan->offset = ended ? scan->index.len : offset;
    scan->reason = ended ? "unexpected end of the text" : reason;
    return NULL;
}

static const uint32_t *scan_fail(struct scan *scan, const uint32_t *at, const char *reason)
{
    return scan_fail_at(scan, *at, reason);
}

static void scan_fill(struct scan *scan)
{
    struct json_index *index = &scan->index;
    scan->fill(index);
    /* A text that is indexed to its end is followed by sentinels. */
    scan->limit = index->tokens + index->count;
    scan->limit -= index->at == index->len ? 1 : JSON_SENTINELS;
}

/* For a cursor behind the limit: moves what is left to the front and indexes more, if there is more. The
 * answer may stand at the sentinels; NULL when the cursor was already among them. */
static __attribute__((noinline)) const uint32_t *scan_refill(struct scan *scan, const uint32_t *at)
{
    struct json_index *index = &scan->index;
    const uint32_t *end = index->tokens + index->count;
    if (at > end)
        return scan_fail_at(scan, index->len, NULL);
    if (index->at == index->len)
        return at;
    index->count = (uint32_t)(end - at);
    memmove(index->tokens, at, index->count * sizeof(*at));
    scan_fill(scan);
    return index->tokens;
}

/* A cursor with JSON_SENTINELS entries that can be looked at. */
static inline const uint32_t *scan_peek(struct scan *scan, const uint32_t *at)
{
    return LIKELY(at <= scan->limit) ? at : scan_refill(scan, at);
}

/* The same, at a token that is there; NULL at the end of the text. */
static inline const uint32_t *scan_ensure(struct scan *scan, const uint32_t *at)
{
    if (LIKELY(at <= scan->limit))
        return at;
    at = scan_refill(scan, at);
    if (at == scan->index.tokens + scan->index.count)
        return scan_fail_at(scan, scan->index.len, NULL);
    return at;
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* A number or a word ends at `end`: another token must begin there, or space. */
static inline const uint32_t *scan_delimited(struct scan *scan, const uint32_t *at, size_t end,
                                             const char *reason)
{
    if (LIKELY(at[1] == end) || (end <= scan->index.len && is_space(scan->text[end])))
        return at + 1;
    return scan_fail(scan, at, reason);
}

static bool is_hex(char byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'f');
}

static bool escape_is_valid(const char *text)
{
    if (text[1] == 'u')
        return is_hex(text[2]) && is_hex(text[3]) && is_hex(text[4]) && is_hex(text[5]);
    return text[1] && strchr("\"\\/bfnrt", text[1]);
}

/* A string that is not plain, at its opening quote. `ret_end` is set to the offset of the closing one;
 * the cursor moves behind that. */
static __attribute__((noinline)) const uint32_t *scan_escaped(struct scan *scan, const uint32_t *at,
                                                              uint32_t *ret_end)
{
    for (;;) {
        at = scan_ensure(scan, at + 1);
        if (!at)
            return NULL;
        const char *text = scan->text + *at;
        if (*text == '"')
            break;
        if (*text != '\\')
            return scan_fail(scan, at, "control character in a string");
        if (scan->index.len - *at < 2 || (text[1] == 'u' && scan->index.len - *at < 6))
            return scan_fail_at(scan, scan->index.len, NULL);
        if (!escape_is_valid(text))
            return scan_fail(scan, at, "invalid escape in a string");
    }
    *ret_end = *at;
    return scan_peek(scan, at + 1);
}

/* A string at its opening quote; `ret_plain` tells whether it means itself. */
static inline const uint32_t *scan_string(struct scan *scan, const uint32_t *at, uint32_t *ret_end,
                                          bool *ret_plain)
{
    *ret_end = at[1];
    *ret_plain = LIKELY(scan->text[at[1]] == '"');
    return *ret_plain ? at + 2 : scan_escaped(scan, at, ret_end);
}

static inline const uint32_t *scan_word(struct scan *scan, const uint32_t *at, const char *word,
                                        size_t len)
{
    if (memcmp(scan->text + *at, word, len) != 0)
        return scan_fail(scan, at, "expected a value");
    return scan_delimited(scan, at, *at + len, "expected a value");
}

/* What a value is, as a field would have it. */
struct scanned {
    uint32_t end; /* offset after the text; a string's text lies between its quotes */
    uint8_t type; /* enum weir_value */
    uint8_t flags;
};

/* A value that is no container. */
static inline const uint32_t *scan_scalar(struct scan *scan, const uint32_t *at,
                                          struct scanned *ret)
{
    const uint32_t start = *at;
    const char *text = scan->text + start;
    ret->flags = WEIR_VALUE_CLEAN;
    switch (*text) {
    case '"': {
        bool plain;
        at = scan_string(scan, at, &ret->end, &plain);
        ret->type = WEIR_VALUE_STRING;
        ret->flags = plain ? WEIR_VALUE_CLEAN : WEIR_VALUE_ESCAPED;
        return at;
    }
    case 't':
        ret->end = start + 4;
        ret->type = WEIR_VALUE_BOOL;
        return scan_word(scan, at, "true", 4);
    case 'f':
        ret->end = start + 5;
        ret->type = WEIR_VALUE_BOOL;
        return scan_word(scan, at, "false", 5);
    case 'n':
        ret->end = start + 4;
        ret->type = WEIR_VALUE_NULL;
        return scan_word(scan, at, "null", 4);
    }
    if (*text != '-' && (*text < '0' || *text > '9'))
        return scan_fail(scan, at, "expected a value");
    struct json_number number = json_number_read(text, scan->text + scan->index.len);
    if (!number.end)
        return scan_fail(scan, at, "invalid number");
    ret->end = (uint32_t)(number.end - scan->text);
    ret->type = number.is_int ? WEIR_VALUE_INT : WEIR_VALUE_FLOAT;
    return scan_delimited(scan, at, ret->end, "invalid number");
}

/* The name and colon of a member. */
static inline const uint32_t *scan_name(struct scan *scan, const uint32_t *at, uint32_t *ret_end,
                                        bool *ret_plain)
{
    if (UNLIKELY(scan->text[*at] != '"'))
        return scan_fail(scan, at, "expected a name in quotes");
    at = scan_string(scan, at, ret_end, ret_plain);
    if (UNLIKELY(!at))
        return NULL;
    if (UNLIKELY(scan->text[*at] != ':'))
        return scan_fail(scan, at, "expected ':' after a name");
    return at + 1;
}

/* A container at its opening bracket, with all that is inside; *ret_end is the offset of the closing
 * bracket. `depth` containers are open around it. */
static const uint32_t *scan_container(struct scan *scan, const uint32_t *at, unsigned depth,
                                      uint32_t *ret_end)
{
    const char *const text = scan->text;
    const unsigned base = depth;
    uint64_t objects = 0; /* a bit a level, the innermost lowest: an object, or an array */
    struct scanned value;
    for (;;) {
        at = scan_ensure(scan, at);
        if (!at)
            return NULL;
        const char first = text[*at];
        bool opened = first == '{' || first == '[';
        if (opened) {
            if (++depth > WEIR_JSON_DEPTH_MAX)
                return scan_fail(scan, at, "nested too deeply");
            objects = objects << 1 | (first == '{');
            at++;
        } else {
            at = scan_scalar(scan, at, &value);
            if (!at)
                return NULL;
        }
        while (text[*at] == (objects & 1 ? '}' : ']')) {
            *ret_end = *at++;
            opened = false;
            if (--depth == base)
                return at;
            objects >>= 1;
            at = scan_ensure(scan, at);
            if (!at)
                return NULL;
        }
        if (!opened) {
            if (text[*at] != ',')
                return scan_fail(scan, at,
                                 objects & 1 ? "expected ',' or '}'" : "expected ',' or ']'");
            at++;
        }
        if (objects & 1) {
            bool plain;
            uint32_t end;
            at = scan_name(scan, at, &end, &plain);
            if (!at)
                return NULL;
        }
    }
}

/* The members of the object that `at` is inside of, up to and with its closing brace. Returns how many
 * there are, or an answer. */
static int scan_members(struct scan *scan, const uint32_t *at, struct weir_field *fields,
                        uint32_t room, const uint32_t **ret_at, bool *ret_repeats)
{
    const char *const text = scan->text;
    struct json_names names;
    bool repeats = false;
    uint32_t count = 0;
    if (text[*at] == '}') {
        *ret_at = at + 1;
        return 0;
    }
    for (;;) {
        at = scan_ensure(scan, at);
        if (UNLIKELY(!at))
            return WEIR_JSON_BAD;
        if (UNLIKELY(count == WEIR_JSON_MEMBERS_MAX)) {
            scan_fail(scan, at, "too many members");
            return WEIR_JSON_BAD;
        }
        if (UNLIKELY(count == room))
            return WEIR_JSON_MORE;
        const uint32_t name = *at + 1;
        uint32_t name_end;
        bool plain;
        at = scan_name(scan, at, &name_end, &plain);
        if (UNLIKELY(!at))
            return WEIR_JSON_BAD;
        if (UNLIKELY(name_end - name > UINT16_MAX)) {
            scan_fail_at(scan, name, "the name is too long");
            return WEIR_JSON_BAD;
        }
        uint32_t start = *at;
        struct scanned value = { .type = WEIR_VALUE_JSON };
        if (UNLIKELY(text[start] == '{' || text[start] == '[')) {
            at = scan_container(scan, at, 1, &value.end);
            value.end++;
        } else {
            at = scan_scalar(scan, at, &value);
            start += value.type == WEIR_VALUE_STRING;
        }
        if (UNLIKELY(!at))
            return WEIR_JSON_BAD;
        fields[count] = (struct weir_field){
            .name = text + name,
            .value = text + start,
            .value_len = value.end - start,
            .name_len = (uint16_t)(name_end - name),
            .type = value.type,
            .flags = value.flags | (plain ? WEIR_NAME_CLEAN : WEIR_NAME_ESCAPED),
        };
        repeats |= json_names_meet(&names, fields, count) >= 0;
        count++;
        const char next = text[*at++];
        if (next == ',')
            continue;
        if (LIKELY(next == '}'))
            break;
        scan_fail(scan, at - 1, "expected ',' or '}'");
        return WEIR_JSON_BAD;
    }
    *ret_at = at;
    *ret_repeats = repeats;
    return (int)count;
}

/* Nothing may follow the value; and none of it may have been read behind the end. */
static bool scan_ends(struct scan *scan, const uint32_t *at)
{
    struct json_index *index = &scan->index;
    at = scan_peek(scan, at);
    if (!at)
        return false;
    const uint32_t *end = index->tokens + index->count;
    if (at < end)
        scan_fail(scan, at, "expected nothing more after the value");
    if (at > end)
        scan_fail_at(scan, index->len, NULL);
    return at == end;
}

static bool scan_is_utf8(struct scan *scan)
{
    if (!scan->index.non_ascii)
        return true;
    size_t valid = utf8_valid_prefix(scan->text, scan->index.len);
    if (valid == scan->index.len)
        return true;
    scan->offset = valid;
    scan->reason = "invalid UTF-8";
    return false;
}

static int scan_text(struct scan *scan, struct weir_field *fields, uint32_t room,
                     struct weir_json *ret)
{
    scan_fill(scan);
    const uint32_t *at = scan_ensure(scan, scan->index.tokens);
    if (!at)
        return WEIR_JSON_BAD;
    const uint32_t start = *at;
    int answer = WEIR_JSON_OTHER;
    struct scanned value;
    if (LIKELY(scan->text[start] == '{')) {
        answer = scan_members(scan, at + 1, fields, room, &at, &ret->repeats);
        if (answer < 0)
            return answer;
    } else if (scan->text[start] == '[') {
        at = scan_container(scan, at, 0, &value.end);
    } else {
        at = scan_scalar(scan, at, &value);
    }
    const uint32_t end = at ? at[-1] + 1 : 0; /* of an object */
    if (!at || !scan_ends(scan, at) || !scan_is_utf8(scan))
        return WEIR_JSON_BAD;
    ret->object = (struct weir_str){ scan->text + start, end - start };
    return answer;
}

int json_scan_object(const struct simd *simd, const char *text, size_t len,
                     struct weir_field *fields, uint32_t room, struct weir_json *ret)
{
    struct scan scan;
    scan.text = text;
    scan.fill = simd->json_index;
    scan.index.text = text;
    scan.index.len = len;
    scan.index.at = 0;
    scan.index.in_string = scan.index.escaped = scan.index.scalar = 0;
    scan.index.non_ascii = false;
    scan.index.count = 0;
    assert(len < UINT32_MAX);
    ret->repeats = false;
    int answer = scan_text(&scan, fields, room, ret);
    if (answer == WEIR_JSON_BAD) {
        ret->offset = scan.offset;
        ret->reason = scan.reason;
    }
    return answer;
}

int weir_json_object(const char *text, size_t len, struct weir_field *fields, uint32_t room,
                     struct weir_json *ret)
{
    return json_scan_object(simd_best(), text, len, fields, room, ret);
}
