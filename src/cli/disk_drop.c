/* SPDX-License-Identifier: Apache-2.0 */
/* `drop`: what waits for an output that no configuration has any more is given up, so that its segments can go.
 * An output that is configured is left alone: it would lose what it has not delivered. */
#include <errno.h>
#include <inttypes.h>

#include "base/clock.h"
#include "cli/disk_actions.h"
#include "cli/disk_agent.h"
#include "cli/disk_write.h"

static uint64_t records_of(const struct store *store, const char *output)
{
    struct store_reader_info infos[STORE_READERS_MAX + STORE_ORPHANS_MAX];
    const size_t room = sizeof(infos) / sizeof(infos[0]);
    size_t count = store_readers(store, infos, room);
    for (size_t i = 0; i < count && i < room; i++)
        if (infos[i].orphan && strcmp(infos[i].name, output) == 0)
            return infos[i].backlog.records;
    return 0;
}

static enum command_status drop_offline(const struct disk_job *job, const char *output,
                                        uint64_t *ret_records)
{
    struct store *store = NULL;
    enum command_status status = disk_write_open(job, job->kind, &store);
    if (status != COMMAND_DONE)
        return status;
    *ret_records = records_of(store, output);
    int r = store_drop_reader(store, output);
    if (r == 0)
        r = store_commit(store);
    if (r == 0)
        store_trim(store, clock_wall());
    store_close(store);
    if (r == -ENOENT)
        command_error(job->line->command, "nothing in %s waits for an output \"%s\"", job->dir,
                      output);
    else if (r < 0)
        command_error(job->line->command, "%s: %s", job->dir, strerror(-r));
    return r < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

static enum command_status drop(struct disk_job *job, const char *output, uint64_t *ret_records)
{
    struct disk_lock lock;
    json_t *answer = NULL;
    enum command_status status = disk_lock_take(job, &lock);
    if (status == COMMAND_DONE && lock.fd < 0) {
        status = disk_agent_drop(job, output, &answer);
        *ret_records = (uint64_t)json_integer_value(json_object_get(answer, "records"));
    } else if (status == COMMAND_DONE) {
        status = disk_job_open(job); /* it must be there: looking must not make it */
        disk_job_close(job);
        if (status == COMMAND_DONE)
            status = drop_offline(job, output, ret_records);
    }
    json_decref(answer);
    disk_lock_give(&lock);
    return status;
}

enum command_status disk_action_drop(struct disk_job *job)
{
    const char *output = job->line->values[OPTION_OUTPUT];
    uint64_t records = 0;
    if (!output)
        return command_misused(job->line->command,
                               "drop needs --output: whose records are given up");
    if (!job->pipeline)
        return command_misused(
            job->line->command,
            "which outputs are still wanted stands in the configuration: give it "
            "with -c");
    int bit = disk_job_find_output(job, output);
    if (bit >= 0 && (unsigned)bit < job->configured_count) {
        command_error(
            job->line->command,
            "output \"%s\" is configured, and would lose what waits for it: take it out of %s "
            "first",
            output, job->load.path);
        return COMMAND_FAILED;
    }
    enum command_status status = drop(job, output, &records);
    if (status != COMMAND_DONE)
        return status;
    if (command_has(job->line, OPTION_JSON)) {
        json_t *document = document_must(json_object());
        document_put(document, "pipeline", document_text(weir_str_of(job->name)));
        document_put(document, "output", document_text(weir_str_of(output)));
        document_put(document, "records", document_number(records));
        document_print(document);
        json_decref(document);
    } else {
        printf("%" PRIu64 " records of pipeline %s for output %s given up\n", records, job->name,
               output);
    }
    return status;
}
