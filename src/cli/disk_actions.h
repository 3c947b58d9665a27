/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_DISK_ACTIONS_H
#define WEIR_CLI_DISK_ACTIONS_H

#include "cli/disk_job.h"

/* What `weir buffer` and `weir deadletter` can do with the store of a job that has begun. Each says what goes
 * wrong, and answers with the command's status. */
typedef enum command_status disk_action_f(struct disk_job *job);

disk_action_f disk_action_ls, disk_action_verify, disk_action_cat, disk_action_replay,
    disk_action_drop;

/* The options of all actions together. `chosen_by` are those of DISK_SELECT_OPTIONS by which records of the store are
 * chosen. */
#define DISK_ACTION_OPTIONS(chosen_by)                                                             \
    ((chosen_by) | TAKES(OPTION_CONFIG) | TAKES(OPTION_DATA_DIR) | TAKES(OPTION_JSON) |            \
     TAKES(OPTION_CODEC) | TAKES(OPTION_FRAMES) | TAKES(OPTION_TARGET) | TAKES(OPTION_ADMIN) |     \
     TAKES(OPTION_OUTPUT))

/* Runs the action that the command line names. */
enum command_status disk_action_run(const struct command_line *line, enum store_kind kind,
                                    unsigned chosen_by);

#endif
