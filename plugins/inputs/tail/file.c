/* SPDX-License-Identifier: Apache-2.0 */
/* One file's life.
 *
 *            a name appears                     poke: something to read
 *     (new) ───────────────▶ idle: names only ─────────────────────────▶ ready: descriptor, stream
 *                              ▲                                             │
 *                              └── the descriptor is wanted for another ─────┘ at its end
 *                                                                            │ the last name is lost
 *            forgotten ◀── read to the end, quiet, acked ◀── held ◀──────────┘
 *
 * Descriptors are few: only files with news are opened, and the one that was read least recently gives its
 * descriptor away. A file that has no name any more keeps it, since nothing else leads there.
 *
 * The stream's id is made of the identity and the generation. So even if the agent is killed before anything
 * was stored, the same file gets the same id again. Where the time of birth is not known, the first line is
 * taken in, which is complete before a record of the file leaves, and does not change when it grows. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

#include "hold.h"
#include "memory.h"
#include "names.h"
#include "order.h"
#include "scan.h"

/* How much of the first line goes into the id. */
#define ID_LINE_BYTES 256

/* Times of files come from a clock that is a little behind the one of stored positions. */
#define STORED_SLACK_NS INT64_C(1000000000)

/* How far back from the end the last line's begin is looked for. */
#define LAST_LINE_BYTES 16384

/* ---- finding ------------------------------------------------------------------------------------------ */

static uint64_t inode_hash(uint64_t inode)
{
    return XXH3_64bits(&inode, sizeof(inode));
}

struct tail_file *tail_file_find(const struct tail *tail, const struct tail_identity *identity,
                                 enum tail_likeness *ret_likeness)
{
    struct tail_file *best = NULL;
    *ret_likeness = TAIL_OTHER;
    struct tail_node *node = tail_table_find(&tail->files_by_inode, inode_hash(identity->inode));
    for (; node; node = tail_table_next(node)) {
        struct tail_file *file = tail_of(node, struct tail_file, by_inode);
        const enum tail_likeness likeness = tail_identity_compare(&file->identity, identity);
        if (likeness == TAIL_OTHER || likeness < *ret_likeness)
            continue;
        if (best && likeness == *ret_likeness && file->generation < best->generation)
            continue;
        best = file;
        *ret_likeness = likeness;
    }
    return best;
}

static bool has_one(const struct tail *tail, uint64_t inode, bool unplaced)
{
    struct tail_node *node = tail_table_find(&tail->files_by_inode, inode_hash(inode));
    for (; node; node = tail_table_next(node)) {
        const struct tail_file *file = tail_of(node, struct tail_file, by_inode);
        if (file->unplaced == unplaced && file->identity.inode == inode)
            return true;
    }
    return false;
}

bool tail_file_has_placed(const struct tail *tail, uint64_t inode)
{
    return has_one(tail, inode, false);
}

bool tail_file_has_unplaced(const struct tail *tail, uint64_t inode)
{
    return has_one(tail, inode, true);
}

void tail_file_placed(struct tail *tail, struct tail_file *file)
{
    tail->unplaced -= file->unplaced;
    file->unplaced = false;
}

void tail_file_unplace(struct tail *tail, struct tail_file *file)
{
    tail->unplaced += !file->unplaced;
    file->unplaced = true;
}

void tail_file_identify(struct tail *tail, struct tail_file *file,
                        const struct tail_identity *identity)
{
    if (file->indexed)
        tail_table_remove(&tail->files_by_inode, &file->by_inode);
    file->indexed = false;
    if (!identity)
        return;
    file->identity = *identity;
    file->indexed =
        tail_table_add(&tail->files_by_inode, &file->by_inode, inode_hash(identity->inode)) == 0;
    file->renoted = true;
}

/* ---- born and gone ------------------------------------------------------------------------------------ */

struct tail_file *tail_file_new(struct tail *tail, const struct tail_identity *identity,
                                uint32_t generation)
{
    struct tail_file *file = tail_memory_new(tail, sizeof(*file));
    if (!file)
        return NULL;
    file->fd = -1;
    file->generation = generation;
    tail_memory_unstored(tail, file);
    struct tail_list *const lists[] = { &file->all,     &file->open,   &file->ready,
                                        &file->waiting, &file->orphan, &file->vanishing,
                                        &file->links };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        tail_list_init(lists[i]);
    tail_file_identify(tail, file, identity);
    if (!file->indexed) {
        tail_memory_stored(tail, file);
        tail_memory_free(tail, file, sizeof(*file));
        return tail_starved(tail);
    }
    tail_list_append(&tail->files, &file->all);
    weir_counter_set(tail->counters.files, (int64_t)++tail->file_count);
    return file;
}

void tail_file_free(struct tail *tail, struct tail_file *file)
{
    tail_file_close(tail, file);
    tail_file_close_stream(file);
    tail_file_set_lag(tail, file, file->position);
    tail_file_placed(tail, file);
    tail_file_identify(tail, file, NULL);
    while (!tail_list_is_empty(&file->links))
        tail_link_free(tail, tail_of(file->links.next, struct tail_link, of_file));
    struct tail_list *const lists[] = { &file->all, &file->ready, &file->waiting, &file->orphan,
                                        &file->vanishing };
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        tail_list_remove(lists[i]);
    tail_order_remove(file);
    if (file->replaced_by)
        file->replaced_by->replaces = NULL;
    if (file->replaces)
        tail_file_free(tail, file->replaces);
    free(file->noted);
    tail_memory_stored(tail, file);
    tail_memory_free(tail, file, sizeof(*file));
    weir_counter_set(tail->counters.files, (int64_t)--tail->file_count);
}

static bool stream_open(struct tail *tail, struct tail_file *file);

void tail_file_forget(struct tail *tail, struct tail_file *file)
{
    if (file->replaces)
        tail_file_forget(tail, file->replaces);
    if (file->has_id && (file->stream || stream_open(tail, file)))
        weir_stream_forget(file->stream);
    file->stream = NULL;
    tail_file_free(tail, file);
}

/* ---- the descriptor ------------------------------------------------------------------------------------- */

void tail_file_close(struct tail *tail, struct tail_file *file)
{
    if (file->fd < 0)
        return;
    close(file->fd);
    file->fd = -1;
    tail_list_remove(&file->open);
    tail_list_remove(&file->vanishing);
    weir_counter_set(tail->counters.open, (int64_t)--tail->open_count);
    if (!tail_file_is_busy(tail, file))
        tail_file_close_stream(file);
}

static bool can_be_closed(const struct tail_file *file)
{
    return !file->deleted && !file->unplaced && !tail_list_has(&file->orphan) &&
           !tail_list_is_empty(&file->links);
}

/* Closes the file that was read least recently. False when none may be closed. */
static bool close_one(struct tail *tail, const struct tail_file *but)
{
    for (struct tail_list *at = tail->open.next; at != &tail->open; at = at->next) {
        struct tail_file *file = tail_of(at, struct tail_file, open);
        if (file == but || !can_be_closed(file))
            continue;
        tail_file_close(tail, file);
        return true;
    }
    return false;
}

/* Opens `path` if that file is there. The descriptor, or a negative errno; -ENOENT: it is another one. */
static int open_if(const char *path, const struct tail_identity *identity)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return -errno;
    struct statx stat;
    if (statx(fd, "", AT_EMPTY_PATH, TAIL_STATX, &stat) == 0 && S_ISREG(stat.stx_mode)) {
        const struct tail_identity found = tail_identity_of(&stat);
        if (tail_identity_compare(identity, &found) >= TAIL_LIKELY)
            return fd;
    }
    close(fd);
    return -ENOENT;
}

static int open_somewhere(const struct tail_file *file)
{
    int r = -ENOENT;
    for (struct tail_list *at = file->links.next; at != &file->links; at = at->next) {
        char path[PATH_MAX];
        if (!tail_link_path(tail_of(at, struct tail_link, of_file), path))
            continue;
        int fd = open_if(path, &file->identity);
        if (fd >= 0)
            return fd;
        if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP && fd != -ENXIO)
            r = fd;
    }
    return r;
}

static void cannot_open(struct tail *tail, struct tail_file *file, int r)
{
    tail_list_remove(&file->ready);
    file->shut = true;
    if (r == -ENOENT) {
        /* Its names lead elsewhere: the next look at them finds that out. */
        if (file->named)
            tail_scan_want(tail);
        else
            tail_list_append(&tail->orphans, &file->orphan);
        return;
    }
    char room[PATH_MAX];
    if (!file->denied)
        weir_warn(tail->host, "cannot open a file, will try again",
                  weir_kv_str("path", tail_file_path(file, room)),
                  weir_kv_str("error", strerror(-r)));
    file->denied = true;
    if (r != -EACCES && r != -EPERM) /* of these, an event tells when they are over */
        tail_hold_suspended(tail, file);
}

bool tail_file_open(struct tail *tail, struct tail_file *file)
{
    if (file->fd >= 0)
        return true;
    while (tail->open_count >= (size_t)tail->max_open && close_one(tail, file))
        continue;
    int fd = open_somewhere(file);
    while ((fd == -EMFILE || fd == -ENFILE) && close_one(tail, file))
        fd = open_somewhere(file);
    if (fd < 0) {
        cannot_open(tail, file, fd);
        return false;
    }
    file->fd = fd;
    file->shut = file->denied = false;
    file->unverified = true;
    tail_list_append(&tail->open, &file->open);
    weir_counter_set(tail->counters.open, (int64_t)++tail->open_count);
    return true;
}

/* ---- looks ------------------------------------------------------------------------------------------------ */

void tail_file_set_lag(struct tail *tail, struct tail_file *file, uint64_t size)
{
    const uint64_t lag = size > file->position ? size - file->position : 0;
    tail->lag += lag - file->lag;
    file->lag = lag;
}

static bool is_too_old(const struct tail *tail, const struct tail_file *file, int64_t modified)
{
    return tail->ignore_older > 0 && !file->has_id && file->fd < 0 && file->position == 0 &&
           modified < weir_now_wall(tail->host) - tail->ignore_older * 1000000;
}

void tail_file_seen(struct tail *tail, struct tail_file *file, const struct statx *stat)
{
    const int64_t modified = stat->stx_mtime.tv_sec * INT64_C(1000000000) + stat->stx_mtime.tv_nsec;
    if (is_too_old(tail, file, modified))
        return;
    const bool quiet =
        file->remembered ? modified < file->modified - STORED_SLACK_NS : modified == file->modified;
    file->remembered = false;
    file->modified = modified;
    if (stat->stx_size == file->size && quiet && !file->shut)
        return;
    if (stat->stx_size < file->size)
        file->refused = false; /* it is not the content any more that was refused */
    if (stat->stx_size > file->size || file->refused) {
        file->size =
            stat->stx_size; /* a smaller one is for the reader to see: it means truncation */
        tail_file_set_lag(tail, file, file->size);
    }
    tail_file_poke(tail, file);
}

void tail_file_poke(struct tail *tail, struct tail_file *file)
{
    if (tail->stopped || file->suspended || file->abandoned)
        return;
    if (file->leaving) { /* late, but not too late */
        file->leaving = false;
        tail_hold_rotated(tail, file);
    }
    if (!tail_list_has(&file->ready))
        tail_list_append(&tail->ready, &file->ready);
    if (file->fd < 0 && tail->open_count < (size_t)tail->max_open)
        tail_file_open(tail, file);
}

ssize_t tail_read(int fd, char *data, size_t len, uint64_t at)
{
    size_t done = 0;
    ssize_t n = 0;
    while (done < len && (n = pread(fd, data + done, len - done, (off_t)(at + done))) > 0)
        done += (size_t)n;
    return done || n == 0 ? (ssize_t)done : -1;
}

enum tail_verdict tail_file_verify(const struct tail_file *file, int fd,
                                   enum tail_likeness likeness)
{
    char bytes[TAIL_HEAD_MAX];
    struct tail_evidence evidence = { .likeness = likeness };
    const size_t marked = tail_marker_len(file->marker);
    ssize_t n = tail_read(fd, bytes, file->head.len, 0);
    evidence.content =
        n == file->head.len && (n == 0 || tail_head_of(bytes, (size_t)n).hash == file->head.hash);
    if (evidence.content && marked) {
        n = tail_read(fd, bytes, marked, file->position - marked);
        evidence.content = n == (ssize_t)marked && tail_marker_holds(file->marker, bytes);
    }
    struct stat st;
    evidence.shorter = fstat(fd, &st) == 0 && (uint64_t)st.st_size < file->position;
    return tail_decide(&evidence);
}

bool tail_file_adopt(struct tail *tail, struct tail_file *file, const char *path,
                     const struct tail_identity *identity)
{
    if (file->fd >= 0 || file->named)
        return false;
    int fd = open_if(path, identity);
    if (fd < 0)
        return false;
    const bool same = tail_file_verify(file, fd, TAIL_PERHAPS) == TAIL_RESUME;
    close(fd);
    if (same)
        tail_file_identify(tail, file, identity);
    return same;
}

/* ---- the stream --------------------------------------------------------------------------------------------- */

const char *tail_file_path(const struct tail_file *file, char room[PATH_MAX])
{
    const struct tail_link *best = NULL;
    for (struct tail_list *at = file->links.next; at != &file->links; at = at->next) {
        const struct tail_link *link = tail_of(at, struct tail_link, of_file);
        if (!best || (link->named && !best->named))
            best = link;
    }
    if (best && (best->named || !file->noted) && tail_link_path(best, room))
        return room;
    return file->noted ? file->noted : "";
}

static size_t file_note(const struct tail_file *file, unsigned char ret[WEIR_NOTE_MAX])
{
    char room[PATH_MAX];
    const struct tail_note note = { .identity = file->identity,
                                    .generation = file->generation,
                                    .head = file->head,
                                    .path = weir_str_of(tail_file_path(file, room)) };
    return tail_note_encode(&note, ret);
}

static void make_id(const struct tail *tail, struct tail_file *file)
{
    struct {
        uint64_t device, inode, born, generation;
        char line[ID_LINE_BYTES];
    } parts = { file->identity.device, file->identity.inode, (uint64_t)file->identity.born,
                file->generation, "" };
    ssize_t n = 0;
    if (!tail_file_is_identified(file))
        n = tail_read(file->fd, parts.line, sizeof(parts.line), 0);
    const char *newline = n > 0 ? memchr(parts.line, '\n', (size_t)n) : NULL;
    const size_t len = newline ? (size_t)(newline + 1 - parts.line) : n > 0 ? (size_t)n : 0;
    weir_stream_id(tail->host, &parts, offsetof(__typeof__(parts), line) + len, file->id);
    file->has_id = true;
}

static bool stream_open(struct tail *tail, struct tail_file *file)
{
    struct weir_stream_state state = { .position = file->position, .check = file->marker };
    memcpy(state.id, file->id, sizeof(state.id));
    state.note_len = (uint16_t)file_note(file, state.note);
    file->stream = weir_stream_open(tail->host, &state, file);
    file->renoted = false;
    if (file->stream)
        tail_memory_stored(tail, file);
    return file->stream != NULL;
}

static void file_describe(const struct tail_file *file)
{
    char room[PATH_MAX];
    const struct weir_attribute path = { WEIR_STR("log.file.path"),
                                         weir_str_of(tail_file_path(file, room)) };
    weir_stream_describe(file->stream, &path, 1, "log.file.offset");
}

bool tail_file_stream(struct tail *tail, struct tail_file *file)
{
    const bool fresh = !file->has_id;
    if (file->stream)
        return true;
    if (fresh)
        make_id(tail, file);
    if (!stream_open(tail, file)) {
        file->has_id = !fresh;
        return false;
    }
    file_describe(file);
    if (fresh && file->generation > 0)
        tail_file_note(tail, file, true);
    return true;
}

bool tail_file_is_busy(const struct tail *tail, const struct tail_file *file)
{
    return file->stream && (file->block == tail->block || !weir_stream_is_idle(file->stream));
}

void tail_file_close_stream(struct tail_file *file)
{
    if (file->stream)
        weir_stream_close(file->stream);
    file->stream = NULL;
}

void tail_file_note(struct tail *tail, struct tail_file *file, bool sync)
{
    unsigned char note[WEIR_NOTE_MAX];
    if (!file->stream)
        return;
    if (file->renoted)
        file_describe(file);
    file->renoted = false;
    int r = weir_stream_note(file->stream, note, file_note(file, note), sync);
    if (r < 0)
        weir_warn(tail->host,
                  "cannot store that a file was truncated: after a crash it may be read again",
                  weir_kv_str("error", strerror(-r)));
    if (!file->replaces)
        return;
    tail_list_append(&tail->doomed, &file->replaces->orphan);
    file->replaces->replaced_by = NULL;
    file->replaces = NULL;
}

void tail_file_renamed(struct tail *tail, struct tail_file *file)
{
    file->renoted = true;
    if (file->stream)
        tail_file_note(tail, file, false);
    else if (file->has_id && stream_open(tail, file)) /* which stores it */
        tail_file_close_stream(file);
}

/* The position after the last complete line of which the end is known. */
static uint64_t last_line(int fd, uint64_t size)
{
    char bytes[LAST_LINE_BYTES];
    const size_t want = size < sizeof(bytes) ? (size_t)size : sizeof(bytes);
    ssize_t n = tail_read(fd, bytes, want, size - want);
    const char *newline = n > 0 ? memrchr(bytes, '\n', (size_t)n) : NULL;
    if (newline)
        return size - want + (uint64_t)(newline + 1 - bytes);
    return want == size ? 0 : size;
}

void tail_file_skip_to_end(struct tail *tail, struct tail_file *file)
{
    struct stat st;
    char bytes[TAIL_MARKER_MAX];
    if (!tail_file_open(tail, file) || fstat(file->fd, &st) < 0)
        return;
    file->position = last_line(file->fd, (uint64_t)st.st_size);
    file->scanned = file->position;
    if (file->position == 0)
        return;
    const size_t want = file->position < sizeof(bytes) ? (size_t)file->position : sizeof(bytes);
    ssize_t n = tail_read(file->fd, bytes, want, file->position - want);
    file->marker = n == (ssize_t)want ? tail_marker_of(bytes, want) : 0;
    file->size = (uint64_t)st.st_size;
    file->modified = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
    tail_file_stream(tail, file);
    file->unverified = false;
}
