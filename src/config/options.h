/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_OPTIONS_H
#define WEIR_CONFIG_OPTIONS_H

#include "config/diagnostics.h"
#include "config/memory.h"
#include "config/node.h"

/* Option tables and what a file says, to filled-in state. Everything that is wrong is said, with its
 * place, in terms of the table. */

struct options_reader {
    struct memory *memory; /* what is filled in lives here, as long as the configuration */
    const struct config_hooks *hooks;
    struct diagnostics *diag;
};

/* A key that people may expect, and that is refused for a reason of its own. */
struct options_refusal {
    const char *key, *why;
};

/* What a map may hold. */
struct options_section {
    const char *what; /* `input "tail"`, `service`: for messages */
    const struct weir_option *table;
    void *state;                    /* zeroed */
    const struct weir_option *more; /* a second table, for a state of its own; may be NULL */
    void *more_state;
    const struct options_refusal *refused; /* ended by a row without a key; may be NULL */
};

/* Fills the states from `map` and the tables' defaults; `map` NULL: from the defaults alone, `place` is
 * then where a missing option is missed. False when anything was wrong; the states are then filled in as
 * far as possible. */
bool options_fill(const struct options_reader *reader, const struct options_section *section,
                  const struct node *map, struct config_place place);

/* Where the options of `map` stand, groups by the names of their members too. In the reader's memory; sets *ret_count. */
struct config_option_place *options_places(const struct options_reader *reader,
                                           const struct node *map, size_t *ret_count);

/* Asks the plugin itself about its options, which are filled in. An error is said at the place of the option
 * that it names. */
bool options_check(const struct options_reader *reader, const struct weir_plugin *plugin,
                   const char *what, const struct node *map, struct config_place place,
                   void *state);

#endif
