/* SPDX-License-Identifier: Apache-2.0 */
/* Directories and the names in them. A file may have several names (hard links, symbolic links, patterns that
 * overlap), and is read once. */
#include "names.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <xxhash.h>

#include "file.h"
#include "listing.h"
#include "memory.h"
#include "scan.h"
#include "symlink.h"
#include "watch.h"

/* With its path. It may be another one later, so its length is taken for that of most. */
#define DIR_BYTES (sizeof(struct tail_dir) + 96)
/* So many are known whatever the memory: see memory.c. */
#define DIRS_ALWAYS 10000

static uint64_t place_hash(uint64_t device, uint64_t inode)
{
    const uint64_t parts[] = { device, inode };
    return XXH3_64bits(parts, sizeof(parts));
}

uint64_t tail_name_hash(const struct tail_dir *dir, struct weir_str name)
{
    return XXH3_64bits_withSeed(name.ptr, name.len, (uint64_t)(uintptr_t)dir);
}

/* ---- directories ------------------------------------------------------------------------------------ */

bool tail_dir_set_path(struct tail_dir *dir, struct weir_str path)
{
    if (dir->path && weir_str_eq(weir_str_of(dir->path), path))
        return true;
    char *copy = strndup(path.ptr, path.len);
    if (!copy)
        return false;
    free(dir->path);
    dir->path = copy;
    return true;
}

static struct tail_dir *dir_find(const struct tail *tail, uint64_t device, uint64_t inode)
{
    struct tail_node *node = tail_table_find(&tail->dirs_by_place, place_hash(device, inode));
    for (; node; node = tail_table_next(node)) {
        struct tail_dir *dir = tail_of(node, struct tail_dir, by_place);
        if (dir->device == device && dir->inode == inode)
            return dir;
    }
    return NULL;
}

struct tail_dir *tail_dir_get(struct tail *tail, struct weir_str path, uint64_t device,
                              uint64_t inode)
{
    struct tail_dir *dir = dir_find(tail, device, inode);
    if (dir)
        return dir;
    if (tail->dir_count >= DIRS_ALWAYS && !tail_memory_admits(tail))
        return NULL;
    dir = tail_memory_new(tail, DIR_BYTES);
    if (!dir)
        return NULL;
    dir->device = device;
    dir->inode = inode;
    dir->watch = -1;
    tail_list_init(&dir->all);
    tail_list_init(&dir->links);
    tail_list_init(&dir->pointing);
    tail_list_init(&dir->dangling);
    tail_list_init(&dir->awaited);
    if (!tail_dir_set_path(dir, path) ||
        tail_table_add(&tail->dirs_by_place, &dir->by_place, place_hash(device, inode)) < 0) {
        free(dir->path);
        tail_memory_free(tail, dir, DIR_BYTES);
        return tail_starved(tail);
    }
    tail->dir_count++;
    tail_list_append(&tail->dirs, &dir->all);
    return dir;
}

struct tail_dir *tail_dir_at(struct tail *tail, const char *path)
{
    struct statx stat;
    if (statx(AT_FDCWD, path, 0, TAIL_STATX, &stat) < 0 || !S_ISDIR(stat.stx_mode))
        return NULL;
    const struct tail_identity place = tail_identity_of(&stat);
    struct tail_dir *dir = tail_dir_get(tail, weir_str_of(path), place.device, place.inode);
    /* A number that was used again; a path by which patterns reach it is kept. */
    if (dir && !dir->walked && !tail_dir_set_path(dir, weir_str_of(path)))
        return tail_starved(tail);
    return dir;
}

void tail_dir_release(struct tail *tail, struct tail_dir *dir)
{
    if (dir->seen == tail->scan || !tail_list_is_empty(&dir->links) ||
        !tail_list_is_empty(&dir->pointing) || !tail_list_is_empty(&dir->dangling))
        return;
    if (tail->listing.dir == dir)
        tail_listing_drop(tail);
    tail_watch_remove(tail, dir);
    tail_table_remove(&tail->dirs_by_place, &dir->by_place);
    tail_list_remove(&dir->all);
    free(dir->path);
    tail_memory_free(tail, dir, DIR_BYTES);
    tail->dir_count--;
}

/* ---- links ---------------------------------------------------------------------------------------------- */

static struct tail_link *link_among(struct tail_node *node, const struct tail_dir *dir,
                                    struct weir_str name)
{
    for (; node; node = tail_table_next(node)) {
        struct tail_link *link = tail_of(node, struct tail_link, by_name);
        if (link->dir == dir && weir_str_eq((struct weir_str){ link->name, link->len }, name))
            return link;
    }
    return NULL;
}

struct tail_link *tail_link_find(const struct tail *tail, const struct tail_dir *dir,
                                 struct weir_str name)
{
    return link_among(tail_table_find(&tail->links_by_name, tail_name_hash(dir, name)), dir, name);
}

struct tail_link *tail_link_next(const struct tail_link *link)
{
    return link_among(tail_table_next(&link->by_name), link->dir,
                      (struct weir_str){ link->name, link->len });
}

struct tail_link *tail_link_find_named(const struct tail *tail, const struct tail_dir *dir,
                                       struct weir_str name)
{
    struct tail_link *link = tail_link_find(tail, dir, name);
    while (link && !link->named)
        link = tail_link_next(link);
    return link;
}

void tail_link_set(struct tail_link *link, struct tail_file *file)
{
    tail_list_remove(&link->of_file);
    link->file = file;
    if (file)
        tail_list_append(&file->links, &link->of_file);
}

static size_t link_bytes(size_t name_len)
{
    return sizeof(struct tail_link) + name_len + 1;
}

struct tail_link *tail_link_new(struct tail *tail, struct tail_dir *dir, struct weir_str name,
                                struct tail_file *file)
{
    struct tail_link *link = tail_memory_new(tail, link_bytes(name.len));
    if (!link)
        return NULL;
    link->dir = dir;
    link->len = (uint16_t)name.len;
    memcpy(link->name, name.ptr, name.len);
    tail_list_init(&link->of_dir);
    tail_list_init(&link->of_file);
    tail_list_init(&link->of_target);
    if (tail_table_add(&tail->links_by_name, &link->by_name, tail_name_hash(dir, name)) < 0) {
        tail_memory_free(tail, link, link_bytes(name.len));
        return tail_starved(tail);
    }
    tail_list_append(&dir->links, &link->of_dir);
    tail_link_set(link, file);
    return link;
}

struct tail_link *tail_link_add(struct tail *tail, struct tail_dir *dir, struct weir_str name,
                                struct tail_file *file)
{
    struct tail_link *link = tail_link_find(tail, dir, name);
    while (link && link->file != file)
        link = tail_link_next(link);
    return link ? link : tail_link_new(tail, dir, name, file);
}

void tail_link_free(struct tail *tail, struct tail_link *link)
{
    tail_table_remove(&tail->links_by_name, &link->by_name);
    tail_symlink_unfollow(tail, link);
    tail_list_remove(&link->of_dir);
    tail_list_remove(&link->of_file);
    tail_memory_free(tail, link, link_bytes(link->len));
}

/* ---- paths ------------------------------------------------------------------------------------------------ */

size_t tail_path_join(char ret[PATH_MAX], const char *dir, struct weir_str name)
{
    const size_t len = strlen(dir);
    if (strcmp(dir, ".") == 0) {
        if (name.len >= PATH_MAX)
            return 0;
        memcpy(ret, name.ptr, name.len);
        ret[name.len] = '\0';
        return name.len;
    }
    const bool slash = len > 0 && dir[len - 1] != '/';
    if (len + slash + name.len >= PATH_MAX)
        return 0;
    memcpy(ret, dir, len);
    if (slash)
        ret[len] = '/';
    memcpy(ret + len + slash, name.ptr, name.len);
    ret[len + slash + name.len] = '\0';
    return len + slash + name.len;
}

bool tail_path_cut(char *path)
{
    char *slash = strrchr(path, '/');
    if (!slash) {
        const bool was_name = strcmp(path, ".") != 0;
        memcpy(path, ".", 2);
        return was_name;
    }
    if (slash[1] == '\0')
        return false; /* the root */
    slash[slash == path] = '\0';
    return true;
}

size_t tail_link_path(const struct tail_link *link, char ret[PATH_MAX])
{
    return tail_path_join(ret, link->dir->path, (struct weir_str){ link->name, link->len });
}
