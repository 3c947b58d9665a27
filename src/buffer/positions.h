/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_POSITIONS_H
#define WEIR_BUFFER_POSITIONS_H

#include <weir/host.h>

/* The positions store: where each stream stands, and small durable state of outputs, in one file of
 * fixed slots, DATA_DIR/positions. See positions.c for the file, byte by byte.
 *
 * An entry is a key (owner, id) and a struct weir_stream_state. Putting one marks it dirty; the store's
 * own thread writes dirty slots some 10 ms later (a kill -9 then repeats only what was in flight) and
 * fdatasyncs once a second while anything was written, and at positions_close(). An entry's slot is
 * written in one of two copies by turns, so that a torn write leaves the older one. The cost of a write
 * depends on the entries changed, not on those kept. A disk that fails does not stop the agent: values
 * stay in memory, the failure is told and counted, and writing is tried again every second. */
struct positions;

struct positions_key {
    uint64_t owner; /* hash of kind, pipeline and plugin id: see positions_owner() */
    uint8_t id[16]; /* stream id, or hash of an output's key */
};

struct positions_options {
    const char *data_dir;        /* made (0700) when missing */
    bool read_only;              /* `weir positions`: no lock, no thread, nothing written */
    struct messenger *messenger; /* NULL: say nothing */
    struct metrics *metrics;     /* NULL: count nothing */
};

/* Opens or makes the store and takes the lock on `data_dir` (flock; a second agent on it is refused with
 * a message that says so). A damaged file is moved to DATA_DIR/quarantine/, told, and every intact slot
 * of it is kept. 0, or a negative errno with *err set. */
int positions_open(const struct positions_options *options, struct positions **ret,
                   struct weir_error *err);
/* Writes and syncs what is dirty, stops the thread, closes. NULL is fine; returns NULL. */
struct positions *positions_close(struct positions *positions);

uint64_t positions_owner(const char *kind, const char *pipeline, const char *id);

/* All functions below: @thread any; they never wait for the disk, but for positions_sync(). */

bool positions_get(struct positions *positions, const struct positions_key *key,
                   struct weir_stream_state *ret);
/* The `index`th entry of `owner` as loaded at open, for inputs to find their streams again. */
bool positions_list(struct positions *positions, uint64_t owner, size_t index,
                    struct weir_stream_state *ret);
/* Remembers `state` under `key`.
 * 0, or -ENOSPC when the store is full, -ENOMEM. */
int positions_put(struct positions *positions, const struct positions_key *key,
                  const struct weir_stream_state *state);
void positions_remove(struct positions *positions, const struct positions_key *key);
/* Returns when everything put so far is on stable storage: 0, or -errno of the disk. */
int positions_sync(struct positions *positions);

/* The logical clock's ceiling: no clock value at or above it was ever handed out. Raising it is durable
 * as an entry is; at start the clock goes on from it. */
uint64_t positions_clock(struct positions *positions);
void positions_clock_raise(struct positions *positions, uint64_t ceiling);

/* Draws once, when the store is made, and keeps: the agent instance's id. */
void positions_instance(const struct positions *positions, uint8_t ret_uuid[16]);

/* Every entry, for `weir positions ls`. */
typedef void positions_walk_f(void *arg, const struct positions_key *key,
                              const struct weir_stream_state *state);
void positions_walk(struct positions *positions, positions_walk_f *walk, void *arg);

#endif
