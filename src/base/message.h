/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_MESSAGE_H
#define WEIR_BASE_MESSAGE_H

#include <weir/host.h>

/* The agent's own messages: what it says about itself, one line each on stderr, as text or JSON.
 * Writing never blocks the agent: when the reader of stderr does not keep up, messages are left out and
 * counted, and the next one that gets through says how many. Repeats of one text are limited. */
struct messenger;

enum message_format { MESSAGE_TEXT, MESSAGE_JSON };

/* Messages of `level` and above go to `fd` (borrowed). NULL when memory is short. */
struct messenger *messenger_new(int fd, enum weir_level level, enum message_format format);
struct messenger *messenger_free(struct messenger *messenger);

/* `who` names the speaker ("pipeline/output id") or is NULL; `text` is a constant. @thread any. */
void messenger_say(struct messenger *messenger, enum weir_level level, const char *who,
                   const char *text, const struct weir_kv *kvs, size_t count);

#define msg_say(messenger, level, text, ...)                                                       \
    messenger_say(messenger, level, NULL, text, (struct weir_kv[]){ __VA_ARGS__ },                 \
                  sizeof((struct weir_kv[]){ __VA_ARGS__ }) / sizeof(struct weir_kv))
#define msg_debug(messenger, ...) msg_say(messenger, WEIR_DEBUG, __VA_ARGS__)
#define msg_info(messenger, ...) msg_say(messenger, WEIR_INFO, __VA_ARGS__)
#define msg_warn(messenger, ...) msg_say(messenger, WEIR_WARN, __VA_ARGS__)
#define msg_error(messenger, ...) msg_say(messenger, WEIR_ERROR, __VA_ARGS__)

#endif
