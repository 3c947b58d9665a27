/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_DESCRIPTOR_H
#define WEIR_PIPELINE_DESCRIPTOR_H

#include <weir/plugin.h>

/* Whether a plugin's descriptor can be used at all: its ABI, name, callbacks and option table. What it
 * says about the plugin is taken on trust; that it holds together is not, since a shared object is
 * somebody else's work.
 * 0, or -EINVAL with *err set: a sentence that names what is wrong, to follow the plugin's file. */
int descriptor_check(const struct weir_plugin *plugin, struct weir_error *err);

#define DESCRIPTOR_NAME_MAX 32
#define DESCRIPTOR_GROUPS_MAX 4             /* option tables within option tables */
#define DESCRIPTOR_STATE_BYTES_MAX 0x100000 /* larger memory is for `open` to take */

#endif
