/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/account.h"

static struct metric *gauge(struct metrics *metrics, const char *name, const char *help)
{
    return metrics_series(metrics, name, help, METRIC_GAUGE, 1, NULL, 0);
}

void account_init(struct account *account, const struct config *config, struct metrics *metrics)
{
    account->sources.max = config->state_bytes;
    account->limit = config->service.memory_limit;
    account->limit_bytes = gauge(metrics, "weir_memory_limit_bytes",
                                 "What the process may use: service.memory_limit, or less where "
                                 "the control group has less.");
    account->used_bytes =
        gauge(metrics, "weir_memory_used_bytes",
              "What is in use of the pipelines' buffers, and by what is known of sources.");
    account->source_bytes =
        gauge(metrics, "weir_source_memory_bytes",
              "What is in use by what is known of sources: files, streams, positions.");
    account->source_limit_bytes =
        gauge(metrics, "weir_source_memory_limit_bytes",
              "From there on new files and other sources wait until there is room.");
    metric_set(account->limit_bytes, (int64_t)account->limit);
    metric_set(account->source_limit_bytes, (int64_t)account->sources.max);
}

void account_status(const struct account *account, uint64_t buffers, struct status *ret)
{
    ret->memory_limit_bytes = account->limit;
    ret->source_memory_limit_bytes = account->sources.max;
    ret->source_memory_bytes = budget_used(&account->sources);
    ret->memory_used_bytes = buffers + ret->source_memory_bytes;
}

void account_update(struct account *account, uint64_t buffers)
{
    const uint64_t sources = budget_used(&account->sources);
    metric_set(account->source_bytes, (int64_t)sources);
    metric_set(account->used_bytes, (int64_t)(buffers + sources));
}
