/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/disk_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "buffer/frozen.h"
#include "pipeline/replay_choice.h"

#define LOOKS_AGAIN_MAX 100

struct walk {
    const struct disk_job *job;
    const struct replay_request *request;
    int output; /* bit of request->output */
    struct budget budget;
    struct chunk_pool *chunks;
    uint64_t *bits;
    size_t words;
    disk_walk_f *each;
    void *arg;
    uint64_t began;  /* the first record that was there when the store was opened */
    uint64_t begins; /* the same of the last look at what is there by now */
    unsigned looks;
};

static int walk_reserve(struct walk *walk, uint32_t records)
{
    size_t words = bitmap_words(records);
    if (words <= walk->words)
        return 0;
    free(walk->bits);
    walk->bits = calloc(words, sizeof(walk->bits[0]));
    walk->words = walk->bits ? words : 0;
    return walk->bits ? 0 : -ENOMEM;
}

static const char *explain(int error)
{
    switch (error) {
    case -EBADMSG: return "a frame whose checksum is right and that does not hold together";
    case -EPROTO: return "a frame of a version that this one does not know";
    case -ENOTSUP: return "a frame with a compression that this build does not have";
    default: return strerror(-error);
    }
}

/* Whether an agent has deleted the frame since the store was opened, everyone having answered it: then it is no
 * damage that it cannot be read. */
static bool is_gone(struct walk *walk, const struct store_frame *frame)
{
    if (frame->head.sequence < walk->began) /* it was missing already */
        return false;
    if (frame->end > walk->begins && walk->looks++ < LOOKS_AGAIN_MAX)
        walk->begins = disk_job_first_now(walk->job);
    return frame->end <= walk->begins;
}

static int walk_frame(struct walk *walk, const struct store_frame *frame)
{
    struct disk_seen seen = { .frame = frame };
    if (frame->damaged && is_gone(walk, frame))
        return 0;
    if (frame->damaged) {
        seen.wrong = "a damaged frame";
        return walk->each(walk->arg, &seen);
    }
    int r = frozen_thaw(&frame->head, frame->ranges, frame->payload, frame->reader_bits,
                        walk->chunks, &seen.batch);
    if (r == 0 && (r = walk_reserve(walk, seen.batch->pub.count)) == 0) {
        seen.chosen = walk->bits;
        seen.count = replay_choose(walk->request, seen.batch, frame->head.sequence, walk->output,
                                   walk->bits);
    }
    if (r == -ENOMEM) {
        frozen_free(seen.batch);
        return r;
    }
    if (r < 0)
        seen.wrong = explain(r);
    r = walk->each(walk->arg, &seen);
    frozen_free(seen.batch);
    return r;
}

static int walk_all(struct walk *walk, struct store *store)
{
    const struct replay_request *request = walk->request;
    struct store_frame frame;
    struct store_walk *frames = store_walk_new(store, request->from);
    int r = frames ? 0 : -ENOMEM, more = 0;
    while (r == 0 && (more = store_walk_next(frames, &frame)) > 0) {
        if (frame.head.sequence >= request->to && frame.head.sequence != frame.end)
            break;
        if (replay_may_choose(request, frame.head.sequence, frame.end,
                              frame.damaged ? INT64_MIN : frame.head.observed))
            r = walk_frame(walk, &frame);
    }
    store_walk_free(frames);
    return r == 0 && more < 0 ? more : r;
}

int disk_walk(const struct disk_job *job, const struct replay_request *request, disk_walk_f *each,
              void *arg)
{
    struct walk walk = { .job = job,
                         .request = request,
                         .output =
                             request->output ? disk_job_find_output(job, request->output) : -1,
                         .budget.max = SIZE_MAX,
                         .each = each,
                         .arg = arg };
    walk.began = disk_job_first(job->store);
    walk.chunks = chunk_pool_new(ARENA_CHUNK_BYTES, &walk.budget);
    int r = walk.chunks ? walk_all(&walk, job->store) : -ENOMEM;
    free(walk.bits);
    chunk_pool_free(walk.chunks);
    return r;
}

void disk_walk_say_wrong(const struct disk_job *job, const struct disk_seen *seen)
{
    const struct store_frame *frame = seen->frame;
    char *file = disk_job_file(job, frame->segment), records[80] = "";
    if (frame->end > frame->head.sequence)
        snprintf(records, sizeof(records), "; records %" PRIu64 " to %" PRIu64,
                 frame->head.sequence, frame->end - 1);
    command_error(job->line->command, "%s: offset %" PRIu64 ": %s%s", file ? file : job->dir,
                  frame->offset, seen->wrong, records);
    free(file);
}
