/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_DISK_JOB_H
#define WEIR_CLI_DISK_JOB_H

#include "buffer/store.h"
#include "cli/load.h"

/* What `weir buffer` and `weir deadletter` work on: a pipeline's store, found by the configuration or by
 * --data-dir, and looked into as it is, whether an agent runs or not. See disk_job.c. */
struct disk_job {
    const struct command_line *line;
    enum store_kind kind;
    struct load load; /* load.config is NULL when there is only --data-dir */
    const char *data_dir;
    const char *name;                       /* the pipeline's */
    const struct config_pipeline *pipeline; /* NULL without a configuration */
    char *dir;                              /* where the store is */

    /* The outputs that frames can be for, in the order of their bits: those of the configuration first, then
     * those that are only known from the store. */
    const char *outputs[STORE_READERS_MAX];
    unsigned output_count, configured_count;
    char (*names)[sizeof(((struct store_reader_info *)0)->name)]; /* of the latter */

    struct store *store;
    struct store_found found;
};

/* "the disk tier", "the dead letters". */
const char *disk_job_what(const struct disk_job *job);

/* Finds the pipeline called `name` (NULL: the only one of the configuration) and its directory, which need not be
 * there. COMMAND_DONE, or said what is wrong. Always followed by disk_job_end(). */
enum command_status disk_job_begin(struct disk_job *job, const struct command_line *line,
                                   enum store_kind kind, const char *name);
void disk_job_end(struct disk_job *job);

/* Opens the store without a lock and without a change. COMMAND_DONE, or said why not. */
enum command_status disk_job_open(struct disk_job *job);
void disk_job_close(struct disk_job *job);

/* The number of the first record that a store has, missing ones left out; and of the first that is in the
 * directory by now, whatever the job's store knows (0 when that cannot be told). */
uint64_t disk_job_first(const struct store *store);
uint64_t disk_job_first_now(const struct disk_job *job);

/* The output's bit, or -1. */
int disk_job_find_output(const struct disk_job *job, const char *id);
/* The same of one that a person has named: what is unknown is said. */
enum command_status disk_job_output(const struct disk_job *job, const char *id, int *ret);

/* Where a frame stands, for a message: the file's path. The caller's to free(); NULL when memory is short. */
char *disk_job_file(const struct disk_job *job, uint64_t segment);

#endif
