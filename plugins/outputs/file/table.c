/* SPDX-License-Identifier: Apache-2.0 */
/* Which files are open, and whether they are still the ones that their paths name.
 *
 * logrotate and people move files away, with USR1 and without. So before a file is written to, but at
 * most once a second, we look whether its path still leads to it; if not, or if it was truncated, the
 * next record goes into a new one. The second is short for a rotation and makes the look free; who
 * compresses or removes a file right after moving it must send USR1 first, as for any daemon.
 *
 * A template may name any number of files, of which a bounded number is open at a time: the one that
 * was used least recently is closed (synced first, where that is asked for) to make room.
 *
 * Entries are searched from first to last: there are few, and a search is needed only when the path
 * differs from that of the record before. */
#include "table.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define CHECK_MS 1000

int file_table_init(struct file_table *files, struct weir_host *host, struct place place,
                    unsigned count)
{
    assert(count > 0 && count <= FILES_MAX);
    *files =
        (struct file_table){ .host = host, .place = place, .count = count, .sync = place.durable };
    files->place.root_fd = -1;
    files->entries = calloc(count, sizeof(files->entries[0]));
    files->committed = file_committed_new(host, count);
    return files->entries && files->committed ? 0 : -ENOMEM;
}

void file_table_deinit(struct file_table *files)
{
    if (!files->entries)
        return;
    file_table_close(files);
    for (unsigned i = 0; i < files->count; i++)
        free(files->entries[i].path);
    free(files->entries);
    files->entries = NULL;
    files->committed = file_committed_free(files->committed);
}

static void close_file(struct file_table *files, struct file *file)
{
    if (!file->is_open)
        return;
    int r = files->sync ? file_sink_sync(&file->sink) : 0;
    if (r < 0 && files->lost_sync == 0)
        files->lost_sync = r;
    file_sink_close(&file->sink);
    file_committed_release(files->committed, file->slot);
    file->is_open = false;
}

/* FNV-1a: the paths are short, and who controls them gains nothing by making them collide. */
static uint64_t hash_path(struct weir_str path)
{
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < path.len; i++)
        hash = (hash ^ (unsigned char)path.ptr[i]) * 0x100000001b3;
    return hash;
}

static bool is_older(const struct file *file, const struct file *than)
{
    return !file->in_batch && (!than || file->used < than->used);
}

struct file *file_table_find(struct file_table *files, struct weir_str path)
{
    const uint64_t hash = hash_path(path);
    struct file *oldest = NULL;
    for (unsigned i = 0; i < files->count; i++) {
        struct file *file = &files->entries[i];
        if (file->path && file->hash == hash && weir_str_eq(weir_str_of(file->path), path)) {
            file->used = ++files->use_count;
            return file;
        }
        if (is_older(file, oldest))
            oldest = file;
    }
    errno = 0;
    if (!oldest)
        return NULL;
    char *copy = strndup(path.ptr, path.len);
    if (!copy)
        return NULL;
    close_file(files, oldest);
    free(oldest->path);
    *oldest = (struct file){ .path = copy, .hash = hash, .used = ++files->use_count };
    return oldest;
}

static int open_new(struct file_table *files, struct file *file)
{
    uint64_t committed;
    int fd = file_place_open(&files->place, file->path);
    int r = fd < 0 ? fd : file_sink_open(&file->sink, fd);
    if (r < 0)
        return r;
    file->is_open = true;
    file->checked = weir_now(files->host);
    file->slot = file_committed_take(files->committed, file_sink_identity(&file->sink), &committed);
    if (!file->sink.sole)
        weir_warn(files->host, "another process holds the file's lock; will not cut torn lines",
                  weir_kv_str("path", file->path));
    uint64_t cut = file_sink_repair(&file->sink, committed);
    if (cut)
        weir_info(files->host, "cut the line that a crash had torn",
                  weir_kv_str("path", file->path), weir_kv_int("bytes", (int64_t)cut));
    file_committed_put(files->committed, file->slot, file->sink.size);
    return 0;
}

/* Closes the file if its path leads elsewhere by now. */
static void check_path(struct file_table *files, struct file *file)
{
    struct stat st;
    weir_ms now = weir_now(files->host);
    if (now - file->checked < CHECK_MS)
        return;
    file->checked = now;
    file_place_check_root(&files->place);
    int r = file_place_stat(&files->place, file->path, &st);
    if (r == -ENOENT || r == -ENOTDIR) {
        close_file(files, file);
    } else if (r == 0) {
        const bool sole = file->sink.sole;
        switch (file_sink_compare(&file->sink, &st)) {
        case SINK_SAME: break;
        case SINK_SHARED:
            if (sole)
                weir_warn(files->host,
                          "another program writes to the file; will not cut torn lines",
                          weir_kv_str("path", file->path));
            break;
        case SINK_REPLACED: close_file(files, file); break;
        }
    }
}

int file_table_ready(struct file_table *files, struct file *file)
{
    if (file->is_open)
        check_path(files, file);
    return file->is_open ? 0 : open_new(files, file);
}

int file_table_sync(struct file_table *files)
{
    int first = files->lost_sync;
    files->lost_sync = 0;
    for (unsigned i = 0; i < files->count; i++) {
        struct file *file = &files->entries[i];
        int r = file->is_open ? file_sink_sync(&file->sink) : 0;
        if (r == 0)
            continue;
        weir_error(files->host, "cannot bring the file to stable storage",
                   weir_kv_str("path", file->path), weir_kv_str("error", strerrordesc_np(-r)));
        file_sink_close(&file->sink);
        file_committed_release(files->committed, file->slot);
        file->is_open = false;
        if (first == 0)
            first = r;
    }
    return first;
}

void file_table_commit(struct file_table *files)
{
    for (unsigned i = 0; i < files->count; i++)
        if (files->entries[i].is_open)
            file_committed_put(files->committed, files->entries[i].slot,
                               files->entries[i].sink.size);
}

void file_table_close(struct file_table *files)
{
    for (unsigned i = 0; i < files->count; i++)
        close_file(files, &files->entries[i]);
    file_place_close(&files->place);
}
