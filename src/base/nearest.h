/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_NEAREST_H
#define WEIR_BASE_NEAREST_H

#include <weir/str.h>

/* "did you mean ...?": the name that a mistyped word most probably stands for.
 *
 *     struct nearest nearest = nearest_to(weir_str_of("pahts"));
 *     for each name
 *         nearest_offer(&nearest, name);
 *     if (nearest.name) ... "; did you mean \"%s\"?", nearest.name */
struct nearest {
    struct weir_str word;
    const char *name; /* the best so far, borrowed from who offered it; NULL: none is near enough */
    unsigned distance; /* how many letters it differs by */
};

static inline struct nearest nearest_to(struct weir_str word)
{
    return (struct nearest){ .word = word };
}

/* Of names equally near, the one offered first wins. Words and names beyond NEAREST_BYTES_MAX are near
 * to nothing. @thread any. */
#define NEAREST_BYTES_MAX 64
void nearest_offer(struct nearest *nearest, const char *name);

#endif
