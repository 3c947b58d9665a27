/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_AGENT_PIPELINE_STATUS_H
#define WEIR_AGENT_PIPELINE_STATUS_H

#include "agent/status.h"
#include "base/metrics.h"

struct pipeline;

/* A pipeline's part of the status snapshot. 0 or -ENOMEM. */
int pipeline_status_fill(struct pipeline *pipeline, struct status_pipeline *ret);

/* What /readyz asks of a pipeline: that inputs have not failed, that outputs make progress, that dead letters
 * can be written when there are any, that the disk tier can, and that there is memory for all sources. */
#define PIPELINE_CHECKS 5
void pipeline_status_checks(struct pipeline *pipeline, struct status_check checks[PIPELINE_CHECKS]);

/* Metrics that are computed when they are asked for: from one snapshot of the ledger, so that the
 * identity holds among them. */
struct pipeline_gauges {
    struct metric *dropped[8], *dead_lettered, *letters, *letters_bytes, *recovered, *replayed,
        *held, *residue, *memory;
};
void pipeline_gauges_init(struct pipeline_gauges *gauges, struct pipeline *pipeline);
/* Returns the ledger's residue: 0, or there is a bug. */
int64_t pipeline_gauges_update(struct pipeline_gauges *gauges, struct pipeline *pipeline);

#endif
