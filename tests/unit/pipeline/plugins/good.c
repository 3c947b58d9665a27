/* SPDX-License-Identifier: Apache-2.0 */
/* A filter that can be loaded, and calls its host; also built as its own duplicate. */
#include <weir/plugin.h>

static int good_check(void *state, struct weir_error *err)
{
    (void)state;
    return weir_error_set(err, -1, "called back");
}

static void good_apply(void *state, struct weir_batch *batch)
{
    (void)state;
    (void)batch;
}

WEIR_PLUGIN(filter_good) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "good",
    .summary = "Does nothing well.",
    .check = good_check,
    .filter = { .apply = good_apply },
};
