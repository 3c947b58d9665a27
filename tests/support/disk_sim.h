/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TESTS_SUPPORT_DISK_SIM_H
#define WEIR_TESTS_SUPPORT_DISK_SIM_H

#include "base/disk.h"

/* A disk in memory, for tests: it fails at the n-th call, loses what was not synced, and tears what was being
 * written. The same seed and the same calls give the same disk. See disk_sim.c. */

/* One for all calls: directories of one level in a root. NULL never: it aborts without memory. */
struct disk *sim_new(uint64_t seed);
struct disk *sim_free(struct disk *disk);

/* What a power cut does to sectors whose writing was not synced, beside leaving them old or new. */
enum sim_tear {
    SIM_SECTORS, /* each 512 bytes are as some write left them, or as before all */
    SIM_GARBAGE, /* or a whole 4 KiB block around them is anything */
};
void sim_set_tear(struct disk *disk, enum sim_tear tear);

/* The process is gone: its files are closed, its lock is free, what it wrote is still in memory. */
void sim_kill(struct disk *disk);
/* The same, and the power went. */
void sim_cut(struct disk *disk);

enum sim_call {
    SIM_OPEN_DIR = 1,
    SIM_LOCK = 2,
    SIM_OPEN = 4,
    SIM_SIZE = 8,
    SIM_READ = 16,
    SIM_WRITE = 32,
    SIM_RESERVE = 64,
    SIM_SYNC = 128,
    SIM_SYNC_DIR = 256,
    SIM_RENAME = 512,
    SIM_UNLINK = 1024,
    SIM_MOVE = 2048,
    SIM_TRUNCATE = 4096,
    SIM_LIST = 8192,
    SIM_CALLS_ALL = 16383,
};
/* Of the calls in `calls` from now on, the one after `after` others fails with `error` (an errno), or, with
 * `on`, that one and all later ones. A write that fails has done a part; a sync that fails has thrown away
 * what it did not write. error 0: none fails. */
void sim_fail(struct disk *disk, unsigned calls, uint64_t after, int error, bool on);
/* True when a call failed by sim_fail(), since. */
bool sim_has_failed(const struct disk *disk);
/* Writes and reads are cut short or interrupted now and then. */
void sim_set_short(struct disk *disk, bool on);

/* A disk that lies: what a model test must notice, or it notices nothing. */
enum sim_lie {
    SIM_HONEST,
    SIM_SYNC_NOTHING,     /* a sync keeps nothing, and says that it did */
    SIM_SYNC_HALF,        /* it keeps half of what was written */
    SIM_SYNC_DIR_NOTHING, /* the same for names */
    SIM_UNCACHE_NOTHING,  /* reads come from memory, whatever the disk has */
    SIM_ONE_SIDE,         /* writes to the upper half of each 64 KiB go to the lower */
    SIM_WRITE_BEHIND,     /* the last write before each sync is not part of it */
    SIM_LIES
};
void sim_set_lie(struct disk *disk, enum sim_lie lie);

/* What is in a file now: a copy, the caller's to free(); NULL when there is none. Names are DIR/NAME. */
uint8_t *sim_file(const struct disk *disk, const char *name, size_t *ret_len);
/* Makes the file so, kept. */
void sim_set_file(struct disk *disk, const char *name, const void *data, size_t len);
uint64_t sim_calls(const struct disk *disk, enum sim_call call); /* how many there were */
int sim_open_files(const struct disk *disk);                     /* and directories */

/* Numbers from a seed, for tests: splitmix64. */
static inline uint64_t sim_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#endif
