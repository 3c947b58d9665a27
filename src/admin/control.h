/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ADMIN_CONTROL_H
#define WEIR_ADMIN_CONTROL_H

#include "pipeline/replay.h"

/* What changes the agent's state, as JSON: read here, done by the agent. Only on a Unix socket: see admin.c.
 *
 *   POST /api/v1/replay        {"pipeline": "app", "source": "buffer" | "dead_letters",
 *                               "since": "2026-11-25T14:00:00Z", "until": "...",      observed times, RFC 3339
 *                               "from": 100, "to": 200,                               numbers of records
 *                               "ids": ["32 hexadecimal digits", ...],
 *                               "output": "kafka", "reason": "...", "target": "file"}
 *                              all but the first two optional; see struct replay_request. 202 and the progress:
 *                              it runs.
 *                              {"pipeline": "app", "cancel": true}: 200 and the progress.
 *   GET  /api/v1/replay?pipeline=app   the progress of the last one, on any address:
 *                              {"pipeline": "app", "state": "none" | "running" | "done" | "cancelled" | "failed",
 *                               "waiting": false, "records": 9, "replayed": 7, "unwanted": 0, "damaged": 0,
 *                               "sequence": 120, "end": 200, "error": ""}
 *   POST /api/v1/buffer/drop   {"pipeline": "app", "source": "buffer" | "dead_letters", "output": "gone"}
 *                              gives up what waits for an output that is not configured any more: 200 and
 *                              {"pipeline": "app", "output": "gone", "records": 12}
 *
 * Whatever is refused: {"error": "what, and what to do"} with 400 (the request is wrong), 403 (not a Unix socket), 404
 * (no such pipeline or output, nothing is there), 409 (a replay runs already). */

struct http_request;
struct http_response;

/* Who does it: filled by whoever starts the endpoint. `pipeline` may be a name that there is none of: -ENOENT.
 * Each answers 0, or a negative errno with *err set. */
struct admin_control {
    int (*replay)(void *arg, const char *pipeline, const struct replay_request *request,
                  struct weir_error *err);
    int (*replay_cancel)(void *arg, const char *pipeline, struct weir_error *err);
    int (*replay_progress)(void *arg, const char *pipeline, struct replay_progress *ret,
                           struct weir_error *err);
    int (*drop_output)(void *arg, const char *pipeline, enum replay_source source,
                       const char *output, uint64_t *ret_records, struct weir_error *err);
};

/* Answers of the paths above. */
void control_replay(const struct admin_control *control, void *arg,
                    const struct http_request *request, struct http_response *response);
void control_drop(const struct admin_control *control, void *arg,
                  const struct http_request *request, struct http_response *response);
/* What is refused: {"error": text}. */
void control_refuse(struct http_response *response, int status, const char *text);

#endif
