/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_STORE_H
#define WEIR_BUFFER_STORE_H

#include <weir/codec.h>
#include <weir/error.h>

#include "base/disk.h"
#include "buffer/frame.h"

/* A directory of segments: frames in the order in which they were appended, readers with a cursor each,
 * and what is left after a crash. The disk tier of a pipeline is one, its dead letters are another.
 * See store.c.
 *
 * Records are numbered through: a frame's sequence is that of its first record, the next frame's is that
 * plus the count. A number is never used twice, also not after a crash that lost frames. Cursors are
 * sequences; where a frame stands in which file is the store's own business, and may change: a frame whose
 * sync failed is written again, under the same sequence, into another segment.
 *
 * Threads: appending, syncing, trimming and dropping are one thread's (the writer's); each reader's
 * next/ack are its own thread's; all of them may run at the same time. Functions marked "any" may be called
 * from anywhere. No function calls back. Files are read and written outside of the store's lock. */
struct store;

#define STORE_READERS_MAX 64 /* of the configuration: bits of frame_head.readers */
#define STORE_READER_NONE 0xff
#define STORE_ORPHANS_MAX 64 /* readers that frames wait for and that are not configured */
#define STORE_SEGMENT_BYTES_MIN ((uint64_t)64 << 10)
#define STORE_SEGMENT_BYTES_MAX ((uint64_t)16 << 20)

enum store_kind { STORE_BUFFER = 1, STORE_DEAD_LETTERS = 2 };

struct store_options {
    struct disk *disk;
    const char *data_dir; /* an absolute path; must exist */
    const char *
        name; /* the pipeline's; the directory is DATA_DIR/buffer/NAME or DATA_DIR/dead_letters/NAME */
    enum store_kind kind;
    const char *const *readers; /* ids of the outputs, in the order of their bits */
    unsigned reader_count;
    uint64_t size_max; /* bytes of all segments, reserved ones included; a frame more at most */
    uint64_t segment_bytes; /* 0: an eighth of size_max, within the bounds above */
    int64_t
        retention; /* nanoseconds that acked segments are kept after their last frame was written; 0: not */
    uint64_t retention_bytes; /* of acked segments kept, at most; 0: as many as size_max leaves */
    /* Nothing is ever synced: store_sync() calls what was written safe. */
    bool never_sync;
    /* Opens what is there without a change and without a lock: for looking into a live directory. */
    bool read_only;
};

/* What opening found, and did: for messages and counters. */
struct store_found {
    uint64_t segments, bytes;
    uint64_t records;    /* held: some configured reader has not acked them */
    uint64_t orphaned;   /* only readers that are not configured have not acked them */
    uint64_t torn_bytes; /* cut off the end of the last segment and put aside */
    /* Held as well, and not in `records`: they are known to be gone, in gaps between segments and in frames that
     * could be seen to be bad. Readers are told of them as damaged. */
    uint64_t damaged_records;
    uint64_t quarantined; /* files put aside */
    bool cursors_lost;    /* no good state: everything that is there is delivered again */
    unsigned orphans;
    int64_t lock_pid; /* when it failed with -EWOULDBLOCK */
    int volatile_fs;  /* 1: tmpfs, overlay or a network file system: see disk.h */
};

/* Opens or makes the directory, recovers what is there, and makes it ready. It looks at heads and ends of
 * segments and at the last few whole, not at the rest: the time does not depend on the backlog. Damage never
 * makes it fail: what cannot be used is put into DIR/quarantine and told. 0, or a negative errno with *err
 * set (the disk cannot be used at all, a component is a symbolic link or not ours, memory is short). */
int store_open(const struct store_options *options, struct store **ret, struct store_found *found,
               struct weir_error *err);
/* Seals and commits unless read-only. Readers have ended. NULL is fine; returns NULL. */
struct store *store_close(struct store *store);

/* ---- streams found in the last frames ---------------------------------------------------------------- */

/* The highest position of each stream in intact frames at the end of the store, in front of the first
 * damaged one: where a source may be read on, whatever the positions store says. From opening until
 * store_forget_streams(). Entry `index`; false after the last. @thread main. */
bool store_stream(const struct store *store, size_t index, struct frame_range *ret);
void store_forget_streams(struct store *store);

/* ---- the writer -------------------------------------------------------------------------------------- */

enum store_answer {
    STORE_FULL = 1, /* size_max is reached: nothing was written */
};

/* Appends a frame that stands at `frame` as [FRAME_HEAD_BYTES free][ranges][payload], `len` bytes, with
 * FRAME_ALIGN bytes more behind it that may be written to. head->sequence, previous_crc, payload_crc are
 * filled in here, the other members by the caller. On 0, head->sequence tells what the frame got, and it can
 * be read; it is safe after the next good store_sync(). STORE_FULL, or a negative errno: nothing of it is
 * there, the next append begins at a clean place (in a new segment where the old one cannot be trusted). After a
 * negative errno store_sync() is to be asked before the next append: what was appended before may have gone with it,
 * and until that was told every append fails. */
WEIR_MUST_USE int store_append(struct store *store, uint8_t *frame, size_t len,
                               struct frame_head *head);

/* Has everything that was appended kept. On failure nothing since the last good one is, whatever became of their
 * files: those are never synced again, the frames are taken out of the store, and the next append gets the sequence
 * that the first of them had. store_take_back() must follow before that. 0 or a negative errno. */
WEIR_MUST_USE int store_sync(struct store *store);
/* What readers were noted to have of frames that a failed sync has taken out (in flight and acked ones alike) they
 * do not have any more, since other frames will have those sequences. Under the lock that the caller notes and
 * acks under. */
void store_take_back(struct store *store);

/* All records below this are safe. @thread any. */
uint64_t store_durable(const struct store *store);
/* The sequence of the next append. @thread any. */
uint64_t store_end(const struct store *store);
/* Bytes of all segments. @thread any. */
uint64_t store_bytes(const struct store *store);

/* Writes the cursors down, when they have moved: 0, or a negative errno and it may be tried again. */
int store_commit(struct store *store);
/* Whether it would have anything to write. @thread any. */
bool store_is_dirty(const struct store *store);

/* Deletes segments that every reader has acked, unless they are retained and fit; `now` in nanoseconds since
 * 1970 UTC. Commits cursors first. Returns when the next would be due, nanoseconds since 1970, or 0. */
int64_t store_trim(struct store *store, int64_t now);

/* What went with a segment that was held. */
struct store_lost {
    uint64_t
        records; /* that some configured reader had not acked: for each of them all count as done */
    uint64_t gone;     /* of `records`, those that were damaged already */
    uint64_t orphaned; /* that only others had not */
    uint64_t of_reader
        [STORE_READERS_MAX]; /* of those, by frames, what each configured reader had not acked */
    uint64_t end;            /* the sequence that the store begins with now */
};

/* Makes room by deleting the oldest segment that can be: one that everyone has acked, whatever the retention;
 * or, with `held`, the oldest that is held, unless one reader has a frame of it in flight that another has not
 * read. Readers that stand in it go on behind it; frames that are in flight are answered by who has them. What is not
 * yet safe does not go; when the oldest is the one that is written to it is closed first. 1 with *ret_lost (no records
 * for one that was acked), or 0: nothing could be deleted. */
WEIR_MUST_USE int store_make_room(struct store *store, bool held, struct store_lost *ret_lost);

/* Gives up what an orphaned reader waits for: it no longer holds anything. -ENOENT when there is none of
 * that name. @thread any. */
int store_drop_reader(struct store *store, const char *name);

/* ---- readers ------------------------------------------------------------------------------------------ */

/* A frame that was read, or a stretch of records that cannot be. */
struct store_frame {
    struct frame_head head; /* readers: bits of this configuration's readers, orphans left out */
    const uint8_t *ranges; /* head.ranges of them, as stored; in the buffer given to store_next() */
    const uint8_t *payload; /* stored_bytes, checked */
    uint64_t end;           /* sequence behind it */
    /* What the frame's bits mean today: bit `i` as it was stored is reader_bits[i] now, STORE_READER_NONE
     * where no configured reader is meant; 64 of them, for frozen_thaw(). NULL: as they were. */
    const uint8_t *reader_bits;
    /* Damaged: no payload; only sequence, end and readers (all, where the head is damaged too) count. */
    bool damaged;
    uint64_t segment, offset; /* where it stands, for messages */
};

/* The next frame for `reader`, which passes its cursor over it: it is in flight until acked. Only what is
 * safe (below store_durable()) is read here; younger frames their writer still has in memory. `buffer` is the
 * reader's own, kept between calls, and nobody else writes to it: bytes are read ahead into it; what *ret points to
 * lives in it until the next call. Frames that are not for this reader are passed over. Returns 1; 0 when it has read
 * all that is safe; -EMSGSIZE: the frame is larger than buffer->max; another negative errno: the disk does not let us
 * read, or memory is short, try again later. What the disk refuses three times in a row counts as damaged. */
WEIR_MUST_USE int store_next(struct store *store, unsigned reader, struct weir_bytes *buffer,
                             struct store_frame *ret);

/* Whether `reader` has read, or passed over, everything below store_durable(). @thread any. */
bool store_has_read_all(const struct store *store, unsigned reader);

/* `reader` has from memory what stands as [sequence, end): the frame is in flight for it, and its cursor passes
 * over all before that it has not read, which is not for it; or, with `acked`, it is through with the frame, or
 * the frame is not for it and is to pin nothing, and the cursor passes over that alone. Called for frames that are safe and for those
 * that are not yet. The reader is not in store_next(): the caller's lock. @thread any. */
void store_note(struct store *store, unsigned reader, uint64_t sequence, uint64_t end, bool acked);

/* `reader` is through with [sequence, end), a frame of which it is one of `readers`. Returns how many records
 * are answered by that, since it was the last of them: all or none, but of a stretch that is damaged, which
 * readers may have come to at different places, a part. @thread any. */
WEIR_MUST_USE uint64_t store_ack(struct store *store, unsigned reader, uint64_t sequence,
                                 uint64_t end, uint64_t readers);

/* Records that `reader` takes part in and has not acked, by frames as a whole, and since when the oldest of
 * them waits (nanoseconds since 1970 UTC; 0: nothing waits). @thread any. */
struct store_backlog {
    uint64_t records;
    int64_t oldest_observed;
};
void store_backlog(const struct store *store, unsigned reader, struct store_backlog *ret);

/* ---- looking ------------------------------------------------------------------------------------------- */

/* What `weir buffer ls` shows. @thread any. */
struct store_segment_info {
    uint64_t id, first_sequence, end_sequence, frames, bytes, file_bytes;
    int64_t created, first_observed, last_written;
    bool sealed, retained; /* retained: acked by everyone */
};
struct store_reader_info {
    char name[128];
    bool orphan;
    uint64_t cursor; /* all below it is acked */
    struct store_backlog backlog;
};
size_t store_segments(const struct store *store, struct store_segment_info *ret, size_t room);
size_t store_readers(const struct store *store, struct store_reader_info *ret, size_t room);

/* A walk over every frame that is there, acked or not, from `from` on, or the frame that it stands in, as a
 * whole: it takes nothing and moves no cursor. Damaged stretches come as frames that say so. head.readers are
 * bits of this configuration's readers. One thread at a time. */
struct store_walk;
struct store_walk *store_walk_new(struct store *store, uint64_t from); /* NULL: memory is short */
struct store_walk *store_walk_free(struct store_walk *walk);
WEIR_MUST_USE int store_walk_next(struct store_walk *walk,
                                  struct store_frame *ret); /* as store_next() */

#endif
