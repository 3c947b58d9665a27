/* SPDX-License-Identifier: Apache-2.0 */
/* One file's turn with a block.
 *
 * The bytes are read right into the block, together with the 64 before them in the same call: those must be
 * what the position's marker says, or the file is not what it was (it was truncated and has grown past the
 * position again). What is found after the last newline stays in the file and is read again when more of it
 * is there, so that where a read ends makes no difference.
 *
 * A long line is not read again and again. Once PROBE_AFTER bytes without a newline are known, only what
 * follows them is looked at, in the block as scratch memory, until the line's end is found; then it is
 * read, into a block that is as large as the line. A line above max_line is cut, and takes no more memory
 * than max_line. */
#include "turn.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "file.h"
#include "generation.h"
#include "hold.h"
#include "nuls.h"
#include "text.h"

#define PROBE_AFTER 4096

/* A read of the room behind what the block holds. */
struct look {
    char *data;
    size_t room, len; /* len bytes are there */
    uint64_t size;    /* of the file, before the read, or as much as was read */
};

/* ---- the end ------------------------------------------------------------------------------------------ */

static enum tail_turn turn_done(struct tail *tail, struct tail_file *file)
{
    tail_list_remove(&file->ready);
    file->finished = file->finish;
    file->finish = false;
    tail_hold_idle(tail, file);
    return TAIL_TURN_DONE;
}

static enum tail_turn turn_failed(struct tail *tail, struct tail_file *file, int error)
{
    char room[PATH_MAX];
    weir_counter_add(tail->counters.read_errors, 1);
    weir_warn(tail->host, "cannot read a file, will try again",
              weir_kv_str("path", tail_file_path(file, room)),
              weir_kv_str("error", strerror(error)));
    /* A stale handle does not get better; opening the file again may. */
    if (!file->deleted)
        tail_file_close(tail, file);
    tail_hold_suspended(tail, file);
    return TAIL_TURN_DONE;
}

static enum tail_turn turn_truncated(struct tail *tail, struct tail_file *file, uint64_t size)
{
    tail_list_remove(&file->ready);
    tail_file_truncated(tail, file, size);
    return TAIL_TURN_DONE;
}

static enum tail_turn turn_refused(struct tail *tail, struct tail_file *file, const char *why)
{
    char room[PATH_MAX];
    weir_warn(tail->host, "skips a file that is not text",
              weir_kv_str("path", tail_file_path(file, room)), weir_kv_str("reason", why));
    file->refused = true;
    tail_file_set_lag(tail, file, file->position);
    return turn_done(tail, file);
}

/* ---- positions ---------------------------------------------------------------------------------------- */

static bool read_all(const struct tail_file *file, char *data, size_t len, uint64_t at)
{
    return tail_read(file->fd, data, len, at) == (ssize_t)len;
}

/* The fingerprint covers what was read, and grows in steps. `data` is what stands before the position from
 * `from` on. */
static void grow_head(struct tail *tail, struct tail_file *file, uint64_t from, const char *data)
{
    const size_t max = (size_t)tail->fingerprint;
    const size_t want = file->position < max ? (size_t)file->position : max;
    char bytes[TAIL_HEAD_MAX];
    if (file->head.len >= max || (want < max && want < 2 * (size_t)file->head.len))
        return;
    if (from > 0) {
        if (!read_all(file, bytes, want, 0))
            return;
        data = bytes;
    }
    file->head = tail_head_of(data, want);
    tail_file_note(tail, file, false);
}

static void advance(struct tail *tail, struct tail_file *file, uint64_t to, uint64_t marker,
                    uint64_t size)
{
    file->position = file->scanned = to;
    file->marker = marker;
    file->finished = false;
    file->backoff = 0;
    tail_file_set_lag(tail, file, size);
}

/* ---- reading ------------------------------------------------------------------------------------------ */

static bool marker_is_there(const struct tail_file *file)
{
    char before[TAIL_MARKER_MAX];
    const size_t marked = tail_marker_len(file->marker);
    return !marked || (read_all(file, before, marked, file->position - marked) &&
                       tail_marker_holds(file->marker, before));
}

/* Reads from the position on. False, with what became of the turn in *ret, when that cannot be. */
static bool read_at_position(struct tail *tail, struct tail_file *file, struct look *look,
                             enum tail_turn *ret)
{
    char before[TAIL_MARKER_MAX];
    const size_t marked = tail_marker_len(file->marker);
    const struct iovec parts[] = { { before, marked }, { look->data, look->room } };
    ssize_t n = preadv(file->fd, parts, 2, (off_t)(file->position - marked));
    if (n < 0) {
        *ret = turn_failed(tail, file, errno);
        return false;
    }
    if ((size_t)n < marked ? !marker_is_there(file)
                           : marked && !tail_marker_holds(file->marker, before)) {
        *ret = turn_truncated(tail, file, look->size);
        return false;
    }
    look->len = (size_t)n < marked ? 0 : (size_t)n - marked;
    /* What comes short of the file's size is not its end. */
    const size_t missing = look->room - look->len;
    if (missing && file->position + look->len < look->size) {
        n = tail_read(file->fd, look->data + look->len, missing, file->position + look->len);
        look->len += n > 0 ? (size_t)n : 0;
    }
    if (look->size < file->position + look->len) /* it has grown in between */
        look->size = file->position + look->len;
    return true;
}

/* What a file begins with: NULL, or why it is not read. */
static const char *unfit(enum tail_kind kind)
{
    switch (kind) {
    case TAIL_PLAIN:
    case TAIL_BOM: return NULL;
    case TAIL_UTF16: return "it is UTF-16 or UTF-32";
    case TAIL_COMPRESSED: return "it is compressed";
    }
    return NULL;
}

/* A file that was refused stays so while it begins as it did. */
static bool is_still_refused(struct tail_file *file)
{
    char begin[TAIL_KIND_BYTES];
    if (!file->refused)
        return false;
    const ssize_t n = tail_read(file->fd, begin, sizeof(begin), 0);
    file->refused = n > 0 && unfit(tail_text_kind(begin, (size_t)n));
    return file->refused;
}

/* The first bytes of a file. True when the turn is over. */
static bool read_beginning(struct tail *tail, struct tail_file *file, const struct look *look,
                           enum tail_turn *ret)
{
    const enum tail_kind kind = tail_text_kind(look->data, look->len);
    const char *why = unfit(kind);
    if (why) {
        *ret = turn_refused(tail, file, why);
        return true;
    }
    if (kind == TAIL_BOM) {
        advance(tail, file, TAIL_BOM_BYTES, 0, look->size);
        *ret = TAIL_TURN_MORE;
        return true;
    }
    if (file->has_id || !tail_copy_is_suspect(tail, file, look->data, look->len))
        return false;
    if (file->suspect == look->size) /* it has waited, and did not grow */
        return false;
    file->suspect = look->size;
    if (tail->once) /* the others first: one of them may turn out to be truncated */
        tail_list_append(&tail->ready, &file->ready);
    else
        tail_hold_suspect(tail, file);
    *ret = TAIL_TURN_DONE;
    return true;
}

/* NULs where a line should begin. True when the turn is over. */
static bool read_nuls(struct tail *tail, struct tail_file *file, const struct look *look,
                      enum tail_turn *ret)
{
    const uint64_t to = tail_nuls_end(file->fd, file->position, look->size);
    if (to >= look->size) { /* space that was reserved, and may yet be filled */
        tail_file_set_lag(tail, file, file->position);
        *ret = turn_done(tail, file);
        return true;
    }
    if (file->position > 0 &&
        lseek(file->fd, (off_t)file->position, SEEK_DATA) == (off_t)file->position)
        return false; /* no hole: the line has them */
    weir_counter_add(tail->counters.nul_bytes, (int64_t)(to - file->position));
    advance(tail, file, to, 0, look->size);
    *ret = TAIL_TURN_MORE;
    return true;
}

/* The bytes [from, from + len), at `data`, have no newline. Remembers that, and returns the file's size as
 * far as something is in it. */
static uint64_t note_scanned(struct tail_file *file, uint64_t from, const char *data, size_t len,
                             uint64_t size)
{
    size_t nuls = 0;
    while (nuls < len && !data[len - nuls - 1])
        nuls++;
    file->scanned = from + len;
    if (!nuls)
        return size;
    /* What was reserved will be written to; a hole is passed at once. */
    const uint64_t begin = file->scanned - nuls;
    const uint64_t end = tail_nuls_end(file->fd, begin, size);
    file->scanned = end < size ? end : begin;
    return end < size ? size : begin;
}

static unsigned run_flags(const struct tail *tail)
{
    return tail->strip_cr ? WEIR_RUN_STRIP_CR : 0;
}

/* ---- one line by hand ----------------------------------------------------------------------------------- */

/* Emits [position, to) as one record, cut where it is too long. With `ended` its last byte is a newline. */
static enum tail_turn take_line(struct tail *tail, struct tail_file *file, struct weir_block *block,
                                uint64_t to, bool ended, uint64_t size)
{
    struct look look = { .size = size };
    look.data = weir_block_room(block, &look.room);
    const uint64_t len = to - file->position - ended;
    const bool cut = len > tail->max_line;
    size_t keep = cut ? (size_t)tail->max_line : (size_t)len;
    if (look.room < keep + 1) {
        tail->want = keep + 1;
        return TAIL_TURN_FULL;
    }
    char last[TAIL_MARKER_MAX];
    const uint64_t marked = to - file->position < sizeof(last) ? to - file->position : sizeof(last);
    if (!marker_is_there(file))
        return turn_truncated(tail, file, size);
    if (!read_all(file, look.data, keep + cut, file->position) ||
        !read_all(file, last, (size_t)marked, to - marked))
        return turn_failed(tail, file, ESTALE);
    if (memchr(look.data, '\n', keep)) { /* what was looked through is not what is there now */
        file->scanned = file->position;
        return TAIL_TURN_MORE;
    }
    if (!tail_file_stream(tail, file))
        return turn_failed(tail, file, ENOMEM);
    if (cut)
        keep = tail_text_cut(look.data, keep);
    const unsigned flags =
        run_flags(tail) | (cut ? WEIR_RUN_TRUNCATED : 0) | (ended ? 0 : WEIR_RUN_PARTIAL);
    const uint64_t from = file->position, marker = tail_marker_of(last, (size_t)marked);
    if (!weir_block_record(block, file->stream, from, to, marker, keep, flags))
        return TAIL_TURN_FULL;
    if (cut) {
        weir_counter_add(tail->counters.long_lines, 1);
        weir_input_lost(tail->host, "max_line", 0, len - keep);
    }
    advance(tail, file, to, marker, size);
    file->block = tail->block;
    grow_head(tail, file, 1, NULL);
    if (to >= size)
        return turn_done(tail, file);
    file->finish = false; /* it goes on being written */
    return TAIL_TURN_MORE;
}

/* ---- lines ------------------------------------------------------------------------------------------------ */

/* The file ends within a line. */
static enum tail_turn turn_unfinished(struct tail *tail, struct tail_file *file,
                                      struct weir_block *block, uint64_t size)
{
    if ((tail->once || file->finish) && size > file->position)
        return take_line(tail, file, block, size, false, size);
    tail_file_set_lag(tail, file, size);
    return turn_done(tail, file);
}

/* Looks for the end of a line whose begin is known to be long. */
static enum tail_turn probe(struct tail *tail, struct tail_file *file, struct weir_block *block,
                            struct look *look)
{
    ssize_t n = pread(file->fd, look->data, look->room, (off_t)file->scanned);
    if (n < 0)
        return turn_failed(tail, file, errno);
    const char *newline = n > 0 ? memchr(look->data, '\n', (size_t)n) : NULL;
    if (newline) {
        const uint64_t to = file->scanned + (uint64_t)(newline + 1 - look->data);
        return take_line(tail, file, block, to, true, look->size);
    }
    const uint64_t size =
        note_scanned(file, file->scanned, look->data, n > 0 ? (size_t)n : 0, look->size);
    if (n > 0 && file->scanned < size)
        return TAIL_TURN_MORE;
    return turn_unfinished(tail, file, block, size);
}

/* No line ends in what was read. */
static enum tail_turn no_line(struct tail *tail, struct tail_file *file, struct weir_block *block,
                              const struct look *look)
{
    const uint64_t size = note_scanned(file, file->position, look->data, look->len, look->size);
    if (file->scanned >= size)
        return turn_unfinished(tail, file, block, size);
    if (look->len < look->room || weir_block_is_empty(block))
        return TAIL_TURN_MORE;
    return TAIL_TURN_FULL; /* there is more of it than the block has room for */
}

/* Takes the lines among the bytes that were read. */
static enum tail_turn take_lines(struct tail *tail, struct tail_file *file,
                                 struct weir_block *block, const struct look *look)
{
    const size_t max = (size_t)tail->max_line;
    const size_t within =
        max < look->len ? tail_text_within(look->data, look->len, max) : look->len;
    const char *last = within ? memrchr(look->data, '\n', within) : NULL;
    if (!last) {
        const char *end =
            within < look->len ? memchr(look->data + within, '\n', look->len - within) : NULL;
        return end ? take_line(tail, file, block, file->position + (uint64_t)(end + 1 - look->data),
                               true, look->size)
                   : no_line(tail, file, block, look);
    }
    const size_t offered = (size_t)(last + 1 - look->data);
    const uint64_t from = file->position;
    if (!tail_file_stream(tail, file))
        return turn_failed(tail, file, ENOMEM);
    const struct weir_lines lines =
        weir_block_lines(block, file->stream, from, offered, run_flags(tail), tail_marker_of);
    if (!lines.count)
        return TAIL_TURN_FULL;
    file->block = tail->block;
    advance(tail, file, from + lines.bytes, tail_marker_of(look->data, lines.bytes), look->size);
    if (file->renoted)
        tail_file_note(tail, file, false);
    grow_head(tail, file, from, look->data);
    if (lines.bytes < offered)
        return TAIL_TURN_FULL;
    if (within < look->len)
        return TAIL_TURN_MORE; /* a line that is too long follows */
    const uint64_t size = note_scanned(file, file->position, look->data + lines.bytes,
                                       look->len - lines.bytes, look->size);
    if (file->scanned < size || (look->len == look->room && size == look->size))
        return TAIL_TURN_MORE;
    return turn_unfinished(tail, file, block, size);
}

enum tail_turn tail_turn(struct tail *tail, struct tail_file *file, struct weir_block *block)
{
    enum tail_turn over;
    struct look look;
    struct stat st;
    look.data = weir_block_room(block, &look.room);
    if (!tail_file_open(tail, file))
        return TAIL_TURN_DONE; /* it is not ready any more */
    tail_list_append(&tail->open, &file->open);
    if (fstat(file->fd, &st) < 0)
        return turn_failed(tail, file, errno);
    look.size = (uint64_t)st.st_size;
    if (look.size < file->position)
        return turn_truncated(tail, file, look.size);
    if (file->unverified && tail_file_verify(file, file->fd, TAIL_SAME) != TAIL_RESUME)
        return turn_truncated(tail, file, look.size);
    file->unverified = false;
    if (is_still_refused(file))
        return turn_done(tail, file);
    if (file->scanned > look.size)
        file->scanned = file->position;
    const bool long_line = file->scanned > file->position + PROBE_AFTER;
    if (!long_line && !read_at_position(tail, file, &look, &over))
        return over;
    file->size = look.size;
    file->modified = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
    if (long_line)
        return probe(tail, file, block, &look);
    if (look.len == 0)
        return turn_unfinished(tail, file, block, look.size);
    if (file->position == 0 && read_beginning(tail, file, &look, &over))
        return over;
    /* From now on it is known again, even under another name after a restart. */
    if (tail_file_is_identified(file) && !tail_file_stream(tail, file))
        return turn_failed(tail, file, ENOMEM);
    if (!look.data[0] && read_nuls(tail, file, &look, &over))
        return over;
    return take_lines(tail, file, block, &look);
}
