/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_REGISTRY_H
#define WEIR_PIPELINE_REGISTRY_H

#include <weir/plugin.h>

/* The plugins that there are: those built in, and those of shared objects. See registry.c. */
struct registry;

/* The built-in ones, ended by NULL; written by the build. */
extern const struct weir_plugin *const weir_builtin_plugins[];

/* `builtin` is a list like the one above, which outlives the registry. Descriptors that do not hold
 * together are a bug: it asserts. NULL when memory is short. */
struct registry *registry_new(const struct weir_plugin *const *builtin);

/* Unloads the shared objects; no instance of their plugins may be left. NULL is fine; returns NULL. */
struct registry *registry_free(struct registry *registry);

/* Loads every NAME.so in `dir` (hidden files and subdirectories are left alone). One that cannot be used
 * does not keep the others from being loaded. 0, or a negative errno with *err set: it tells of the first
 * that was refused, and of how many others. Loading runs code of the shared object's: its file must not
 * be writable by everyone. */
int registry_load(struct registry *registry, const char *dir, struct weir_error *err);

/* NULL when there is none. */
const struct weir_plugin *registry_find(const struct registry *registry, enum weir_kind kind,
                                        const char *name);
/* The plugins of a kind by name, `index` from 0 up; NULL after the last. */
const struct weir_plugin *registry_at(const struct registry *registry, enum weir_kind kind,
                                      size_t index);
/* The file that a plugin of this registry came from; NULL: it is built in. */
const char *registry_file(const struct registry *registry, const struct weir_plugin *plugin);

#endif
