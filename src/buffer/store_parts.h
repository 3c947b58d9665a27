/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_STORE_PARTS_H
#define WEIR_BUFFER_STORE_PARTS_H

#include <assert.h>
#include <pthread.h>

#include "buffer/cursors.h"
#include "buffer/segment.h"
#include "buffer/store.h"
#include "buffer/store_state.h"

/* What the files store*.c share, and nobody else: see store.c. Functions with "_locked" want the mutex held;
 * the others take it where they need it. */

#define STORE_ALL_READERS (STORE_READERS_MAX + STORE_ORPHANS_MAX)
static_assert(STORE_ALL_READERS == STORE_STATE_READERS_MAX, "the state has room for all");
/* How far ahead numbers are reserved in the state. */
#define STORE_RESERVE ((uint64_t)1 << 20)
/* How far behind what is left of it a log goes on whose state is lost. */
#define STORE_RESERVE_LOST (4 * STORE_RESERVE)
/* Bounds of the quarantine: beyond them what is damaged is counted, and not copied. */
#define STORE_QUARANTINE_FILES_MAX 64
#define STORE_QUARANTINE_BYTES_MAX ((uint64_t)64 << 20)
/* A place that cannot be read so often in a row is damaged. */
#define STORE_REFUSALS_MAX 3
#define STORE_WINDOW_MAX ((size_t)FRAME_PAYLOAD_MAX + ((size_t)1 << 20))

/* What the bits of frame_head.readers mean in some segments: numbers of readers, STORE_READER_NONE for nobody. */
struct store_map {
    uint8_t configured[SEGMENT_READERS_MAX]; /* below STORE_READERS_MAX: bits of today */
    uint8_t orphans[SEGMENT_READERS_MAX];    /* numbers of readers from STORE_READERS_MAX on */
    bool plain;                              /* they mean what they say */
};

/* Readers: bits of today, and of orphans. */
struct store_bits {
    uint64_t configured, orphans;
};

struct store_segment {
    uint64_t id;
    uint64_t first, end; /* its records; end grows while it is appended to */
    uint64_t follows;
    uint64_t file_bytes; /* what it takes of the disk */
    int64_t created;
    uint32_t salt, head_bytes;
    uint16_t map;
    bool missing; /* records that are gone: there is no file */
    bool sealed;
    bool
        given_up; /* empty, since its records were given up: it goes when the cursors beyond it are safe */
    /* Whether heads alone do not say what is there: some payload is damaged, and not in `sum`. */
    bool flawed, checked;
    unsigned pins; /* threads that look at its file */
    struct segment_sum sum;
    /* Records that each reader has answered, by number of reader; NULL: none of them any. */
    uint64_t *answered;
};

/* What a reader needs to know of a segment outside of the lock. */
struct store_view {
    uint64_t id, first, end, limit;
    uint32_t salt, head_bytes;
};

/* A file that is read, with the place in it. */
struct store_file {
    struct segment_reader reader; /* fd -1: none */
    uint64_t segment;
    bool heads_only; /* payloads are not wanted */
};

struct store_reader {
    char name[STORE_NAME_MAX + 1];
    bool there;
    struct cursor cursor;
    uint64_t committed; /* the cursor in the state on the disk */
    struct store_file file;
    bool busy; /* its thread is at `file`, outside of the lock */
    unsigned refusals;
};

struct store_streams {
    struct frame_range *ranges;
    size_t count, room;
};

struct store {
    struct disk *disk;
    int dir;
    char *name;
    enum store_kind kind;
    uint64_t size_max, segment_bytes, retention_bytes;
    int64_t retention;
    bool never_sync, read_only;
    uint8_t id[16];

    pthread_mutex_t mutex; /* guards what follows; never held across a call of the disk */
    struct store_segment *
        *segments; /* in the order of the log; [first, end) of them do not overlap */
    size_t segment_count, segment_room;
    struct store_map *maps;
    unsigned map_count;
    unsigned reader_count; /* configured; orphans are from STORE_READERS_MAX on */
    struct store_reader readers[STORE_ALL_READERS];
    uint64_t end, durable;
    uint64_t latest, latest_readers; /* sequence of the frame appended last, and whose it is */
    bool state_changed;              /* something else than cursors is to be written down */
    unsigned quarantine_files;
    uint64_t quarantine_bytes;

    /* The writer's alone. */
    struct store_segment *active; /* NULL: the next append makes one */
    int active_fd;
    uint32_t previous_crc;
    /* As of the last good store_sync(): the last segment, if it is still there, and its sum. Making a new segment
     * syncs the one before, but that is not what the caller was told. */
    struct store_segment *safe_segment;
    struct segment_sum safe;
    uint64_t unsafe[STORE_ALL_READERS]; /* of its `answered`: of frames that came since */
    uint64_t file_safe;                 /* all records below are synced */
    uint64_t start;                     /* the first sequence that this run may give */
    uint64_t given;                     /* no sequence from here on was ever given */
    uint64_t found_end; /* where the log ended when it was opened: at most `start` */
    int failure;        /* frames were taken out, and store_sync() is still to say so */
    struct store_state_file state_file;
    uint64_t reserved, next_segment, stated_durable;
    struct store_streams streams;
};

/* ---- store_segments.c, store.c ------------------------------------------------------------------------------------------- */

static inline void store_lock(const struct store *store)
{
    pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&store->mutex);
}

static inline void store_unlock(const struct store *store)
{
    pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&store->mutex);
}

/* The first segment that ends behind `sequence`; segment_count when there is none. */
size_t store_find_locked(const struct store *store, uint64_t sequence);
/* Takes over `segment`, at its place in the list's order: the end. 0 or -ENOMEM. */
WEIR_MUST_USE int store_add_segment_locked(struct store *store, struct store_segment *segment);
/* Takes it out of the list and frees it. */
void store_remove_segment_locked(struct store *store, size_t index);
void store_free_segment(struct store_segment *segment);
/* Nothing of it is part of the log any more, and its place is at `sequence`. Its file is still to go. */
void store_empty_locked(struct store_segment *segment, uint64_t sequence);
/* Closes and frees, and writes nothing. Returns NULL. */
struct store *store_free(struct store *store);

/* The number of the map for these readers, made when there is none like it; negative: -ENOMEM. */
int store_map_of(struct store *store, const struct store_map *map);
struct store_bits store_translate(const struct store *store, unsigned map, uint64_t readers);
/* Records of the segment that reader number `reader` takes part in. */
uint64_t store_share_locked(const struct store *store, const struct store_segment *segment,
                            unsigned reader);
/* Whether there is, or may be, something in the segment for the reader. */
bool store_concerns_locked(const struct store *store, const struct store_segment *segment,
                           unsigned reader);
/* How many of [sequence, end) one of these configured readers has not answered. */
uint64_t store_unanswered_locked(const struct store *store, uint64_t readers, uint64_t sequence,
                                 uint64_t end);
/* Whether there is no reader that has anything in it unanswered. */
bool store_is_acked_locked(const struct store *store, const struct store_segment *segment);
/* `reader` has answered so many records of the segment, from `sequence` on. */
void store_answered_locked(struct store *store, struct store_segment *segment, unsigned reader,
                           uint64_t sequence, uint64_t records);
struct store_view store_view_locked(const struct store_segment *segment);
typedef void store_each_f(void *arg, const struct segment_frame *frame);
/* Calls `each` with every frame's head, or stretch; with payloads looked at where heads do not suffice. The
 * segment is pinned, or the list cannot change. `tolerant`: what the disk does not give is damaged. 0, or a
 * negative errno of the disk or memory. */
WEIR_MUST_USE int store_each_frame(struct store *store, struct store_segment *segment,
                                   struct weir_bytes *window, bool tolerant, store_each_f *each,
                                   void *arg);
/* Records of the segment that somebody waits for, exactly where its file can be read. The segment is pinned,
 * or the list cannot change. */
void store_count_held(struct store *store, struct store_segment *segment, struct store_lost *ret);

/* ---- store_read.c -------------------------------------------------------------------------------------- */

void store_file_init(struct store *store, struct store_file *file);
void store_file_close(struct store *store, struct store_file *file);
/* The frame or stretch that `sequence` is in: as segment_next(). -ENOENT when the file is gone or is none. */
WEIR_MUST_USE int store_fetch(struct store *store, struct store_file *file,
                              const struct store_view *view, uint64_t sequence,
                              struct segment_frame *ret);
/* Copies what is damaged to the quarantine, once, as far as it has room. True when it did. */
bool store_put_aside(struct store *store, uint64_t segment, int fd, uint64_t offset,
                     uint64_t bytes);

/* Records that are gone, as every reader gets them. */
void store_fill_lost(const struct store *store, uint64_t sequence, uint64_t end,
                     struct store_frame *ret);
/* What was read at `sequence`, as readers get it: *ret->head.readers in bits of today. */
void store_fill(const struct store *store, const struct segment_frame *frame, uint64_t segment,
                unsigned map, uint64_t sequence, struct store_frame *ret);

/* ---- store_append.c ------------------------------------------------------------------------------------ */

/* Closes the active segment, synced and with its seal, which is synced too when `last`. 0, or the negative errno of a sync: its frames since the
 * last good one have been taken out, and store->failure is set. */
int store_finish_active(struct store *store, bool last);

/* ---- store_commit.c ------------------------------------------------------------------------------------ */

/* Writes the state with `reserved`. 0 or a negative errno. */
int store_write_state(struct store *store, uint64_t reserved);
/* Where the log that is safe ends: what is missing up to there is lost. */
uint64_t store_log_end(const struct store *store);

/* All that closing has to write. */
void store_finish(struct store *store);

/* ---- store_trim.c -------------------------------------------------------------------------------------- */

/* Deletes segments in which there is no frame, and to which none will be appended. */
void store_delete_empty(struct store *store);

/* ---- store_heads.c ------------------------------------------------------------------------------------- */

/* Cursors of the state. Configured readers that it does not know are new, and have UINT64_MAX: the end. */
void store_take_cursors(struct store *store, const struct store_state *state);
/* Moves a file of the directory to the quarantine, where there is room for one more. */
void store_put_file_aside(struct store *store, struct store_found *found, const char *name);
/* Adds the segments that there are, with what their heads say. `known`: store->id is the store's. 0 or a
 * negative errno. */
WEIR_MUST_USE int store_load_heads(struct store *store, struct store_found *found, bool known);

/* ---- store_recover.c ----------------------------------------------------------------------------------- */

/* Loads what is in the directory. 0, -ENOMEM, or what the disk says. */
WEIR_MUST_USE int store_recover(struct store *store, struct store_found *found);

/* ---- store_streams.c ----------------------------------------------------------------------------------- */

/* Fills store->streams. 0 or -ENOMEM. */
WEIR_MUST_USE int store_find_streams(struct store *store, struct weir_bytes *window);

#endif
