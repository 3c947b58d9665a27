/* SPDX-License-Identifier: Apache-2.0 */
/* One name, looked at. Whatever led here (a scan, an event, a symbolic link whose target moved), the
 * question is the same: which file is there now, and is it the one that was there before? */
#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "hold.h"
#include "memory.h"
#include "names.h"
#include "succession.h"
#include "symlink.h"

/* As deep as directories that are made one in the other while they are looked at may be. */
#define LOOKS_MAX 64

bool tail_look_matches(const struct tail *tail, struct weir_str path)
{
    bool wanted = false;
    for (size_t i = 0; i < tail->paths.count && !wanted; i++)
        wanted = tail_glob_matches(tail->globs[i], path);
    for (size_t i = 0; i < tail->exclude.count && wanted; i++)
        wanted = !tail_glob_matches(tail->excludes[i], path);
    return wanted;
}

void tail_look_lost(struct tail *tail, struct tail_link *link)
{
    struct tail_file *file = link->file;
    char room[PATH_MAX];
    if (tail_link_path(link, room))
        weir_debug(tail->host, "a name is gone, or leads to another file",
                   weir_kv_str("path", room));
    link->named = false;
    if (!file) {
        tail_link_free(tail, link);
        return;
    }
    tail_symlink_unfollow(tail, link);
    file->named--;
    if (!file->named)
        tail_list_append(&tail->orphans, &file->orphan);
    tail_hold_rotated(tail, file);
}

enum there {
    THERE_FILE,
    THERE_NOTHING,
    THERE_DANGLING, /* a symbolic link to nothing */
    THERE_UNFIT,    /* something that cannot be read as a log, *ret_why says what */
};

static enum there stat_name(const char *path, struct statx *stat, bool *ret_symbolic,
                            const char **ret_why)
{
    int r = statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, TAIL_STATX, stat);
    *ret_symbolic = r == 0 && S_ISLNK(stat->stx_mode);
    if (*ret_symbolic)
        r = statx(AT_FDCWD, path, 0, TAIL_STATX, stat);
    if (r < 0 && (errno == ENOENT || errno == ENOTDIR))
        return *ret_symbolic ? THERE_DANGLING : THERE_NOTHING;
    *ret_why = r < 0                     ? strerror(errno)
               : S_ISDIR(stat->stx_mode) ? "a directory"
                                         : "not a regular file";
    return r == 0 && S_ISREG(stat->stx_mode) ? THERE_FILE : THERE_UNFIT;
}

/* The file of that identity: one that is known, or a new one. */
static struct tail_file *find_file(struct tail *tail, const char *path, const struct statx *stat)
{
    const struct tail_identity identity = tail_identity_of(stat);
    enum tail_likeness likeness;
    struct tail_file *file = tail_file_find(tail, &identity, &likeness);
    if (file && likeness == TAIL_PERHAPS && !tail_file_adopt(tail, file, path, &identity))
        file = NULL;
    if (!file && tail_memory_admits(tail))
        file = tail_file_new(tail, &identity, 0);
    return file;
}

/* Whether `file` had that very name before, and lost it. Forgets that. */
static bool has_returned(struct tail *tail, const struct tail_link *link,
                         const struct tail_file *file)
{
    struct tail_link *at =
        tail_link_find(tail, link->dir, (struct weir_str){ link->name, link->len });
    while (at && (at->file != file || at->named))
        at = tail_link_next(at);
    if (!at)
        return false;
    tail_link_free(tail, at);
    return true;
}

/* Whether a name is not the one that was stored last. */
static bool is_elsewhere(const struct tail_link *link, const struct tail_file *file)
{
    char path[PATH_MAX];
    const size_t len = tail_link_path(link, path);
    if (file->noted)
        return !tail_note_is_at(weir_str_of(file->noted), (struct weir_str){ path, len });
    return file->has_id;
}

/* `path` leads to `file`, which had no name, or another one, before. */
static void name_file(struct tail *tail, struct tail_link *link, struct tail_file *file)
{
    const bool renamed = file->named == 0 && is_elsewhere(link, file);
    if (has_returned(tail, link, file))
        tail_hold_returned(tail, file);
    tail_link_set(link, file);
    link->named = true;
    file->named++;
    if (!file->named_since)
        file->named_since = tail->looked;
    tail_list_remove(&file->orphan);
    tail_file_placed(tail, file);
    if (file->named == 1) {
        free(file->noted);
        file->noted = NULL;
    }
    char path[PATH_MAX];
    if (tail_link_path(link, path))
        weir_debug(tail->host, "a name leads to a file", weir_kv_str("path", path),
                   weir_kv_int("inode", (int64_t)file->identity.inode),
                   weir_kv_int("position", (int64_t)file->position));
    if (renamed)
        tail_file_renamed(tail, file);
}

/* A file that was not known has taken a name. */
static void greet(struct tail *tail, struct tail_file *file, struct tail_link *link)
{
    if (tail->first_start && tail->read_from == TAIL_END)
        tail_file_skip_to_end(tail, file);
    else if (tail->started)
        tail_succession(tail, file, link);
}

/* The link by that name, made if need be; NULL when memory is short, or there is no room for one more that does
 * not lead to a file that is `known`. */
static struct tail_link *keep_link(struct tail *tail, struct tail_dir *dir, struct weir_str name,
                                   struct tail_link *link, bool known)
{
    if (!link && (known || tail_memory_admits(tail)))
        link = tail_link_new(tail, dir, name, NULL);
    if (link) {
        link->seen = tail->scan;
        link->named = true;
    }
    return link;
}

static void tell_unfit(struct tail *tail, struct tail_link *link, const char *path, const char *why)
{
    if (!link->told)
        weir_warn(tail->host, "skips what it cannot read as a log", weir_kv_str("path", path),
                  weir_kv_str("reason", why));
    link->told = true;
}

/* One look. True when a directory is watched only since it was begun, so that what it found may have changed
 * untold. */
static bool look_once(struct tail *tail, struct tail_dir *dir, struct weir_str name)
{
    char path[PATH_MAX];
    struct statx stat;
    bool symbolic;
    const char *why = NULL;
    bool again = false;
    if (!tail_path_join(path, dir->path, name))
        return false;
    struct tail_link *link = tail_link_find_named(tail, dir, name);
    tail->looked = weir_now_wall(tail->host);
    const enum there there = stat_name(path, &stat, &symbolic, &why);
    struct tail_file *file = there == THERE_FILE ? find_file(tail, path, &stat) : NULL;
    if (link && (there == THERE_NOTHING || (link->file && link->file != file))) {
        tail_look_lost(tail, link);
        link = NULL;
    }
    const bool waits = there == THERE_FILE && !file;
    if (there == THERE_NOTHING || waits || !(link = keep_link(tail, dir, name, link, file != NULL)))
        return false;
    if (there == THERE_UNFIT)
        tell_unfit(tail, link, path, why);
    const bool fresh = file && !file->named && !file->rotated && !file->has_id;
    const bool named = file && !link->file;
    if (named)
        name_file(tail, link, file);
    if (symbolic && there != THERE_UNFIT)
        again = tail_symlink_follow(tail, link, path);
    else
        tail_symlink_unfollow(tail, link);
    if (named && fresh)
        greet(tail, file, link);
    if (file)
        tail_file_seen(tail, file, &stat);
    return again;
}

void tail_look(struct tail *tail, struct tail_dir *dir, struct weir_str name)
{
    for (int i = 0; i < LOOKS_MAX && look_once(tail, dir, name); i++)
        ;
}

void tail_look_modified(struct tail *tail, struct tail_dir *dir, struct weir_str name)
{
    struct tail_link *link = tail_link_find(tail, dir, name);
    if (!link) {
        tail_look_changed(tail, dir, name, false);
        return;
    }
    for (; link; link = tail_link_next(link))
        if (link->file)
            tail_file_poke(tail, link->file);
}

static const struct tail_file *file_at(const struct tail *tail, const struct tail_dir *dir,
                                       struct weir_str name)
{
    const struct tail_link *link = tail_link_find_named(tail, dir, name);
    return link ? link->file : NULL;
}

void tail_look_changed(struct tail *tail, struct tail_dir *dir, struct weir_str name, bool moved)
{
    char path[PATH_MAX];
    const size_t len = tail_path_join(path, dir->path, name);
    if (!len)
        return;
    /* A place that was only known, not matched, may be left: then the file is to be found again. */
    for (struct tail_link *link = tail_link_find(tail, dir, name); link;
         link = tail_link_next(link))
        if (link->file && !link->named && !link->file->named)
            tail_list_append(&tail->orphans, &link->file->orphan);
    if (tail_look_matches(tail, (struct weir_str){ path, len })) {
        const struct tail_file *before = file_at(tail, dir, name);
        tail_look(tail, dir, name);
        if (moved && (!before || before == file_at(tail, dir, name)))
            tail_succession_missed(tail, dir, name);
    }
    tail_symlink_look(tail, dir, name);
}
