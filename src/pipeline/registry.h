/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_REGISTRY_H
#define WEIR_PIPELINE_REGISTRY_H

#include <weir/plugin.h>

/* The plugins that there are: those built in, those of the agent's modules, and those of shared objects in
 * a directory of the user's. See registry.c. */
struct registry;

/* A plugin that is in one of the agent's modules. */
struct registry_module {
    const char *file; /* within the directory of modules: "kafka.so" */
    enum weir_kind kind;
    const char *name;
    const char *symbol; /* of its descriptor */
};

/* The built-in ones, ended by NULL; written by the build. */
extern const struct weir_plugin *const weir_builtin_plugins[];

/* `builtin` is a list like the one above, which outlives the registry. Descriptors that do not hold
 * together are a bug: it asserts. NULL when memory is short. */
struct registry *registry_new(const struct weir_plugin *const *builtin);

/* Makes the plugins of `modules` (ended by a row without a file; it outlives the registry) known by name. A
 * module in `dir` is loaded when one of its plugins is asked for. 0, or -ENOMEM. */
int registry_add_modules(struct registry *registry, const struct registry_module *modules,
                         const char *dir);

/* Unloads the shared objects; no instance of their plugins may be left. NULL is fine; returns NULL. */
struct registry *registry_free(struct registry *registry);

/* Loads every NAME.so in `dir` (hidden files and subdirectories are left alone). One that cannot be used
 * does not keep the others from being loaded. 0, or a negative errno with *err set: it tells of the first
 * that was refused, and of how many others. Loading runs code of the shared object's: its file must not
 * be writable by everyone. */
int registry_load(struct registry *registry, const char *dir, struct weir_error *err);

/* Loads the module that the plugin is in, if it is in one. NULL when there is none of that name, and also,
 * with *err set, when its module cannot be loaded. `err` may be NULL. */
const struct weir_plugin *registry_find(struct registry *registry, enum weir_kind kind,
                                        const char *name, struct weir_error *err);
/* The names of a kind's plugins, in their order, `index` from 0 up; NULL after the last. Loads nothing. */
const char *registry_name_at(const struct registry *registry, enum weir_kind kind, size_t index);
/* The same for the plugins themselves, without those whose modules cannot be loaded: the others are. */
const struct weir_plugin *registry_at(struct registry *registry, enum weir_kind kind, size_t index);
/* The file that a plugin of this registry comes from, loaded or not; NULL: it is built in. */
const char *registry_file(const struct registry *registry, enum weir_kind kind, const char *name);

#endif
