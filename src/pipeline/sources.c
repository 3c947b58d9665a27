/* SPDX-License-Identifier: Apache-2.0 */
/* The account of what is known of sources. A file that was read to its end years ago still costs its struct,
 * its names and its stored position, some 900 bytes, and there may be a hundred thousand of them. None of that is
 * a batch, so none of it is in a pipeline's budget; it is all in this one, which the process has once.
 *
 * It is a bound for what can wait: before a new source is begun with, there must be room for what it will
 * cost. What has been admitted goes on without asking (its stream, the note of its new name), and so does what an
 * earlier run has left: giving up positions to save memory would be a bad bargain. Two inputs that ask at the
 * same time may both be admitted to the last place. */
#include "pipeline/sources.h"

#include "base/budget.h"
#include "pipeline/input.h"

void sources_charge(const struct pipeline_env *env, int64_t bytes)
{
    if (!env->sources)
        return;
    if (bytes >= 0)
        budget_force(env->sources, (size_t)bytes);
    else
        budget_give(env->sources, (size_t)-bytes);
}

void weir_sources_charge(struct weir_host *host, int64_t bytes)
{
    sources_charge(host->env, bytes);
}

bool weir_sources_room(const struct weir_host *host, size_t bytes)
{
    const struct budget *budget = host->env->sources;
    return !budget || budget_fits(budget, bytes, budget->max);
}

void weir_sources_waiting(struct weir_host *host, uint64_t count)
{
    struct input *input = (struct input *)(void *)host;
    const bool waited = metric_get(input->waiting) > 0;
    const struct budget *budget = host->env->sources;
    metric_set(input->waiting, (int64_t)count);
    if (count && !waited)
        weir_warn(host, "no memory for more sources: new ones wait",
                  weir_kv_int("waiting", (int64_t)count),
                  weir_kv_int("used_bytes", budget ? (int64_t)budget_used(budget) : 0),
                  weir_kv_int("limit_bytes", budget ? (int64_t)budget->max : 0),
                  weir_kv_str("cure", "raise service.memory_limit, or name fewer files"));
    if (!count && waited)
        weir_info(host, "there is memory for all sources again", weir_kv_int("waiting", 0));
}
