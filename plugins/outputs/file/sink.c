/* SPDX-License-Identifier: Apache-2.0 */
/* A file grows by whole records only.
 *
 *     | ...\n | ...\n | ...\n | ...\n | ...\n | ... to|
 *                     ^synced         ^size      ^where a full disk, or a crash, ended a write
 *
 * A write that fails in the middle of a record is undone: the file is cut back to the end of the last
 * whole record, so that a reader never finds two halves glued into a line, and the record is written
 * again later. A crash leaves no time for that; the next run cuts what stands after the last newline,
 * but never below the size that the last run had committed, and never in a file that it does not
 * know by inode and birth time.
 *
 * Cutting is only right for the one writer. An flock(2) tells two agents apart, and a size that is not
 * the one we remember tells of a writer that takes no lock. Then nothing is cut: a half line gets a
 * newline in front of what comes next.
 *
 * After fsync has failed, the kernel may have dropped the pages and call the next fsync a success. So
 * what was written since the last good one is cut off, the descriptor closed, and all of it is
 * delivered again.
 *
 * O_APPEND always: whoever truncates the file in place (copytruncate) gets no hole. */
#include "sink.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOOK_BACK_BYTES 65536

static uint64_t birth_of(int fd)
{
    struct statx stx;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx) < 0 || !(stx.stx_mask & STATX_BTIME))
        return 0;
    return (uint64_t)stx.stx_btime.tv_sec * 1000000000 + stx.stx_btime.tv_nsec;
}

int file_sink_open(struct sink *sink, int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        int r = -errno;
        close(fd);
        return r;
    }
    assert(S_ISREG(st.st_mode));
    *sink = (struct sink){
        .fd = fd,
        .dev = st.st_dev,
        .ino = st.st_ino,
        .birth = birth_of(fd),
        .size = (uint64_t)st.st_size,
        .synced = (uint64_t)st.st_size,
        .sole = flock(fd, LOCK_EX | LOCK_NB) == 0,
    };
    return 0;
}

struct sink_identity file_sink_identity(const struct sink *sink)
{
    return (struct sink_identity){ sink->ino, sink->birth ? sink->birth : sink->dev };
}

/* Where the last newline at or after `from` ends; `from` when there is none; `size` when that cannot be
 * found out. *ret_torn: whether something follows it. */
static uint64_t last_line_end(int fd, uint64_t from, uint64_t size)
{
    char chunk[LOOK_BACK_BYTES];
    for (uint64_t end = size; end > from;) {
        size_t len = end - from < sizeof(chunk) ? (size_t)(end - from) : sizeof(chunk);
        if (pread(fd, chunk, len, (off_t)(end - len)) != (ssize_t)len)
            return size;
        const char *newline = memrchr(chunk, '\n', len);
        if (newline)
            return end - len + (uint64_t)(newline - chunk) + 1;
        end -= len;
    }
    return from;
}

/* A descriptor of the same file that can be read; the one that appends cannot. -1: not allowed. */
static int open_to_read(const struct sink *sink)
{
    char path[32];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", sink->fd);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static bool cut_to(struct sink *sink, uint64_t size)
{
    struct stat st;
    return sink->sole && fstat(sink->fd, &st) == 0 && ftruncate(sink->fd, (off_t)size) == 0;
}

uint64_t file_sink_repair(struct sink *sink, uint64_t committed)
{
    if (sink->size == 0)
        return 0;
    int fd = open_to_read(sink);
    if (fd < 0)
        return 0;
    const uint64_t size = sink->size;
    bool known =
        committed < size; /* also: SINK_SIZE_UNKNOWN, or truncated since, are not below it */
    uint64_t end = last_line_end(fd, known ? committed : size - 1, size);
    close(fd);
    if (end == size)
        return 0;
    if (known && cut_to(sink, end))
        sink->size = sink->synced = end;
    else
        sink->torn = true;
    return size - sink->size;
}

/* Takes `written` bytes off the front of the pieces. */
static struct iovec *advance(struct iovec *pieces, int *count, size_t written)
{
    while (*count > 0 && written >= pieces->iov_len) {
        written -= pieces->iov_len;
        pieces++;
        --*count;
    }
    if (*count > 0) {
        pieces->iov_base = (char *)pieces->iov_base + written;
        pieces->iov_len -= written;
    }
    return pieces;
}

static int end_torn_line(struct sink *sink)
{
    ssize_t n;
    do
        n = write(sink->fd, "\n", 1);
    while (n < 0 && errno == EINTR);
    if (n != 1)
        return n < 0 ? -errno : -EIO;
    sink->torn = false;
    sink->size++;
    return 0;
}

int file_sink_append(struct sink *sink, struct iovec *pieces, int count, uint64_t *ret_written)
{
    *ret_written = 0;
    int r = sink->torn ? end_torn_line(sink) : 0;
    pieces = advance(pieces, &count, 0);
    while (r == 0 && count > 0) {
        ssize_t n = writev(sink->fd, pieces, count);
        if (n > 0) {
            *ret_written += (uint64_t)n;
            pieces = advance(pieces, &count, (size_t)n);
        } else if (n == 0 || errno != EINTR) {
            r = n == 0 ? -EIO : -errno;
        }
    }
    if (r == 0)
        sink->size += *ret_written;
    return r;
}

void file_sink_keep(struct sink *sink, uint64_t written, uint64_t whole)
{
    assert(whole <= written);
    struct stat st;
    const uint64_t expected = sink->size + written;
    sink->size += whole;
    if (written == whole)
        return;
    /* Another size than expected: someone else writes here too, and theirs may be what we would cut. */
    if (fstat(sink->fd, &st) < 0 || (uint64_t)st.st_size != expected)
        sink->sole = false;
    if (cut_to(sink, sink->size))
        return;
    sink->torn = true;
    sink->size = expected;
}

int file_sink_sync(struct sink *sink)
{
    struct stat st;
    if (sink->synced == sink->size && !sink->broken)
        return 0;
    if (!sink->broken && fdatasync(sink->fd) == 0) {
        sink->synced = sink->size;
        return 0;
    }
    int r = sink->broken ? -EIO : -errno;
    sink->broken = true;
    if (fstat(sink->fd, &st) == 0 && (uint64_t)st.st_size == sink->size &&
        cut_to(sink, sink->synced))
        sink->size = sink->synced;
    return r;
}

enum sink_answer file_sink_compare(struct sink *sink, const struct stat *st)
{
    if (st->st_dev != sink->dev || st->st_ino != sink->ino || (uint64_t)st->st_size < sink->size)
        return SINK_REPLACED;
    if ((uint64_t)st->st_size == sink->size)
        return SINK_SAME;
    sink->size = (uint64_t)st->st_size;
    sink->sole = false;
    return SINK_SHARED;
}

void file_sink_close(struct sink *sink)
{
    if (sink->fd >= 0)
        close(sink->fd);
    sink->fd = -1;
}
