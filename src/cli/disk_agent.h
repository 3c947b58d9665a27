/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_DISK_AGENT_H
#define WEIR_CLI_DISK_AGENT_H

#include "cli/disk_job.h"
#include "cli/document.h"
#include "pipeline/replay.h"

/* What a running agent must do itself, asked for over its admin socket: see admin/control.h. COMMAND_DONE with
 * its answer in *ret, the caller's, or said what is wrong. */

/* Waits until the replay has ended. */
enum command_status disk_agent_replay(const struct disk_job *job,
                                      const struct replay_request *request, json_t **ret);
enum command_status disk_agent_drop(const struct disk_job *job, const char *output, json_t **ret);

#endif
