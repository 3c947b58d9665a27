/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_OPTION_VALUE_H
#define WEIR_CONFIG_OPTION_VALUE_H

#include "config/options.h"

/* One option's value: for options.c. */

struct option_at {
    const struct options_reader *reader;
    const struct weir_option *row;
    const char *name; /* with the groups that it is in: "tls.cert" */
    const char *what; /* whose: `output "kafka"` */
};

/* `option "NAME" of WHAT` and the text, as an error at `place`. Returns false. */
bool option_say(const struct option_at *at, struct config_place place, const char *format, ...)
    WEIR_PRINTF(3, 4);

/* What stands there instead, to follow "must be ...": `, not "abc"`, `, not a list`; of a secret nothing. */
#define OPTION_FOUND_MAX 96
void option_found(const struct option_at *at, const struct node *node,
                  char ret_text[OPTION_FOUND_MAX]);

/* Each writes the value to `field`, of the C type that the option's type says, and returns true, or says
 * what is wrong. */
bool option_set_scalar(const struct option_at *at, const struct node *node, void *field);
bool option_set_texts(const struct option_at *at, const struct node *node, void *field);
bool option_set_pairs(const struct option_at *at, const struct node *node, void *field);
bool option_set_template(const struct option_at *at, const struct node *node, void *field);
bool option_set_codec(const struct option_at *at, const struct node *node, void *field);

#endif
