/* SPDX-License-Identifier: Apache-2.0 */
/* Which lines are too long must not depend on how the bytes arrive: a line is judged as soon as one byte more
 * than the maximum is there, whether its end is or not. While no more bytes are there than one line may
 * have, no line can be too long, and nothing is looked at; that is the usual case, since a block is
 * smaller than the longest line by far. Else the last newline within reach of the maximum shows that
 * everything before it is short enough, so that each byte is looked at about once. */
#include "split.h"

/* Where to cut `text`, of which more than `max` bytes are there, so that no UTF-8 character is split. */
static size_t cut_at(const char *text, size_t max)
{
    size_t at = max;
    while (at > 0 && max - at < 3 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return ((unsigned char)text[at] & 0xc0) == 0x80 ? max : at;
}

struct stdin_split stdin_split(const char *data, size_t len, size_t line_max)
{
    size_t at = 0;
    while (len - at > line_max) {
        const char *newline = memrchr(data + at, '\n', line_max + 1);
        if (newline) {
            at = (size_t)(newline - data) + 1;
            continue;
        }
        const char *end = memchr(data + at + line_max, '\n', len - at - line_max);
        return (struct stdin_split){
            .lines = at,
            .is_long = true,
            .long_cut = cut_at(data + at, line_max),
            .long_len = end ? (size_t)(end - data) - at : len - at,
            .long_ends = end != NULL,
        };
    }
    return (struct stdin_split){ .lines = len };
}
