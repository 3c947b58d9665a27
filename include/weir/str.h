/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STR_H
#define WEIR_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Marks what a plugin may call; everything else in the agent is hidden. */
#define WEIR_API __attribute__((visibility("default")))
#define WEIR_MUST_USE __attribute__((warn_unused_result))
#define WEIR_PRINTF(at, first) __attribute__((format(printf, at, first)))

/* A time span or a monotonic moment, in milliseconds. */
typedef int64_t weir_ms;

/* Text is pointer and length: borrowed, not NUL-terminated, and it may hold any byte, NUL included.
 * Whoever gives a weir_str says how long the bytes behind it live. */
struct weir_str {
    const char *ptr;
    size_t len;
};

#define WEIR_STR(literal) ((struct weir_str){ "" literal, sizeof(literal) - 1 })
#define WEIR_STR_NONE ((struct weir_str){ NULL, 0 })

static inline struct weir_str weir_str_of(const char *text)
{
    return (struct weir_str){ text, text ? strlen(text) : 0 };
}

static inline bool weir_str_eq(struct weir_str a, struct weir_str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Whether all of it is UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
 * @thread any. */
WEIR_API bool weir_utf8_is_valid(struct weir_str text);

#endif
