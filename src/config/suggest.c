/* SPDX-License-Identifier: Apache-2.0 */
/* The distance is the number of slips of a typing hand: a letter wrong, missing, too many, or two
 * neighbours swapped ("optimal string alignment"; three rows of the usual matrix are enough). Case and the
 * choice between "-" and "_" cost nothing. One slip in three letters is still a slip; more is another
 * word. */
#include "config/suggest.h"

#include <ctype.h>
#include <stdio.h>

#define WORD_MAX 63

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static char folded(char c)
{
    return c == '-' ? '_' : (char)tolower((unsigned char)c);
}

static unsigned distance_of(const char *a, size_t a_len, const char *b, size_t b_len)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *above2 = rows[0], *above = rows[1], *row = rows[2];
    for (unsigned j = 0; j <= b_len; j++)
        above[j] = j;
    for (unsigned i = 1; i <= a_len; i++) {
        row[0] = i;
        for (unsigned j = 1; j <= b_len; j++) {
            char x = folded(a[i - 1]), y = folded(b[j - 1]);
            row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + (x != y));
            if (i > 1 && j > 1 && x == folded(b[j - 2]) && y == folded(a[i - 2]))
                row[j] = least(row[j], above2[j - 2] + 1);
        }
        unsigned *spare = above2;
        above2 = above;
        above = row;
        row = spare;
    }
    return above[b_len];
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
    size_t word_len = strlen(suggestion->word), len = strlen(candidate);
    if (word_len > WORD_MAX || len > WORD_MAX)
        return;
    unsigned distance = distance_of(suggestion->word, word_len, candidate, len);
    if (distance >= len || distance * 3 > (len > 3 ? len : 3))
        return;
    if (suggestion->near && distance >= suggestion->distance)
        return;
    suggestion->near = candidate;
    suggestion->distance = distance;
}

void suggestion_print(const struct suggestion *suggestion, char ret_text[SUGGESTION_TEXT_MAX])
{
    ret_text[0] = '\0';
    if (suggestion->near)
        snprintf(ret_text, SUGGESTION_TEXT_MAX, "; did you mean \"%s\"?", suggestion->near);
}
