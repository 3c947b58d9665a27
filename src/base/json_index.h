/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_JSON_INDEX_H
#define WEIR_BASE_JSON_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first of two steps in reading JSON: where something stands that a grammar must look at.
 *
 *     {"a":"x\ty", "b":12}        text
 *     ^^ ^^^ ^  ^^ ^ ^^^ ^        tokens
 *
 * Tokens are, in order: each quote that is not escaped; outside strings each of {}[]:, and the first byte
 * of every other run of non-space bytes; and what a plain string does not have: each backslash that
 * begins an escape, and each control byte. So the token after an opening quote is the closing one,
 * unless the string needs a closer look. The indexer checks nothing; it cannot fail. */

enum {
    JSON_BLOCK = 64,
    JSON_TOKENS = 512, /* indexed ahead: those of a line of some kilobytes */
    JSON_SENTINELS = 8,
};

struct json_index {
    const char *text;
    size_t len;
    size_t at;          /* text up to here is indexed; a multiple of JSON_BLOCK, or `len` */
    uint64_t in_string; /* all ones: a string is open at `at` */
    uint64_t escaped;   /* 1: the byte at `at` is escaped */
    uint64_t scalar;    /* 1: the byte before `at` belongs to a run of other bytes */
    bool non_ascii;     /* a byte above 0x7f was met */
    uint32_t count;     /* tokens that are there */
    uint32_t tokens[JSON_TOKENS + JSON_BLOCK + JSON_SENTINELS];
};

/* Adds tokens until there are JSON_TOKENS of them or more, or the text ends; JSON_SENTINELS entries that
 * hold `len` then follow the last. May read, but not heed, 63 bytes after the text. */
typedef void json_index_f(struct json_index *index);

#endif
