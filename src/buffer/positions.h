/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_POSITIONS_H
#define WEIR_BUFFER_POSITIONS_H

#include <weir/host.h>

/* The positions store: where each stream stands, and small durable state of outputs, in one file of
 * fixed slots, DATA_DIR/positions. positions_slot.c draws the file, positions_file.c says how it is
 * written, positions.c when.
 *
 * An entry is a key (owner, id) and a struct weir_stream_state. Putting one marks it dirty; the store's
 * own thread writes dirty entries some 10 ms later (a kill -9 then repeats only what was in flight) and
 * fdatasyncs once a second while anything was written, and at positions_close(). After a crash an entry
 * is as it was at the last good sync, or later; never mixed. The cost of a write depends on the entries
 * changed, not on those kept. A disk that fails does not stop the agent: values stay in memory, the failure
 * is told and counted, and writing is tried again every second. */
struct positions;
struct budget;
struct disk;
struct messenger;
struct metrics;

struct positions_key {
    uint64_t owner; /* hash of kind, pipeline and plugin id: see positions_owner() */
    uint8_t id[16]; /* stream id, or hash of an output's key */
};

struct positions_options {
    const char *data_dir; /* made (0700) when missing; its parent must be there */
    bool read_only;       /* `weir positions ls`: no lock, no thread, nothing written */
    /* 16 bytes: a store that another machine began is told. NULL: not checked. */
    const uint8_t *machine_id;
    struct messenger *messenger; /* NULL: say nothing */
    struct metrics *metrics;     /* NULL: count nothing */
    struct disk *disk;           /* NULL: the host's */
    struct budget *budget;       /* its memory is charged to that; NULL: to nobody */
};

/* Opens or makes the store and takes the lock on `data_dir` (flock; -EBUSY when another process has it,
 * with a message that says which). Of a damaged file every intact entry is kept, and the original goes to
 * DATA_DIR/quarantine/, told; one of another version is left alone, and refused. A disk that cannot be
 * written to just now (full, read-only, failing) is told, and tried again later.
 * 0, or a negative errno with *err set. */
int positions_open(const struct positions_options *options, struct positions **ret,
                   struct weir_error *err);
/* Writes and syncs what is dirty, stops the thread, closes. NULL is fine; returns NULL. */
struct positions *positions_close(struct positions *positions);

uint64_t positions_owner(const char *kind, const char *pipeline, const char *id);

/* All functions below: @thread any; they never wait for the disk, but for positions_sync(). */

bool positions_get(struct positions *positions, const struct positions_key *key,
                   struct weir_stream_state *ret);
/* The entries of `owner` as they are now, copied, for inputs to find their streams again. *ret is the
 * caller's to free(), NULL when there are none. 0, or -ENOMEM. */
int positions_list(struct positions *positions, uint64_t owner, struct weir_stream_state **ret,
                   size_t *ret_count);
/* Remembers `state` under `key`.
 * 0, or -ENOSPC when the store is full (262,143 entries), -ENOMEM. */
int positions_put(struct positions *positions, const struct positions_key *key,
                  const struct weir_stream_state *state);
void positions_remove(struct positions *positions, const struct positions_key *key);
/* Returns when everything put, removed and raised so far is on stable storage: 0; or -errno of the disk
 * when one try failed: it is then stored as soon as that is possible. */
int positions_sync(struct positions *positions);

/* The logical clock's ceiling: no clock value at or above it was ever handed out. It is stored as an entry
 * is; at start the clock goes on from it. Raising it to less than it is does nothing. Settling sets it, at
 * a stop, to one above the last value handed out. */
uint64_t positions_clock(struct positions *positions);
void positions_clock_raise(struct positions *positions, uint64_t ceiling);
void positions_clock_settle(struct positions *positions, uint64_t ceiling);

/* Drawn once, when the store is made, and kept: the agent instance's id. */
void positions_instance(const struct positions *positions, uint8_t ret_uuid[16]);

/* Every entry, for `weir positions ls`. `walk` must not call back into the store. */
typedef void positions_walk_f(void *arg, const struct positions_key *key,
                              const struct weir_stream_state *state);
void positions_walk(struct positions *positions, positions_walk_f *walk, void *arg);

#endif
