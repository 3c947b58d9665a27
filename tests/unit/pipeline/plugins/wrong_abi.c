/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin of another ABI: after the number nothing may be read, and the rest here would crash. */
#include <weir/plugin.h>

struct other_abi {
    uint32_t abi, kind;
    const void *name;
};

WEIR_API extern const struct other_abi weir_plugin;
const struct other_abi weir_plugin = { WEIR_PLUGIN_ABI + 41, 2, (const void *)1 };
