/* SPDX-License-Identifier: Apache-2.0 */
/* The distance of two words is the number of mistakes that a hand at a keyboard makes: a letter left
 * out, added or replaced, or two neighbours swapped, each counts one. A suggestion helps only when it is
 * probably right, so that a name is near when it differs by at most a third of its letters; letters'
 * case costs nothing, and '-' is '_'.
 *
 * Three rows of the usual table are enough: a swap looks back two. */
#include "base/nearest.h"

#include <ctype.h>

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static int letter(char c)
{
    return c == '-' ? '_' : tolower((unsigned char)c);
}

static unsigned distance(struct weir_str a, struct weir_str b)
{
    unsigned rows[3][NEAREST_BYTES_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    for (unsigned j = 0; j <= b.len; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *oldest = before;
        before = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            int x = letter(a.ptr[i - 1]), y = letter(b.ptr[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == letter(b.ptr[j - 2]) && letter(a.ptr[i - 2]) == y)
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return row[b.len];
}

void nearest_offer(struct nearest *nearest, const char *name)
{
    struct weir_str offered = weir_str_of(name);
    if (nearest->word.len > NEAREST_BYTES_MAX || offered.len > NEAREST_BYTES_MAX)
        return;
    unsigned differs = distance(nearest->word, offered);
    if (differs > (offered.len + 2) / 3 || differs >= offered.len)
        return;
    if (!nearest->name || differs < nearest->distance) {
        nearest->name = name;
        nearest->distance = differs;
    }
}
