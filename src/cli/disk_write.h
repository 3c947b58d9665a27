/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_DISK_WRITE_H
#define WEIR_CLI_DISK_WRITE_H

#include "cli/disk_job.h"

/* The right to change what is on disk, which an agent has while it runs. */
struct disk_lock {
    int fd;            /* of the data directory; -1: an agent has it */
    int64_t agent_pid; /* that one; 0 when it cannot be told */
};

/* Takes it, or finds that an agent runs. COMMAND_DONE for both, or said what is wrong. Always followed by
 * disk_lock_give(). */
enum command_status disk_lock_take(const struct disk_job *job, struct disk_lock *ret);
void disk_lock_give(struct disk_lock *lock);

/* Opens a store of the job's pipeline, which has a configuration, for writing, as the agent would; under the
 * lock. COMMAND_DONE with *ret, and said what it found, or said why not. */
enum command_status disk_write_open(const struct disk_job *job, enum store_kind kind,
                                    struct store **ret);

#endif
