/* SPDX-License-Identifier: Apache-2.0 */
/* Needs a function that this agent does not have. */
#include <weir/plugin.h>

extern void weir_not_in_this_version(void);

static void undefined_apply(void *state, struct weir_batch *batch)
{
    (void)state;
    (void)batch;
    weir_not_in_this_version();
}

WEIR_PLUGIN(filter_undefined) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "undefined",
    .summary = "Wants more than there is.",
    .filter = { .apply = undefined_apply },
};
