/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_AGENT_ORDERS_H
#define WEIR_AGENT_ORDERS_H

#include "pipeline/replay.h"

/* What a person may tell a running agent to do, over the admin endpoint: `agent` is a struct agent. 0, or a
 * negative errno with *err set: -ENOENT for a pipeline that there is none of. @thread main. */

int agent_replay(void *agent, const char *pipeline, const struct replay_request *request,
                 struct weir_error *err);
int agent_replay_cancel(void *agent, const char *pipeline, struct weir_error *err);
int agent_replay_progress(void *agent, const char *pipeline, struct replay_progress *ret,
                          struct weir_error *err);
/* Gives up what waits for an output that is not configured any more, and says how many records. */
int agent_drop_output(void *agent, const char *pipeline, enum replay_source source,
                      const char *output, uint64_t *ret_records, struct weir_error *err);

#endif
