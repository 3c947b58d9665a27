/* SPDX-License-Identifier: Apache-2.0 */
/* What a message looks like, as text and as JSON:
 *
 *   2026-11-25T16:24:30.123Z warn app/file: cannot open the file path="/x" error="No such file (2)"
 *   {"time":"2026-11-25T16:24:30.123Z","level":"warn","from":"app/file","message":"cannot open ..."}
 *
 * Values come from outside (paths, hosts, answers of services), and a line is read by people, terminals
 * and other agents. So no value can begin a line of its own, move a cursor or turn the direction of
 * what is read: control characters of both kinds (C0, DEL, C1), line and paragraph separators and the
 * bidirectional controls are written as escapes, and so are bytes that are not UTF-8.
 *
 * A line is built in place, in a buffer of the size that a pipe takes at once or not at all (PIPE_BUF):
 * lines of several writers never mix. What is too long for it is left out, and `cut=true` says so. */
#include "base/message_line.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/utf8.h"

static_assert(MESSAGE_LINE_MAX <= PIPE_BUF, "a pipe takes a line at once or not at all");

#define LINE_END_RESERVE 24 /* ` cut=true\n` or `,"cut":true}\n` */
#define VALUE_MAX 1024      /* bytes of one value as written */
#define ESCAPE_MAX 6        /* the longest way to write one character */

static size_t room(const struct message_line *line)
{
    return MESSAGE_LINE_MAX - LINE_END_RESERVE - line->len;
}

static void put(struct message_line *line, const char *text, size_t len)
{
    if (len > room(line)) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

static void put_text(struct message_line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* Characters that are harmless bytes in a file and do something on a terminal. */
static bool is_active(unsigned code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || (code >= 0x2028 && code <= 0x202e) ||
           (code >= 0x2066 && code <= 0x2069);
}

/* The code of the valid character of `len` bytes at `text`. */
static unsigned decode(const unsigned char *text, size_t len)
{
    static const unsigned char lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    unsigned code = text[0] & lead_bits[len];
    for (size_t i = 1; i < len; i++)
        code = code << 6 | (text[i] & 0x3f);
    return code;
}

/* Writes the character at `text`, of which `left` bytes are there, as it may stand in the line; returns
 * how many bytes of it were read. */
static size_t escape_char(enum message_format format, const char *text, size_t left,
                          char out[ESCAPE_MAX + 1], size_t *ret_len)
{
    size_t len = utf8_char(text, left);
    unsigned code = len ? decode((const unsigned char *)text, len) : (unsigned char)text[0];
    int written;
    if (len == 0 && format == MESSAGE_JSON)
        written = snprintf(out, ESCAPE_MAX + 1, UTF8_REPLACEMENT);
    else if (code == '"' || code == '\\')
        written = snprintf(out, ESCAPE_MAX + 1, "\\%c", (char)code);
    else if (code == '\n' || code == '\t' || code == '\r')
        written =
            snprintf(out, ESCAPE_MAX + 1, "\\%c", code == '\n' ? 'n' : (code == '\t' ? 't' : 'r'));
    else if (len == 0 || (is_active(code) && code <= 0xff && format == MESSAGE_TEXT))
        written = snprintf(out, ESCAPE_MAX + 1, "\\x%02x", code);
    else if (is_active(code))
        written = snprintf(out, ESCAPE_MAX + 1, "\\u%04x", code);
    else
        written = snprintf(out, ESCAPE_MAX + 1, "%.*s", (int)len, text);
    *ret_len = (size_t)written;
    return len ? len : 1;
}

/* Escaped, at most `max` bytes of it. */
static void put_escaped(struct message_line *line, struct weir_str text, size_t max)
{
    char escaped[ESCAPE_MAX + 1];
    size_t written = 0, at = 0, len;
    if (max > room(line))
        max = room(line);
    while (at < text.len) {
        size_t step = escape_char(line->format, text.ptr + at, text.len - at, escaped, &len);
        if (written + len + strlen("...") > max) {
            put_text(line, "...");
            return;
        }
        put(line, escaped, len);
        written += len;
        at += step;
    }
}

static void put_quoted(struct message_line *line, struct weir_str text)
{
    put_text(line, "\"");
    put_escaped(line, text, VALUE_MAX);
    put_text(line, "\"");
}

/* With milliseconds always, so that lines stand in columns. */
static void put_time(struct message_line *line, int64_t ns)
{
    struct civil at = civil_from_ns(ns);
    char text[sizeof("2026-11-25T16:24:30.123Z")];
    int len = snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
                       (unsigned)at.year % 10000, at.month % 100, at.day % 100, at.hour % 100,
                       at.minute % 100, at.second % 100, at.nanosecond / 1000000 % 1000);
    put(line, text, (size_t)len);
}

static const char *level_name(enum weir_level level)
{
    switch (level) {
    case WEIR_DEBUG: return "debug";
    case WEIR_INFO: return "info";
    case WEIR_WARN: return "warn";
    case WEIR_ERROR: return "error";
    }
    return "error";
}

void message_line_begin(struct message_line *line, enum message_format format, int64_t ns,
                        enum weir_level level, const char *who, const char *text)
{
    const bool json = format == MESSAGE_JSON;
    line->format = format;
    line->len = 0;
    line->cut = false;
    put_text(line, json ? "{\"time\":\"" : "");
    put_time(line, ns);
    put_text(line, json ? "\",\"level\":\"" : " ");
    put_text(line, level_name(level));
    if (who) {
        put_text(line, json ? "\",\"from\":\"" : " ");
        put_escaped(line, weir_str_of(who), VALUE_MAX);
    }
    put_text(line, json ? "\",\"message\":\"" : (who ? ": " : " "));
    put_escaped(line, weir_str_of(text), VALUE_MAX);
    put_text(line, json ? "\"" : "");
}

/* A plugin's key must not give a JSON object a name twice. */
static bool key_is_taken(const char *key)
{
    static const char *const taken[] = { "time", "level", "from", "message", "cut" };
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
        if (strcmp(key, taken[i]) == 0)
            return true;
    return false;
}

void message_line_add(struct message_line *line, const struct weir_kv *kv)
{
    const size_t len_before = line->len;
    const bool cut_before = line->cut, json = line->format == MESSAGE_JSON;
    char number[24];
    line->cut = false;
    put_text(line, json ? ",\"" : " ");
    put_escaped(line, weir_str_of(kv->key), VALUE_MAX);
    put_text(line, key_is_taken(kv->key) ? "_" : "");
    put_text(line, json ? "\":" : "=");
    switch (kv->type) {
    case WEIR_KV_STR: put_quoted(line, kv->str); break;
    case WEIR_KV_INT:
        put(line, number, (size_t)snprintf(number, sizeof(number), "%lld", (long long)kv->num));
        break;
    }
    if (line->cut) /* half a value is none */
        line->len = len_before;
    line->cut |= cut_before;
}

void message_line_end(struct message_line *line)
{
    const bool json = line->format == MESSAGE_JSON;
    const char *cut = !line->cut ? "" : (json ? ",\"cut\":true" : " cut=true");
    line->len += (size_t)snprintf(line->text + line->len, MESSAGE_LINE_MAX - line->len, "%s%s\n",
                                  cut, json ? "}" : "");
}
