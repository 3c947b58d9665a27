/* SPDX-License-Identifier: Apache-2.0 */
#include "config/describe_words.h"

#include <stdio.h>

const char *describe_type(enum weir_type type)
{
    switch (type) {
    case WEIR_TEXT: return "text";
    case WEIR_INT: return "whole number";
    case WEIR_NUMBER: return "number";
    case WEIR_BOOL: return "true or false";
    case WEIR_DURATION: return "duration";
    case WEIR_SIZE: return "size";
    case WEIR_ENUM: return "one of";
    case WEIR_TEXT_LIST: return "text or list of texts";
    case WEIR_PAIRS: return "map of names to values";
    case WEIR_GROUP: return "group";
    case WEIR_TEMPLATE: return "template";
    case WEIR_CODEC: break;
    }
    return "codec";
}

static void describe_choices(const char *const *choices, char ret_text[DESCRIBE_WORDS_MAX])
{
    size_t len = 0;
    for (size_t i = 0; choices[i] && len < DESCRIBE_WORDS_MAX; i++) {
        const char *between = i == 0 ? "" : choices[i + 1] ? ", " : " or ";
        len +=
            (size_t)snprintf(ret_text + len, DESCRIBE_WORDS_MAX - len, "%s%s", between, choices[i]);
    }
}

void describe_values(const struct weir_option *row, char ret_text[DESCRIBE_WORDS_MAX])
{
    const char *unit = row->unit ? row->unit : "", *space = row->unit ? " " : "";
    ret_text[0] = '\0';
    if (row->type == WEIR_ENUM && row->choices)
        describe_choices(row->choices, ret_text);
    else if (row->min && row->max)
        snprintf(ret_text, DESCRIBE_WORDS_MAX, "%s to %s%s%s", row->min, row->max, space, unit);
    else if (row->min || row->max)
        snprintf(ret_text, DESCRIBE_WORDS_MAX, "at %s %s%s%s", row->min ? "least" : "most",
                 row->min ? row->min : row->max, space, unit);
    else
        snprintf(ret_text, DESCRIBE_WORDS_MAX, "%s", unit);
}
