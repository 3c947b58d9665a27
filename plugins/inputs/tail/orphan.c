/* SPDX-License-Identifier: Apache-2.0 */
/* Files that have lost their last name.
 *
 * Such a file was deleted, or has a new name that no pattern matches. With the descriptor still open, the link count
 * tells; the new name is looked for in the directory, by inode number, so that late writes are noticed and the
 * descriptor may be closed. */
#include "orphan.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "file.h"
#include "hold.h"
#include "listing.h"
#include "names.h"
#include "scan.h"
#include "succession.h"

/* Positions of so many files whose directory is gone are kept, at most. */
#define KEEP_GONE_MAX 4096

/* How often a directory is searched at a time, while names in it change. */
#define SEARCHES_FOR_ONE 4

static bool is_deleted(const struct tail_file *file)
{
    struct stat st;
    return file->fd >= 0 && fstat(file->fd, &st) == 0 && st.st_nlink == 0;
}

/* Whether the directory in which it was is not where it was, or was away when it was searched last. */
static bool has_moved(const struct tail_file *file)
{
    for (struct tail_list *at = file->links.next; at != &file->links; at = at->next) {
        const struct tail_dir *dir = tail_of(at, struct tail_link, of_file)->dir;
        struct statx stat;
        if (dir->away || statx(AT_FDCWD, dir->path, 0, TAIL_STATX, &stat) < 0)
            return true;
        const struct tail_identity found = tail_identity_of(&stat);
        if (found.device != dir->device || found.inode != dir->inode)
            return true;
    }
    return false;
}

bool tail_orphan_keep(struct tail *tail, struct tail_file *file)
{
    char room[PATH_MAX];
    if (!file->has_id || !file->unplaced || tail->unplaced > KEEP_GONE_MAX || is_deleted(file) ||
        !has_moved(file))
        return false;
    char *noted = strdup(tail_file_path(file, room));
    if (!noted)
        return false;
    free(file->noted);
    file->noted = noted;
    while (!tail_list_is_empty(&file->links))
        tail_link_free(tail, tail_of(file->links.next, struct tail_link, of_file));
    tail_list_remove(&file->ready);
    tail_list_remove(&file->waiting);
    tail_file_close(tail, file);
    file->rotated = file->suspended = false;
    file->modified = weir_now_wall(tail->host);
    return true;
}

/* Marks the directories in which it may be found. */
static void search_for(struct tail *tail, struct tail_file *file)
{
    tail_file_unplace(tail, file);
    for (struct tail_list *at = file->links.next; at != &file->links; at = at->next)
        tail_of(at, struct tail_link, of_file)->dir->orphaned = true;
}

/* Whether names in the directory were changed after that moment. */
static bool has_changed(const struct tail_dir *dir, int64_t since)
{
    struct stat st;
    return stat(dir->path, &st) == 0 &&
           st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec >= since - TAIL_CLOCK_NS;
}

/* Directories whose names were changed meanwhile stay marked. */
static void search(struct tail *tail)
{
    for (struct tail_list *at = tail->dirs.next; at != &tail->dirs; at = at->next) {
        struct tail_dir *dir = tail_of(at, struct tail_dir, all);
        const int64_t since = weir_now_wall(tail->host);
        if (!dir->orphaned)
            continue;
        tail_scan_place(tail, dir);
        dir->orphaned = !dir->away && has_changed(dir, since);
    }
}

/* Whether nothing leads to one of them any more. */
static bool is_missing(const struct tail_list *lost)
{
    for (struct tail_list *at = lost->next; at != lost; at = at->next) {
        const struct tail_file *file = tail_of(at, struct tail_file, orphan);
        if (file->fd < 0 && file->unplaced)
            return true;
    }
    return false;
}

/* A large directory is listed in several calls, and what is renamed in between may be under neither of its names. It is
 * not gone: it is looked for again. */
static void search_well(struct tail *tail, const struct tail_list *lost)
{
    search(tail);
    for (unsigned again = 1; again < SEARCHES_FOR_ONE && is_missing(lost); again++)
        search(tail);
    for (struct tail_list *at = tail->dirs.next; at != &tail->dirs; at = at->next)
        tail_of(at, struct tail_dir, all)->orphaned = false;
}

/* Takes those off the list that were deleted, and marks where the others may be. */
static void sort_out(struct tail *tail, struct tail_list *lost)
{
    while (!tail_list_is_empty(&tail->orphans)) {
        struct tail_file *file = tail_of(tail->orphans.next, struct tail_file, orphan);
        tail_list_remove(&file->orphan);
        if (file->named || file->leaving)
            continue;
        if (is_deleted(file)) {
            file->deleted = true;
            if (file->fd >= 0)
                tail_list_append(&tail->vanishing, &file->vanishing);
            weir_counter_add(tail->counters.deleted, 1);
            tail_file_poke(tail, file);
            continue;
        }
        search_for(tail, file);
        tail_list_append(lost, &file->orphan);
    }
}

void tail_orphans(struct tail *tail)
{
    if (tail_list_is_empty(&tail->orphans))
        return;
    struct tail_list lost;
    tail_list_init(&lost);
    sort_out(tail, &lost);
    search_well(tail, &lost);
    tail_listing_drop(tail);
    while (!tail_list_is_empty(&lost)) {
        struct tail_file *file = tail_of(lost.next, struct tail_file, orphan);
        tail_list_remove(&file->orphan);
        if (file->fd >= 0 || !file->unplaced) {
            tail_file_poke(tail, file);
            tail_succession_fill(tail, file);
        } else if (!tail_orphan_keep(tail, file)) {
            tail_hold_abandon(tail, file, "gone");
        }
    }
    tail_hold_limit(tail);
}
