/* SPDX-License-Identifier: Apache-2.0 */
/* Truncation, and copies.
 *
 * A file that was truncated begins again at 0 as a new generation: a stream of its own, with other record
 * ids. The new stream is on stable storage before its first record leaves; only then the old one is
 * forgotten. After a crash in between, the old position is found again, and the truncation too.
 *
 * "copytruncate" copies the file first. What had not been read before the truncation stands in that copy, so
 * it is looked for: a file in the same directory that is long enough, begins with the same bytes, and has
 * the marker at the position. The old stream then goes on there. What stands in no copy is lost, and counted
 * as far as it is known.
 *
 * Where a pattern matches copies too, a copy appears as a new file some time before the truncation, and
 * would be read again from its begin. So a new file that begins like the one whose name its own begins with,
 * and has its marker, or is not yet as long, waits a little. */
#include "generation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "file.h"
#include "hold.h"
#include "names.h"
#include "order.h"

/* ---- copies --------------------------------------------------------------------------------------------- */

/* Whether the file at `fd` holds everything that was read of `old`, and can be read on from there. */
static bool is_copy(const struct tail_file *old, int fd, uint64_t size)
{
    return old->position > 0 && old->head.len > 0 && old->marker && size >= old->position &&
           tail_file_verify(old, fd, TAIL_SAME) == TAIL_RESUME;
}

/* The descriptor of `name` if it is such a copy and nothing was read of it, else -1. */
static int open_copy(const struct tail *tail, const struct tail_file *old, int dir,
                     const char *name, struct tail_identity *ret_identity,
                     struct tail_file **ret_known)
{
    struct statx stat;
    enum tail_likeness likeness;
    int fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    if (statx(fd, "", AT_EMPTY_PATH, TAIL_STATX, &stat) == 0 && S_ISREG(stat.stx_mode) &&
        is_copy(old, fd, stat.stx_size)) {
        *ret_identity = tail_identity_of(&stat);
        *ret_known = tail_file_find(tail, ret_identity, &likeness);
        if (!*ret_known || !(*ret_known)->has_id)
            return fd;
    }
    close(fd);
    return -1;
}

/* A copy that was known as a new file is that no more: its names lead to the old file. */
static void take_over(struct tail *tail, struct tail_file *old, struct tail_file *known)
{
    if (!known)
        return;
    while (!tail_list_is_empty(&known->links)) {
        struct tail_link *link = tail_of(known->links.next, struct tail_link, of_file);
        tail_link_set(link, old);
        old->named += link->named;
    }
    known->named = 0;
    tail_file_free(tail, known);
}

static bool find_in(struct tail *tail, struct tail_file *old, struct tail_dir *dir)
{
    DIR *entries = opendir(dir->path);
    const struct dirent *entry;
    bool found = false;
    while (entries && !found && (entry = readdir(entries))) {
        struct tail_identity identity;
        struct tail_file *known;
        if (entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
            continue;
        int fd = open_copy(tail, old, dirfd(entries), entry->d_name, &identity, &known);
        if (fd < 0)
            continue;
        close(fd);
        take_over(tail, old, known);
        tail_file_identify(tail, old, &identity);
        found = known || tail_link_new(tail, dir, weir_str_of(entry->d_name), old);
    }
    if (entries)
        closedir(entries);
    return found;
}

bool tail_copy_find(struct tail *tail, struct tail_file *old, struct tail_file *now)
{
    for (struct tail_list *at = now->links.next; at != &now->links; at = at->next) {
        if (!find_in(tail, old, tail_of(at, struct tail_link, of_file)->dir))
            continue;
        weir_counter_add(tail->counters.copies, 1);
        tail_file_placed(tail, old);
        tail_hold_rotated(tail, old);
        if (!old->before)
            tail_order_add(now, old);
        if (old->has_id && (old->stream || tail_file_open(tail, old)) &&
            tail_file_stream(tail, old))
            tail_file_note(tail, old, true);
        tail_file_poke(tail, old);
        return true;
    }
    return false;
}

/* Whether `file`, which begins with these bytes, holds all that was read of `old`, or will when it is as
 * long. */
static bool may_become_copy(const struct tail_file *file, const struct tail_file *old,
                            const char *data, size_t len)
{
    char before[TAIL_MARKER_MAX];
    if (old == file || !old->marker || !old->head.len || len < old->head.len ||
        tail_head_of(data, old->head.len).hash != old->head.hash)
        return false;
    const size_t marked = tail_marker_len(old->marker);
    const ssize_t n = tail_read(file->fd, before, marked, old->position - marked);
    return n < (ssize_t)marked || tail_marker_holds(old->marker, before);
}

/* Goes through the names that a rotated file called `name` may have had before. */
static bool was_copied(const struct tail *tail, const struct tail_file *file,
                       const struct tail_dir *dir, struct weir_str name, const char *data,
                       size_t len)
{
    char base[NAME_MAX + 1];
    const char *end = memrchr(name.ptr, '.', name.len);
    for (size_t i = 1; i < name.len; i++) {
        if (!memchr(".-_", name.ptr[i], 3))
            continue;
        memcpy(base, name.ptr, i);
        size_t base_len = i;
        for (int with_end = 0; with_end < 2; with_end++) {
            const struct tail_link *link =
                tail_link_find_named(tail, dir, (struct weir_str){ base, base_len });
            if (link && link->file && may_become_copy(file, link->file, data, len))
                return true;
            if (!end || end <= name.ptr + i)
                break;
            const size_t end_len = (size_t)(name.ptr + name.len - end);
            memcpy(base + i, end, end_len);
            base_len = i + end_len;
        }
    }
    return false;
}

bool tail_copy_is_suspect(struct tail *tail, const struct tail_file *file, const char *data,
                          size_t len)
{
    for (struct tail_list *at = file->links.next; at != &file->links; at = at->next) {
        const struct tail_link *link = tail_of(at, struct tail_link, of_file);
        if (was_copied(tail, file, link->dir, (struct weir_str){ link->name, link->len }, data,
                       len))
            return true;
    }
    return false;
}

/* ---- truncation ------------------------------------------------------------------------------------------ */

static void tell_truncated(struct tail *tail, const struct tail_file *file, uint64_t size)
{
    char room[PATH_MAX];
    weir_counter_add(tail->counters.truncated, 1);
    weir_info(tail->host, "a file was truncated, reads it from its beginning",
              weir_kv_str("path", tail_file_path(file, room)),
              weir_kv_int("position", (int64_t)file->position), weir_kv_int("size", (int64_t)size));
}

/* Nothing of it has left yet, so it can just begin again. */
static void restart(struct tail *tail, struct tail_file *file, uint64_t size)
{
    file->position = file->scanned = file->marker = 0;
    file->head = (struct tail_head){ 0 };
    file->size = size;
    file->unverified = false;
    tail_file_set_lag(tail, file, size);
    tail_file_poke(tail, file);
}

/* Names and descriptor go to the new generation. */
static void hand_over(struct tail *tail, struct tail_file *file, struct tail_file *now)
{
    char room[PATH_MAX];
    char *noted = strdup(tail_file_path(file, room));
    free(file->noted);
    file->noted = noted;
    while (!tail_list_is_empty(&file->links))
        tail_link_set(tail_of(file->links.next, struct tail_link, of_file), now);
    now->named = file->named;
    now->named_since = file->named_since;
    file->named = 0;
    now->fd = file->fd;
    file->fd = -1;
    if (now->fd >= 0)
        tail_list_append(&tail->open, &now->open);
    tail_list_remove(&file->open);
    tail_list_remove(&file->ready);
    tail_list_remove(&file->waiting);
    if (file->unplaced)
        tail_file_unplace(tail, now);
    tail_file_placed(tail, file);
    now->rotated = file->rotated;
    now->deleted = file->deleted;
    tail_list_remove(&file->vanishing);
    if (now->deleted && now->fd >= 0)
        tail_list_append(&tail->vanishing, &now->vanishing);
    file->rotated = file->deleted = false;
    tail_file_identify(tail, file, NULL);
}

void tail_file_truncated(struct tail *tail, struct tail_file *file, uint64_t size)
{
    const uint64_t known = size < file->size ? file->size : file->scanned;
    const uint64_t unread = known > file->position ? known - file->position : 0;
    tell_truncated(tail, file, size);
    if (!file->has_id) {
        restart(tail, file, size);
        return;
    }
    struct tail_file *now = tail_file_new(tail, &file->identity, file->generation + 1);
    if (!now) {
        tail_hold_suspended(tail, file);
        return;
    }
    hand_over(tail, file, now);
    tail_file_set_lag(tail, file, file->position);
    if (now->rotated)
        tail_hold_rotated(tail, now);
    if (!tail_copy_find(tail, file, now)) {
        if (unread)
            weir_input_lost(tail->host, "truncated", 0, unread);
        now->replaces = file;
        file->replaced_by = now;
    }
    if (tail_file_is_identified(now))
        tail_file_stream(tail, now);
    now->size = size;
    tail_file_set_lag(tail, now, size);
    tail_file_poke(tail, now);
}
