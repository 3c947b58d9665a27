/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_OPTION_STATE_H
#define TESTS_SUPPORT_OPTION_STATE_H

#include <weir/plugin.h>

/* A plugin's state with its options' defaults, from malloc, without a configuration: for texts, integers,
 * bools and enums; others stay zero. Aborts when memory is short. */
void *option_state_new(const struct weir_plugin *plugin);

/* Sets one, written as in a configuration. Texts are borrowed. Aborts when there is no such option, or
 * `value` is none for it. */
void option_state_set(const struct weir_plugin *plugin, void *state, const char *name,
                      const char *value);

#endif
