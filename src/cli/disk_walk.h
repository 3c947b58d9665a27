/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_DISK_WALK_H
#define WEIR_CLI_DISK_WALK_H

#include "cli/disk_job.h"
#include "pipeline/replay.h"
#include "record/batch.h"

/* A walk over the frames of a store, thawed, with what a request chooses of them. */
struct disk_seen {
    const struct store_frame *frame;
    const char *wrong;      /* why it cannot be read, and there is no batch; NULL: it can */
    struct batch *batch;    /* gone after the call */
    const uint64_t *chosen; /* bits of its records */
    uint32_t count;         /* how many are set */
};

/* Takes one frame that may hold what is chosen. Not 0: the walk ends, and answers that. */
typedef int disk_walk_f(void *arg, const struct disk_seen *seen);

/* Walks the store of the job, which is open, in order. 0, what `each` answered, or a negative errno: memory is
 * short, or a file cannot be read. */
int disk_walk(const struct disk_job *job, const struct replay_request *request, disk_walk_f *each,
              void *arg);

/* "FILE: offset N: WHAT, which holds records A to B" on stderr. */
void disk_walk_say_wrong(const struct disk_job *job, const struct disk_seen *seen);

#endif
