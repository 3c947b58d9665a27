/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_MESSAGE_LINE_H
#define WEIR_BASE_MESSAGE_LINE_H

#include "base/message.h"

/* One message as one line of text or of JSON. See message_line.c. */

/* A line never has more bytes, its newline included: a pipe takes that much at once or not at all. */
enum { MESSAGE_LINE_MAX = 4096 };

struct message_line {
    enum message_format format;
    size_t len;
    bool cut; /* something did not fit */
    char text[MESSAGE_LINE_MAX];
};

/* Begins the line: time (`ns` since 1970 UTC), level, speaker (NULL: none) and text. */
void message_line_begin(struct message_line *line, enum message_format format, int64_t ns,
                        enum weir_level level, const char *who, const char *text);
/* Adds a key and its value. A value that is very long is cut at its end ("..."); what does not fit into the
 * line at all is left out. */
void message_line_add(struct message_line *line, const struct weir_kv *kv);
/* Ends it; `text` and `len` are then what is to be written. */
void message_line_end(struct message_line *line);

#endif
