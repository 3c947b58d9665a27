/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_filter.h"

static int open_filter(void *state, struct weir_host *host, struct weir_error *err)
{
    struct fake_filter *self = state;
    (void)host;
    atomic_fetch_add(&self->opened, 1);
    return self->open_error ? weir_error_set(err, self->open_error, "told to fail") : 0;
}

static void close_filter(void *state)
{
    struct fake_filter *self = state;
    atomic_fetch_add(&self->closed, 1);
}

static void apply(void *state, struct weir_batch *batch)
{
    struct fake_filter *self = state;
    atomic_fetch_add(&self->applied, 1);
    if (self->apply)
        self->apply(self->arg, batch);
}

const struct weir_plugin fake_filter_plugin = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "fake",
    .state_size = sizeof(struct fake_filter),
    .open = open_filter,
    .close = close_filter,
    .filter = { .apply = apply },
};
