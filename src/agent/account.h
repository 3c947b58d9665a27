/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_AGENT_ACCOUNT_H
#define WEIR_AGENT_ACCOUNT_H

#include "agent/status.h"
#include "base/budget.h"
#include "base/metrics.h"
#include "config/config.h"

/* The memory of the process, as far as it is accounted for: the pipelines' buffers, and what is known of sources.
 * What the limit leaves beside both is the reserve, and what plugins say that they use. */
struct account {
    struct budget sources;
    uint64_t limit; /* service.memory_limit, or what the control group leaves */
    struct metric *limit_bytes, *used_bytes, *source_bytes, *source_limit_bytes;
};

/* Of `config`, before anything is charged. */
void account_init(struct account *account, const struct config *config, struct metrics *metrics);
/* `buffers`: what is in use of all buffers. */
void account_status(const struct account *account, uint64_t buffers, struct status *ret);
/* Sets the metrics. */
void account_update(struct account *account, uint64_t buffers);

#endif
