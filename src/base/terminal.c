/* SPDX-License-Identifier: Apache-2.0 */
/* What people read may come from whoever can write a log file or answer as a sink. A terminal obeys
 * what it is shown, so everything it could obey is shown as text instead. */
#include "base/terminal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"

#define ESCAPED_MAX (sizeof("\\u{10ffff}") - 1)

static unsigned decode(const char *text, size_t len)
{
    static const unsigned char lead_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    unsigned code = (unsigned char)text[0] & lead_mask[len];
    for (size_t i = 1; i < len; i++)
        code = code << 6 | ((unsigned char)text[i] & 0x3f);
    return code;
}

/* Controls (C0, DEL, C1), line and paragraph separators, and what embeds, overrides or isolates a
 * direction. */
static bool is_obeyed(unsigned code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x200e || code == 0x200f ||
           (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

char *terminal_escape(struct weir_str text)
{
    char *escaped = malloc(text.len * ESCAPED_MAX + 1), *out = escaped;
    if (!escaped)
        return NULL;
    for (size_t i = 0; i < text.len;) {
        size_t len = utf8_char(text.ptr + i, text.len - i);
        unsigned code = len ? decode(text.ptr + i, len) : 0;
        if (len && !is_obeyed(code)) {
            memcpy(out, text.ptr + i, len);
            out += len;
        } else if (len > 1) {
            out += snprintf(out, ESCAPED_MAX + 1, "\\u{%x}", code);
        } else {
            out += snprintf(out, ESCAPED_MAX + 1, "\\x%02x", (unsigned char)text.ptr[i]);
        }
        i += len ? len : 1;
    }
    *out = '\0';
    return escaped;
}
