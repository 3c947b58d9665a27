/* SPDX-License-Identifier: Apache-2.0 */
/* The walk: from the root of each pattern down, into each directory below which something may match.
 *
 * It runs at start, once a minute as a net under inotify (once a second where there is no inotify), when the
 * event queue has overflowed, and when directories came, went or moved. A watch is set before its directory
 * is listed, so nothing that comes in between is missed. A pattern whose root is not there yet has its
 * nearest existing parent watched.
 *
 * A directory that is reached twice (a symbolic link to it, or a loop) is walked once: its files are the
 * same. After the walk, names that it did not meet are gone. */
#include "scan.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "file.h"
#include "hold.h"
#include "listing.h"
#include "look.h"
#include "memory.h"
#include "names.h"
#include "orphan.h"
#include "symlink.h"
#include "watch.h"

#define DEPTH_MAX 64

/* How often a blind tail looks: see watch.c. */
#define BLIND_POLL_MS 1000

/* A scan that takes long is done less often: at most a tenth of the time. */
#define REST_FACTOR 9
/* Memory was short: the next scan. */
#define STARVED_MS 200

static void walk(struct tail *tail, size_t len, unsigned depth);

static struct weir_str walk_path(const struct tail *tail, size_t len)
{
    return (struct weir_str){ tail->scan_path, len };
}

/* Appends a name to the path that is walked. Its new length, or 0 when it is too long. */
static size_t walk_push(struct tail *tail, size_t len, struct weir_str name)
{
    if (len == 1 && tail->scan_path[0] == '.')
        len = 0;
    const bool slash = len > 0 && tail->scan_path[len - 1] != '/';
    if (len + slash + name.len >= PATH_MAX)
        return 0;
    if (slash)
        tail->scan_path[len++] = '/';
    memcpy(tail->scan_path + len, name.ptr, name.len + 1);
    return len + name.len;
}

static void walk_pop(struct tail *tail, size_t len, char first)
{
    tail->scan_path[0] = first; /* "." gave way to the name */
    tail->scan_path[len] = '\0';
}

static size_t walk_set(struct tail *tail, const char *path)
{
    const size_t len = strlen(path);
    assert(len < PATH_MAX); /* a pattern is no longer, and what was walked to neither */
    memcpy(tail->scan_path, path, len + 1);
    return len;
}

static bool may_hold(const struct tail *tail, struct weir_str directory)
{
    for (size_t i = 0; i < tail->paths.count; i++)
        if (tail_glob_may_hold(tail->globs[i], directory))
            return true;
    return false;
}

static bool may_list(const struct tail *tail, struct weir_str directory)
{
    for (size_t i = 0; i < tail->paths.count; i++)
        if (tail_glob_may_list(tail->globs[i], directory))
            return true;
    return false;
}

/* Gives `name`, in `dir`, open as `fd`, to the file of that inode number, if it is one that has none. One that is where it was when
 * a pattern matched it is not wanted any more: the patterns are others. (Not inlined: the walk recurses, and
 * this has a path on its stack.) */
static __attribute__((noinline)) void place(struct tail *tail, struct tail_dir *dir, int fd,
                                            struct weir_str name, uint64_t inode)
{
    struct statx stat;
    char path[PATH_MAX];
    enum tail_likeness likeness;
    if (!tail_file_has_unplaced(tail, inode) || !tail_path_join(path, dir->path, name) ||
        statx(fd, name.ptr, AT_SYMLINK_NOFOLLOW, TAIL_STATX, &stat) < 0 || !S_ISREG(stat.stx_mode))
        return;
    const struct tail_identity found = tail_identity_of(&stat);
    struct tail_file *file = tail_file_find(tail, &found, &likeness);
    if (!file || !file->unplaced || likeness < TAIL_LIKELY)
        return;
    if (file->noted && tail_note_is_at(weir_str_of(file->noted), weir_str_of(path)) &&
        !tail_look_matches(tail, weir_str_of(path)))
        return;
    if (!tail_link_add(tail, dir, name, file))
        return;
    weir_debug(tail->host, "a file has another name now", weir_kv_str("path", path),
               weir_kv_int("inode", (int64_t)inode));
    tail_file_placed(tail, file);
    tail_hold_rotated(tail, file);
    tail_file_seen(tail, file, &stat);
}

/* One entry of the directory at tail->scan_path[0..len). */
static void walk_entry(struct tail *tail, struct tail_dir *dir, int fd, size_t len,
                       const struct dirent *entry, unsigned depth)
{
    const struct weir_str name = weir_str_of(entry->d_name);
    const char first = tail->scan_path[0];
    const size_t joined = walk_push(tail, len, name);
    if (!joined)
        return;
    const struct weir_str path = walk_path(tail, joined);
    struct statx stat;
    unsigned char type = entry->d_type;
    if (type != DT_REG && type != DT_DIR && may_hold(tail, path) &&
        statx(AT_FDCWD, tail->scan_path, 0, STATX_TYPE, &stat) == 0 && S_ISDIR(stat.stx_mode))
        type = DT_DIR;
    if (type == DT_DIR) {
        if (depth < DEPTH_MAX && may_hold(tail, path))
            walk(tail, joined, depth + 1);
    } else if (tail_look_matches(tail, path)) {
        tail_look(tail, dir, name);
    } else if (tail->unplaced > 0) {
        place(tail, dir, fd, name, entry->d_ino);
    }
    walk_pop(tail, len, first);
}

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* What could not be listed has not gone. */
static void keep_names(struct tail *tail, struct tail_dir *dir)
{
    struct tail_list *at = dir->links.next;
    for (; at != &dir->links; at = at->next)
        tail_of(at, struct tail_link, of_dir)->seen = tail->scan;
}

static void list(struct tail *tail, struct tail_dir *dir, size_t len, unsigned depth)
{
    DIR *entries = opendir(tail->scan_path);
    if (!entries) {
        const int error = errno;
        if (error == ENOENT || error == ENOTDIR)
            return;
        keep_names(tail, dir);
        weir_warn(tail->host, "cannot list a directory, will try again",
                  weir_kv_str("path", tail->scan_path), weir_kv_str("error", strerror(error)));
        if (error == ENOMEM)
            tail_scan_want(tail);
        return;
    }
    /* Symbolic links come last, so that a directory that is also linked to goes by its own name. */
    bool links = false;
    const struct dirent *entry;
    while ((entry = readdir(entries))) {
        if (entry->d_type == DT_LNK)
            links = true;
        else if (!is_dots(entry->d_name))
            walk_entry(tail, dir, dirfd(entries), len, entry, depth);
    }
    if (links) {
        rewinddir(entries);
        while ((entry = readdir(entries)))
            if (entry->d_type == DT_LNK)
                walk_entry(tail, dir, dirfd(entries), len, entry, depth);
    }
    closedir(entries);
}

/* Walks the directory at tail->scan_path[0..len). */
static void walk(struct tail *tail, size_t len, unsigned depth)
{
    struct statx stat;
    if (statx(AT_FDCWD, tail->scan_path, 0, TAIL_STATX, &stat) < 0 || !S_ISDIR(stat.stx_mode))
        return;
    const struct tail_identity place_of = tail_identity_of(&stat);
    struct tail_dir *dir =
        tail_dir_get(tail, walk_path(tail, len), place_of.device, place_of.inode);
    if (!dir || dir->walked == tail->scan || !tail_dir_set_path(dir, walk_path(tail, len)))
        return;
    dir->seen = dir->walked = tail->scan;
    dir->away = false;
    dir->lists = may_list(tail, walk_path(tail, len));
    tail_watch_add(tail, dir);
    dir->listed_before = dir->listed;
    dir->listed = weir_now_wall(tail->host);
    list(tail, dir, len, depth);
}

/* ---- roots ---------------------------------------------------------------------------------------------- */

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Watches the nearest existing parent of `root`, so that its creation is seen. */
static void await_root(struct tail *tail, const char *root)
{
    char *path = tail->scan_path;
    walk_set(tail, root);
    while (!is_directory(path))
        if (!tail_path_cut(path))
            return;
    struct tail_dir *dir = tail_dir_at(tail, path);
    if (!dir)
        return;
    dir->seen = tail->scan;
    tail_watch_add(tail, dir);
}

static void scan_root(struct tail *tail, const char *root)
{
    if (!is_directory(root))
        await_root(tail, root);
    /* It may have been made before its parent was watched. */
    if (is_directory(root))
        walk(tail, walk_set(tail, root), 0);
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

/* Names that were not met are gone, and directories too. */
static void sweep(struct tail *tail)
{
    for (struct tail_list *at = tail->dirs.next, *next; at != &tail->dirs; at = next) {
        struct tail_dir *dir = tail_of(at, struct tail_dir, all);
        next = at->next;
        for (struct tail_list *of = dir->links.next, *after; of != &dir->links; of = after) {
            struct tail_link *link = tail_of(of, struct tail_link, of_dir);
            after = of->next;
            if (link->named && link->seen != tail->scan)
                tail_look_lost(tail, link);
        }
        if (dir->seen != tail->scan &&
            (tail_list_is_empty(&dir->dangling) || !tail_watch_is_awaited(dir)))
            tail_watch_remove(tail, dir);
        tail_dir_release(tail, dir);
    }
}

void tail_scan(struct tail *tail)
{
    const weir_ms from = weir_now(tail->host);
    weir_timer_cancel(tail->rescan);
    tail->rescan_wanted = false;
    tail->blind = false;
    tail->scan++;
    tail_listing_drop(tail);
    weir_counter_add(tail->counters.scans, 1);
    tail->scanning = true;
    tail_memory_scan(tail);
    tail->searches = 0;
    for (size_t i = 0; i < tail->paths.count; i++)
        scan_root(tail, tail_glob_root(tail->globs[i]));
    tail->scanning = false;
    tail_memory_scanned(tail);
    sweep(tail);
    tail_symlink_await(tail);
    tail_orphans(tail);
    tail->told_blind &= tail->blind;
    tail->scanned_at = weir_now(tail->host);
    tail->scan_took = tail->scanned_at - from;
}

void tail_poll_set(struct tail *tail)
{
    weir_ms after = tail->poll_interval;
    if (tail->blind && after > BLIND_POLL_MS)
        after = BLIND_POLL_MS;
    if (!tail->stopped && !tail->once)
        weir_timer_set(tail->poll, after);
}

void tail_scan_want(struct tail *tail)
{
    tail->rescan_wanted = true;
}

void *tail_starved(struct tail *tail)
{
    weir_error(tail->host, "out of memory: some files are looked at later",
               weir_kv_int("after_ms", STARVED_MS));
    tail_scan_want(tail);
    return NULL;
}

void tail_scan_changed(struct tail *tail, struct tail_dir *dir, struct weir_str name, bool appeared)
{
    const size_t len = walk_push(tail, walk_set(tail, dir->path), name);
    if (!len || !may_hold(tail, walk_path(tail, len)))
        return;
    if (appeared)
        walk(tail, len, 0);
    else
        tail_scan_want(tail);
}

void tail_scan_settle(struct tail *tail)
{
    const weir_ms due = tail->scanned_at + REST_FACTOR * tail->scan_took;
    const weir_ms now = weir_now(tail->host);
    if (tail->rescan_wanted && now >= due)
        tail_scan(tail);
    if (tail->rescan_wanted) /* still, where memory was short */
        weir_timer_set(tail->rescan, now < due ? due - now : STARVED_MS);
    tail_orphans(tail);
    tail_listing_drop(tail);
}

void tail_scan_place(struct tail *tail, struct tail_dir *dir)
{
    DIR *entries = opendir(dir->path);
    struct stat st;
    dir->away = !entries || fstat(dirfd(entries), &st) < 0 || st.st_ino != dir->inode;
    const struct dirent *entry;
    while (entries && tail->unplaced > 0 && (entry = readdir(entries)))
        if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
            place(tail, dir, dirfd(entries), weir_str_of(entry->d_name), entry->d_ino);
    if (entries)
        closedir(entries);
}
