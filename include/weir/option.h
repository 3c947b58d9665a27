/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OPTION_H
#define WEIR_OPTION_H

#include <weir/str.h>

/* One row of an option table is one YAML key, and the whole truth about it: the parser, `weir validate`,
 * `weir plugins`, the reference pages and the JSON Schema all read the row.
 *
 * The host fills the plugin's zeroed state from the table before `check` and `open`, at `offset`, with
 * the C type that the column on the right names; an option that is absent and has no default leaves its
 * field zero. What it fills in lives until after `close`. */
enum weir_type {
    WEIR_TEXT,      /* char *            NUL-terminated; NULL when absent and without a default */
    WEIR_INT,       /* int64_t           `min`, `max` */
    WEIR_NUMBER,    /* double            `min`, `max` */
    WEIR_BOOL,      /* bool              true | false */
    WEIR_DURATION,  /* weir_ms           "500ms", "5m", "1h"; `min`, `max` */
    WEIR_SIZE,      /* uint64_t          bytes: "64KiB", "10MB"; `min`, `max` */
    WEIR_ENUM,      /* int               the index of the word in `choices` */
    WEIR_TEXT_LIST, /* struct weir_texts one string or a list of strings */
    WEIR_PAIRS,     /* struct weir_pairs a map of names to scalars, in the order of the file */
    WEIR_GROUP, /* (nested)          a map with a table of its own, `group`, offsets in the same state */
    WEIR_TEMPLATE, /* struct weir_template *  text with ${field} and %Y-%m-%d; see template.h */
    WEIR_CODEC, /* struct weir_encoder *   a codec's name, or a map {type: NAME, ...}; see codec.h */
};

struct weir_texts {
    char **items;
    size_t count;
};

/* How a scalar was written decides what a pair's value becomes in a record: `prod` and "7" are
 * strings, 7 is an integer, true a bool, null a null. */
struct weir_pair {
    char *name;
    char *value; /* as written, after expansion, without quotes */
    bool quoted; /* it stood in quotes: a string whatever it looks like */
};

struct weir_pairs {
    struct weir_pair *items;
    size_t count;
};

struct weir_option {
    const char *name;
    enum weir_type type;
    size_t offset;
    const char *def;                 /* as one would write it in YAML; NULL: absent */
    const char *min, *max;           /* inclusive bounds, written like `def` */
    const char *const *choices;      /* WEIR_ENUM: NULL-terminated words */
    const struct weir_option *group; /* WEIR_GROUP: the nested table */
    const char *unit;                /* what the number counts, for the reference */
    const char *help;                /* one or two sentences, for a person */
    bool required;
    bool secret;    /* never printed */
    unsigned takes; /* WEIR_CODEC: enum weir_codec_flags, of codecs that the output can do with */
};

#endif
