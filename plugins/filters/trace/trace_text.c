/* SPDX-License-Identifier: Apache-2.0 */
/* Ids in the middle of text.
 *
 * Most lines hold none, and that must be found out cheaply. 32 digits in a row cannot pass between two bytes
 * that lie 32 apart, so only every 32nd byte is looked at, until one is a digit; then the row around it is
 * measured.
 *
 *     GET /orders 200 trace_id=4bf92f3577b34da6a3ce929d0e0e4736 ...
 *                                    ^ a digit: the row begins and ends here, and is 32 long
 *
 * A row of 32 is not yet a trace id: most are hashes or UUIDs without dashes. It is one where a traceparent
 * is around it, or a word for it in front of it. */
#include "trace_ids.h"

struct span {
    const char *at, *end;
};

static bool is_word(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           (byte >= 'A' && byte <= 'Z') || byte == '_';
}

/* The first row of exactly `digits` lower-case hexadecimal digits, with no letter or digit next to it. NULL
 * when there is none. */
static const char *find_digits(struct span text, size_t digits)
{
    const char *begin = text.at;
    for (size_t at = digits - 1, len = (size_t)(text.end - begin); at < len;) {
        if (!is_hex(begin[at])) {
            at += digits;
            continue;
        }
        size_t from = at, to = at + 1;
        while (from > 0 && is_hex(begin[from - 1]))
            from--;
        while (to < len && is_hex(begin[to]))
            to++;
        if (to - from == digits && (from == 0 || !is_word(begin[from - 1])) &&
            (to == len || !is_word(begin[to])))
            return begin + from;
        at = to + digits; /* the byte at `to` is no digit */
    }
    return NULL;
}

static bool is_joint(char byte)
{
    return byte == ' ' || byte == '"' || byte == '\'' || byte == '\\' || byte == ':' ||
           byte == '=' || byte == '[' || byte == '>';
}

/* Whether the word before `at` ends with `head`, perhaps one of '_', '-', '.', and `tail`, in any case
 * ("trace", "id": trace_id, TraceId), and is joined to it by ':' or '=' and what may stand around these. */
static bool is_labelled(const char *begin, const char *at, struct weir_str head,
                        struct weir_str tail)
{
    bool joined = false;
    while (at > begin && is_joint(at[-1]))
        joined |= *--at == ':' || *at == '=';
    for (size_t i = tail.len; i > 0; i--)
        if (at == begin || (*--at | 0x20) != tail.ptr[i - 1])
            return false;
    if (at > begin && (at[-1] == '_' || at[-1] == '-' || at[-1] == '.'))
        at--;
    for (size_t i = head.len; i > 0; i--)
        if (at == begin || (*--at | 0x20) != head.ptr[i - 1])
            return false;
    return joined;
}

/* The traceparent whose trace id begins at `id`. */
static bool read_around(struct span text, const char *id, struct weir_trace *ret)
{
    const char *start = id - 3, *stop = start + TRACEPARENT_LEN;
    if (id - text.at < 3 || text.end - start < TRACEPARENT_LEN ||
        (start > text.at && is_word(start[-1])))
        return false;
    if (stop < text.end && is_word(*stop))
        return false;
    /* With a '-' behind it, it is longer: then it must be of a later version. */
    size_t len = TRACEPARENT_LEN + (stop < text.end && *stop == '-');
    return traceparent_read((struct weir_str){ start, len }, ret);
}

static void find_span_id(struct span text, struct weir_trace *trace)
{
    struct span rest = text;
    for (const char *id; (id = find_digits(rest, SPAN_ID_DIGITS)); rest.at = id + SPAN_ID_DIGITS)
        if (is_labelled(text.at, id, WEIR_STR("span"), WEIR_STR("id")) &&
            span_id_read((struct weir_str){ id, SPAN_ID_DIGITS }, trace->span_id))
            return;
}

static void find_flags(struct span text, struct weir_trace *trace)
{
    const struct weir_str label = WEIR_STR("trace_flags");
    const char *at = memmem(text.at, (size_t)(text.end - text.at), label.ptr, label.len);
    if (!at)
        return;
    at += label.len;
    while (at < text.end && is_joint(*at))
        at++;
    if (text.end - at >= 2 && (text.end - at == 2 || !is_word(at[2])))
        trace_flags_read((struct weir_str){ at, 2 }, &trace->trace_flags);
}

bool trace_find_in_text(struct weir_str text, struct weir_trace *ret)
{
    const struct span whole = { text.ptr, text.ptr + text.len };
    struct span rest = whole;
    struct weir_trace trace = { 0 };
    bool found = false;
    for (const char *id; (id = find_digits(rest, TRACE_ID_DIGITS));
         rest.at = id + TRACE_ID_DIGITS) {
        if (read_around(whole, id, ret))
            return true;
        found = found || (is_labelled(whole.at, id, WEIR_STR("trace"), WEIR_STR("id")) &&
                          trace_id_read((struct weir_str){ id, TRACE_ID_DIGITS }, trace.trace_id));
    }
    if (!found)
        return false;
    find_span_id(whole, &trace);
    find_flags(whole, &trace);
    *ret = trace;
    return true;
}
