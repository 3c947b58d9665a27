/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_SUGGEST_H
#define WEIR_CONFIG_SUGGEST_H

#include <weir/str.h>

/* "Did you mean ...?": the nearest of the words offered, if one is near enough to be a slip. Begins as
 * { word, NULL, 0 }. */
struct suggestion {
    const char *word; /* what was written */
    const char *near; /* borrowed; NULL: none is near */
    unsigned distance;
};

void suggestion_offer(struct suggestion *suggestion, const char *candidate);

/* `; did you mean "paths"?`, or nothing. */
#define SUGGESTION_TEXT_MAX 96
void suggestion_print(const struct suggestion *suggestion, char ret_text[SUGGESTION_TEXT_MAX]);

#endif
