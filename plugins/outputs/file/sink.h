/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_FILE_SINK_H
#define WEIR_OUT_FILE_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <weir/str.h>

/* One open file that records are appended to, always at a record's end. See sink.c. */
struct sink {
    int fd;
    uint64_t dev, ino;
    uint64_t birth;  /* nanoseconds since 1970 UTC; 0 where the file system does not know */
    uint64_t size;   /* where the last whole record ends */
    uint64_t synced; /* so much of it is on stable storage */
    bool sole;       /* we hold the lock and have seen no one else write: we may cut */
    bool torn;       /* the file ends within a line that we may not cut */
    bool broken;     /* a sync failed: what was written since the last is in doubt */
};

/* Which file it is, across restarts: kept with its committed size. */
struct sink_identity {
    uint64_t ino, birth; /* `birth` is the device where the birth time is not known */
};
struct sink_identity file_sink_identity(const struct sink *sink);

#define SINK_SIZE_UNKNOWN UINT64_MAX

/* Takes over `fd`, a regular file open for appending. 0, or -errno and the descriptor is closed. */
WEIR_MUST_USE int file_sink_open(struct sink *sink, int fd);

/* `committed` is the size up to which an earlier run had seen to everything (or SINK_SIZE_UNKNOWN): what
 * stands after the last newline behind it was torn off by a crash, and is cut. Returns how many bytes
 * were. */
uint64_t file_sink_repair(struct sink *sink, uint64_t committed);

/* Appends all of the `count` pieces (which it changes): 0 or -errno. *ret_written is how many of their
 * bytes are in the file; after an error file_sink_keep() must follow. */
WEIR_MUST_USE int file_sink_append(struct sink *sink, struct iovec *pieces, int count,
                                   uint64_t *ret_written);

/* After a failed append that wrote `written` bytes, of which the first `whole` are whole records: cuts
 * the rest off. */
void file_sink_keep(struct sink *sink, uint64_t written, uint64_t whole);

/* Brings what was written to stable storage. 0 or -errno: then nothing written since the last sync may
 * be trusted, it is cut off where possible, and the file must be closed. */
WEIR_MUST_USE int file_sink_sync(struct sink *sink);

/* What stands at the path of the file now, or *st of another one, shows whether it is still ours to write. */
enum sink_answer {
    SINK_SAME,
    SINK_SHARED,   /* someone else has written to it since */
    SINK_REPLACED, /* it was moved, removed or truncated */
};
enum sink_answer file_sink_compare(struct sink *sink, const struct stat *st);

void file_sink_close(struct sink *sink);

#endif
