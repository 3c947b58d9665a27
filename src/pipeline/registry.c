/* SPDX-License-Identifier: Apache-2.0 */
/* A plugin is a constant that somebody points at: the build's list for those built in, the symbol
 * `weir_plugin` for a shared object. Both are checked alike and then found alike; nothing that comes
 * later can tell them apart.
 *
 * The agent's own modules hold what needs a heavy library: kafka.so is linked with librdkafka, which brings
 * four more libraries and megabytes. Which plugins are in which module is known without looking, from a list
 * that the build writes, so that a module is opened when a configuration names one of its plugins, and an
 * agent without Kafka does not carry Kafka. The descriptor in a module goes by its own symbol, as built-in
 * ones do; a module may have several. What a library leaves behind (handlers at exit, thread-local data) must
 * find its code: modules are RTLD_NODELETE, and stay until the process ends.
 *
 * Objects are loaded RTLD_NOW, so that a missing function is found now and not in the middle of a
 * delivery, and RTLD_LOCAL, so that two of them may have the same names inside. They are looked at in
 * the order of their names: which of two plugins of one name is refused does not depend on the
 * directory's mood.
 *
 * Rejected: a plugin taking the place of a built-in one of its name. It would be convenient for trying a
 * change, and a way to be wrong for months about what runs. Opening every module to ask it for its plugins:
 * that is to carry Kafka. */
#include "pipeline/registry.h"

#include <assert.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "config/kind.h"
#include "pipeline/descriptor.h"

struct entry {
    enum weir_kind kind;
    const char *name;
    const struct weir_plugin *plugin;     /* NULL: its module is not loaded */
    const struct registry_module *module; /* NULL: it is in none of the agent's */
    void *object;                         /* from dlopen(); NULL: built in, or not loaded */
    char *file;                           /* NULL: built in */
};

struct registry {
    struct entry *entries; /* by kind, then name */
    size_t count, room;
};

static int compare(const struct entry *entry, enum weir_kind kind, const char *name)
{
    return entry->kind != kind ? (int)entry->kind - (int)kind : strcmp(entry->name, name);
}

static struct entry *find_entry(const struct registry *registry, enum weir_kind kind,
                                const char *name)
{
    for (size_t i = 0; i < registry->count; i++)
        if (compare(&registry->entries[i], kind, name) == 0)
            return &registry->entries[i];
    return NULL;
}

static int add_entry(struct registry *registry, const struct entry *entry)
{
    if (registry->count == registry->room) {
        size_t room = registry->room ? 2 * registry->room : 32;
        struct entry *grown = reallocarray(registry->entries, room, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        registry->entries = grown;
        registry->room = room;
    }
    size_t at = 0;
    while (at < registry->count && compare(&registry->entries[at], entry->kind, entry->name) < 0)
        at++;
    memmove(&registry->entries[at + 1], &registry->entries[at],
            (registry->count - at) * sizeof(*entry));
    registry->entries[at] = *entry;
    registry->count++;
    return 0;
}

struct registry *registry_new(const struct weir_plugin *const *builtin)
{
    struct registry *registry = calloc(1, sizeof(*registry));
    for (; registry && *builtin; builtin++) {
        struct entry entry = { (*builtin)->kind, (*builtin)->name, .plugin = *builtin };
        assert(descriptor_check(*builtin, NULL) == 0);
        assert(!find_entry(registry, (*builtin)->kind, (*builtin)->name));
        if (add_entry(registry, &entry) < 0)
            return registry_free(registry);
    }
    return registry;
}

struct registry *registry_free(struct registry *registry)
{
    for (size_t i = 0; registry && i < registry->count; i++) {
        if (registry->entries[i].object)
            dlclose(registry->entries[i].object);
        free(registry->entries[i].file);
    }
    if (registry)
        free(registry->entries);
    free(registry);
    return NULL;
}

/* Whether the plugin of a loaded object can be used. */
static int check_object(const struct registry *registry, const char *file,
                        const struct weir_plugin *plugin, struct weir_error *err)
{
    struct weir_error wrong;
    if (!plugin)
        return weir_error_set(err, -EINVAL,
                              "%s: it does not export \"weir_plugin\": build it with the flags of "
                              "pkg-config --cflags weir",
                              file);
    if (descriptor_check(plugin, &wrong) < 0)
        return weir_error_set(err, wrong.code, "%s: %s", file, wrong.text);
    const struct entry *other = find_entry(registry, plugin->kind, plugin->name);
    if (other)
        return weir_error_set(err, -EEXIST, "%s: it brings %s \"%s\", which is %s%s already", file,
                              kind_name(plugin->kind), plugin->name,
                              other->file ? "in " : "built in", other->file ? other->file : "");
    return 0;
}

/* Runs code of the file's. */
static int open_object(const char *file, int flags, void **ret_object, struct weir_error *err)
{
    struct stat st;
    if (stat(file, &st) < 0)
        return weir_error_set(err, -errno, "%s: %s", file, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return weir_error_set(err, -EINVAL, "%s: it is not a file", file);
    if (st.st_mode & S_IWOTH)
        return weir_error_set(err, -EPERM,
                              "%s: everyone may write to it, so it is not loaded: chmod o-w", file);
    *ret_object = dlopen(file, RTLD_NOW | RTLD_LOCAL | flags);
    if (!*ret_object)
        return weir_error_set(err, -ENOEXEC, "cannot load a plugin: %s", dlerror());
    return 0;
}

static int load_object(struct registry *registry, const char *file, struct weir_error *err)
{
    void *object;
    int r = open_object(file, 0, &object, err);
    if (r < 0)
        return r;
    struct entry entry = { .plugin = dlsym(object, "weir_plugin"), .object = object };
    r = check_object(registry, file, entry.plugin, err);
    if (r == 0) {
        entry.kind = entry.plugin->kind;
        entry.name = entry.plugin->name;
        entry.file = strdup(file);
        r = entry.file ? add_entry(registry, &entry) : -ENOMEM;
        if (r < 0)
            weir_error_set(err, r, "%s: out of memory", file);
    }
    if (r < 0) {
        free(entry.file);
        dlclose(object);
    }
    return r;
}

static int is_object(const struct dirent *entry)
{
    size_t len = strlen(entry->d_name);
    return entry->d_name[0] != '.' && len > 3 && strcmp(entry->d_name + len - 3, ".so") == 0;
}

/* Names are bytes here, whatever the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Loads DIR/NAME; the first error is kept in *err, all are counted in *refused. */
static void load_named(struct registry *registry, const char *dir, const char *name,
                       struct weir_error *err, size_t *refused)
{
    struct weir_error wrong;
    char *file = NULL;
    int r = asprintf(&file, "%s/%s", dir, name) < 0
                ? weir_error_set(&wrong, -ENOMEM, "out of memory")
                : load_object(registry, file, &wrong);
    free(file);
    if (r < 0 && (*refused)++ == 0)
        *err = wrong;
}

int registry_load(struct registry *registry, const char *dir, struct weir_error *err)
{
    struct dirent **names = NULL;
    struct weir_error first;
    size_t refused = 0;
    int count = scandir(dir, &names, is_object, by_name);
    if (count < 0)
        return weir_error_set(err, -errno, "cannot read the directory %s: %s", dir,
                              strerror(errno));
    for (int i = 0; i < count; i++) {
        load_named(registry, dir, names[i]->d_name, &first, &refused);
        free(names[i]);
    }
    free(names);
    if (refused == 0)
        return 0;
    if (refused == 1)
        return weir_error_set(err, first.code, "%s", first.text);
    return weir_error_set(err, first.code, "%s (and %zu more files there are refused)", first.text,
                          refused - 1);
}

/* ---- the agent's modules --------------------------------------------------------------------------- */

int registry_add_modules(struct registry *registry, const struct registry_module *modules,
                         const char *dir)
{
    for (; modules->file; modules++) {
        struct entry entry = { modules->kind, modules->name, .module = modules };
        assert(!find_entry(registry, modules->kind, modules->name));
        if (asprintf(&entry.file, "%s/%s", dir, modules->file) < 0)
            return -ENOMEM;
        if (add_entry(registry, &entry) < 0) {
            free(entry.file);
            return -ENOMEM;
        }
    }
    return 0;
}

/* Module and list are of one build, or somebody has mixed two. */
static int check_module(const struct entry *entry, const struct weir_plugin *plugin,
                        struct weir_error *err)
{
    struct weir_error wrong;
    if (!plugin)
        return weir_error_set(err, -EINVAL,
                              "%s: it does not export \"%s\": it is of another version",
                              entry->file, entry->module->symbol);
    if (descriptor_check(plugin, &wrong) < 0)
        return weir_error_set(err, wrong.code, "%s: %s", entry->file, wrong.text);
    if (compare(entry, plugin->kind, plugin->name) != 0)
        return weir_error_set(err, -EINVAL, "%s: it brings %s \"%s\" in its place", entry->file,
                              kind_name(plugin->kind), plugin->name);
    return 0;
}

/* The entry's plugin; NULL with *err set when it is in a module that cannot be loaded. */
static const struct weir_plugin *entry_plugin(struct entry *entry, struct weir_error *err)
{
    if (entry->plugin)
        return entry->plugin;
    int r = open_object(entry->file, RTLD_NODELETE, &entry->object, err);
    if (r == -ENOENT)
        weir_error_set(err, r, "%s is not there: install the package that brings it", entry->file);
    if (r < 0)
        return NULL;
    const struct weir_plugin *plugin = dlsym(entry->object, entry->module->symbol);
    if (check_module(entry, plugin, err) < 0) {
        dlclose(entry->object);
        entry->object = NULL;
        return NULL;
    }
    entry->plugin = plugin;
    return plugin;
}

/* ---- finding ---------------------------------------------------------------------------------------- */

const struct weir_plugin *registry_find(struct registry *registry, enum weir_kind kind,
                                        const char *name, struct weir_error *err)
{
    struct entry *entry = find_entry(registry, kind, name);
    return entry ? entry_plugin(entry, err) : NULL;
}

const char *registry_name_at(const struct registry *registry, enum weir_kind kind, size_t index)
{
    for (size_t i = 0; i < registry->count; i++)
        if (registry->entries[i].kind == kind && index-- == 0)
            return registry->entries[i].name;
    return NULL;
}

const struct weir_plugin *registry_at(struct registry *registry, enum weir_kind kind, size_t index)
{
    for (size_t i = 0; i < registry->count; i++) {
        struct entry *entry = &registry->entries[i];
        const struct weir_plugin *plugin = entry->kind == kind ? entry_plugin(entry, NULL) : NULL;
        if (plugin && index-- == 0)
            return plugin;
    }
    return NULL;
}

const char *registry_file(const struct registry *registry, enum weir_kind kind, const char *name)
{
    const struct entry *entry = find_entry(registry, kind, name);
    return entry ? entry->file : NULL;
}
