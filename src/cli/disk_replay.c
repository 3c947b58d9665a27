/* SPDX-License-Identifier: Apache-2.0 */
/* `replay`: chosen records go to the end of the pipeline's log again. A running agent does it itself; without one
 * it is done here, by appending frames to the disk tier, which the next start finds there.
 *
 * Records are read through a second opening of the store, without a lock: it sees what was there before the first
 * of them was appended, so that nothing is replayed twice. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "buffer/frozen.h"
#include "cli/disk_actions.h"
#include "cli/disk_agent.h"
#include "cli/disk_select.h"
#include "cli/disk_walk.h"
#include "cli/disk_write.h"

enum { REPLAY_STOPPED = 1 }; /* the disk tier is full */

struct offline {
    const struct disk_job *job;
    struct store *store; /* that records go to */
    int target;          /* bit of the output that gets them; -1: those they were for */
    struct weir_bytes scratch, frame;
    uint64_t *without; /* bits */
    size_t words;
    uint64_t records, replayed, unwanted, damaged;
    uint64_t stopped_at; /* the sequence of the frame that did not fit */
};

/* ---- one frame ---------------------------------------------------------------------------------------- */

/* Sets the bits of all records that must not go: not chosen, or for none of `readers`. Returns how many go. */
static int64_t choose_out(struct offline *offline, const struct disk_seen *seen, uint64_t readers)
{
    const struct batch *batch = seen->batch;
    const size_t words = bitmap_words(batch->pub.count);
    if (words > offline->words) {
        free(offline->without);
        offline->without = malloc(words * sizeof(offline->without[0]));
        offline->words = offline->without ? words : 0;
        if (!offline->without)
            return -ENOMEM;
    }
    for (size_t word = 0; word < words; word++) {
        uint64_t taken = 0;
        for (unsigned i = 0; i < offline->job->configured_count; i++)
            if (readers >> i & 1)
                taken |= batch->masks && batch->masks[i] ? batch->masks[i][word] : UINT64_MAX;
        offline->without[word] = ~(seen->chosen[word] & taken);
    }
    uint32_t left = 0;
    for (uint32_t i = 0; i < batch->pub.count; i++)
        left += !(offline->without[i / 64] >> (i % 64) & 1);
    return left;
}

static int append(struct offline *offline, const struct batch *batch, uint64_t readers)
{
    const enum frame_codec codec = (enum frame_codec)offline->job->pipeline->buffer.compression;
    struct frame_head head = { 0 };
    int r = frozen_make(batch, offline->without, readers, codec, &offline->scratch, &offline->frame,
                        &head);
    if (r < 0)
        return r;
    head.flags |= FRAME_REPLAYED;
    return store_append(offline->store, (uint8_t *)offline->frame.data, offline->frame.len, &head);
}

static int replay_frame(void *arg, const struct disk_seen *seen)
{
    struct offline *offline = arg;
    struct batch *batch = seen->batch;
    if (seen->wrong) {
        disk_walk_say_wrong(offline->job, seen);
        offline->damaged += seen->frame->end - seen->frame->head.sequence;
        return 0;
    }
    offline->records += batch->pub.count;
    if (!seen->count)
        return 0;
    const uint64_t configured = offline->job->configured_count == 64
                                    ? UINT64_MAX
                                    : ((uint64_t)1 << offline->job->configured_count) - 1;
    const uint64_t routed = batch->routed;
    uint64_t **masks = batch->masks;
    const struct weir_str note = batch->note;
    if (offline->target >= 0) { /* whoever they were for */
        batch->routed = (uint64_t)1 << offline->target;
        batch->masks = NULL;
    }
    batch->note = WEIR_STR_NONE;
    int64_t count = choose_out(offline, seen, batch->routed & configured);
    int r = count < 0   ? (int)count
            : count > 0 ? append(offline, batch, batch->routed & configured)
                        : 0;
    batch->routed = routed;
    batch->masks = masks;
    batch->note = note;
    if (r == STORE_FULL) {
        offline->stopped_at = seen->frame->head.sequence;
        return REPLAY_STOPPED;
    }
    offline->replayed += r == 0 ? (uint64_t)count : 0;
    offline->unwanted += r == 0 ? seen->count - (uint64_t)count : 0;
    return r;
}

/* ---- without an agent --------------------------------------------------------------------------------- */

static enum command_status say_end(const struct offline *offline, int r)
{
    const struct command *command = offline->job->line->command;
    if (r == REPLAY_STOPPED)
        command_error(command,
                      "the disk tier is full: %" PRIu64
                      " records were replayed; when there is room again "
                      "go on with --sequence %" PRIu64 "-",
                      offline->replayed, offline->stopped_at);
    else if (r < 0)
        command_error(command, "%s: %" PRIu64 " records were replayed, then: %s", offline->job->dir,
                      offline->replayed, strerror(-r));
    return r == 0 && !offline->damaged ? COMMAND_DONE : COMMAND_FAILED;
}

static json_t *progress_json(const struct offline *offline)
{
    json_t *document = document_must(json_object());
    document_put(document, "pipeline", document_text(weir_str_of(offline->job->name)));
    document_put(document, "records", document_number(offline->records));
    document_put(document, "replayed", document_number(offline->replayed));
    document_put(document, "unwanted", document_number(offline->unwanted));
    document_put(document, "damaged", document_number(offline->damaged));
    return document;
}

/* The job's store is what records are read from, which may be the dead letters. */
static enum command_status replay_offline(struct disk_job *job,
                                          const struct replay_request *request, json_t **ret)
{
    struct offline offline = { .job = job,
                               .target = request->target
                                             ? disk_job_find_output(job, request->target)
                                             : -1,
                               .scratch.max = SIZE_MAX,
                               .frame.max = SIZE_MAX };
    if (!job->pipeline->buffer.disk) {
        command_error(
            job->line->command,
            "pipeline \"%s\" has no disk tier to put records into: start the agent, and then "
            "replay",
            job->name);
        return COMMAND_FAILED;
    }
    enum command_status status = disk_write_open(job, STORE_BUFFER, &offline.store);
    if (status == COMMAND_DONE)
        status = disk_job_open(job);
    if (status == COMMAND_DONE) {
        int r = disk_walk(job, request, replay_frame, &offline);
        int synced = store_sync(offline.store);
        status = say_end(&offline, r < 0 || synced == 0 ? r : synced);
        *ret = progress_json(&offline);
    }
    store_close(offline.store);
    weir_bytes_free(&offline.scratch);
    weir_bytes_free(&offline.frame);
    free(offline.without);
    return status;
}

/* ---- the action --------------------------------------------------------------------------------------- */

/* "for one output": what it was to get, and for nobody else, unless --target says for whom. */
static enum command_status find_target(const struct disk_job *job, struct replay_request *request)
{
    const char *target = job->line->values[OPTION_TARGET];
    request->target = target ? target : request->output;
    if (!request->target)
        return COMMAND_DONE;
    int bit = disk_job_find_output(job, request->target);
    if (bit >= 0 && (unsigned)bit < job->configured_count)
        return COMMAND_DONE;
    command_error(job->line->command,
                  "pipeline \"%s\" has no output \"%s\" in %s: say with --target who is to get the "
                  "records",
                  job->name, request->target, job->load.path);
    return COMMAND_FAILED;
}

static void print_end(const struct disk_job *job, const json_t *progress)
{
    const json_int_t unwanted = json_integer_value(json_object_get(progress, "unwanted"));
    if (command_has(job->line, OPTION_JSON)) {
        document_print(progress);
        return;
    }
    printf("%" PRId64 " records of pipeline %s replayed",
           (int64_t)json_integer_value(json_object_get(progress, "replayed")), job->name);
    if (unwanted)
        printf("; %" PRId64 " were for outputs that are not configured any more",
               (int64_t)unwanted);
    putchar('\n');
}

enum command_status disk_action_replay(struct disk_job *job)
{
    struct disk_select select;
    struct disk_lock lock = { .fd = -1 };
    json_t *progress = NULL;
    if (!job->pipeline)
        return command_misused(
            job->line->command,
            "the outputs that replayed records go to stand in the configuration: give "
            "it with -c");
    enum command_status status = disk_select_read(job->line, clock_wall(), &select);
    if (status == COMMAND_DONE)
        status = find_target(job, &select.request);
    if (status == COMMAND_DONE)
        status = disk_lock_take(job, &lock);
    if (status == COMMAND_DONE && lock.fd < 0)
        status = disk_agent_replay(job, &select.request, &progress);
    else if (status == COMMAND_DONE)
        status = replay_offline(job, &select.request, &progress);
    if (progress)
        print_end(job, progress);
    json_decref(progress);
    disk_lock_give(&lock);
    disk_select_free(&select);
    return status;
}
