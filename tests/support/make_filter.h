/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MAKE_FILTER_H
#define TESTS_SUPPORT_MAKE_FILTER_H

#include <weir/plugin.h>

#include "support/fake_host.h"

/* A filter as the agent would have made it: its options out of YAML, checked, and opened on a fake host. */
struct made_filter {
    const struct weir_plugin *plugin;
    struct weir_host *host;
    void *state;
    struct memory *memory;
};

/* `options` is YAML, one key a line or a flow map. Aborts, with what is wrong on stderr, when they are. */
struct made_filter make_filter(const struct weir_plugin *plugin, const char *options);
void made_filter_free(struct made_filter *filter);

static inline void made_filter_apply(struct made_filter *filter, struct weir_batch *batch)
{
    filter->plugin->filter.apply(filter->state, batch);
}

/* What `weir validate` would say of these options, without file names; "" when nothing is wrong. The
 * caller frees it. */
char *make_filter_mistakes(const struct weir_plugin *plugin, const char *options);

#endif
