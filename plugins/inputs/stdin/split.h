/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_IN_STDIN_SPLIT_H
#define WEIR_IN_STDIN_SPLIT_H

#include <weir/str.h>

/* How unread bytes begin: with lines of at most so many bytes (the last may be incomplete), and then, maybe,
 * with one that is longer. See split.c. */
struct stdin_split {
    size_t lines;    /* bytes, newlines included, before the long line; all of them without one */
    bool is_long;    /* a longer line follows: */
    size_t long_cut; /* so much of it is kept, */
    size_t long_len; /* so many bytes of it are here, */
    bool long_ends;  /* and its newline is too */
};

struct stdin_split stdin_split(const char *data, size_t len, size_t line_max);

#endif
