/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/orders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "buffer/store.h"
#include "pipeline/dead_letters.h"
#include "pipeline/pipeline.h"
#include "pipeline/tier.h"

static int find_pipeline(struct agent *agent, const char *name, struct pipeline **ret,
                         struct weir_error *err)
{
    bool stopping;
    *ret = agent_pipeline(agent, name, &stopping);
    if (!*ret)
        return weir_error_set(err, -ENOENT, "there is no pipeline called \"%s\"", name);
    return stopping ? weir_error_set(err, -EBUSY, "the agent is stopping") : 0;
}

int agent_replay(void *agent, const char *pipeline, const struct replay_request *request,
                 struct weir_error *err)
{
    struct pipeline *found;
    int r = find_pipeline(agent, pipeline, &found, err);
    return r < 0 ? r : replay_start(found->replay, request, err);
}

int agent_replay_cancel(void *agent, const char *pipeline, struct weir_error *err)
{
    struct pipeline *found;
    int r = find_pipeline(agent, pipeline, &found, err);
    if (r == 0)
        replay_cancel(found->replay);
    return r;
}

int agent_replay_progress(void *agent, const char *pipeline, struct replay_progress *ret,
                          struct weir_error *err)
{
    struct pipeline *found;
    int r = find_pipeline(agent, pipeline, &found, err);
    if (r == 0)
        replay_progress(found->replay, ret);
    return r;
}

/* How many records wait for the orphan; 0 when there is none of that name. */
static uint64_t count_orphan(const struct store *store, const char *name)
{
    const size_t room = STORE_READERS_MAX + STORE_ORPHANS_MAX;
    struct store_reader_info *readers = store ? calloc(room, sizeof(*readers)) : NULL;
    const size_t count = readers ? store_readers(store, readers, room) : 0;
    uint64_t records = 0;
    for (size_t i = 0; i < count; i++)
        if (readers[i].orphan && strcmp(readers[i].name, name) == 0)
            records = readers[i].backlog.records;
    free(readers);
    return records;
}

/* Records that only an orphan waits for are in no account: nobody is to get them. */
static int drop_orphan(struct pipeline *pipeline, enum replay_source source, const char *name,
                       uint64_t *ret_records)
{
    switch (source) {
    case REPLAY_BUFFER:
        *ret_records = count_orphan(pipeline->tier ? pipeline->tier->store : NULL, name);
        return tier_drop_reader(pipeline->tier, name);
    case REPLAY_DEAD_LETTERS:
        *ret_records = count_orphan(dead_letters_store(pipeline->dead_letters), name);
        return dead_letters_drop(pipeline->dead_letters, name);
    }
    return -EINVAL;
}

int agent_drop_output(void *agent, const char *pipeline, enum replay_source source,
                      const char *output, uint64_t *ret_records, struct weir_error *err)
{
    struct pipeline *found;
    int r = find_pipeline(agent, pipeline, &found, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < found->output_count; i++)
        if (strcmp(found->config->outputs[i].id, output) == 0)
            return weir_error_set(
                err, -EINVAL, "output \"%s\" is configured: what waits for it will be delivered",
                output);
    r = drop_orphan(found, source, output, ret_records);
    if (r == -ENOENT)
        return weir_error_set(err, r, "nothing waits for an output called \"%s\"", output);
    return r < 0 ? weir_error_set(err, r, "%s", strerror(-r)) : 0;
}
