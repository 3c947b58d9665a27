/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: the memory of a batch, from the moment that its bytes are admitted.
 *
 *     | struct weir_block | runs 64 | states 64 | ends 16384 | data 256 KiB | padding |     one allocation
 *
 * To get a block is to get admission: its bytes are taken from the pipeline's budget before anything is
 * read into it, and given back when its batch has been answered. That is the only place where a pipeline
 * says no, and the whole of backpressure: a full pipeline is an input without a block. Who gets one next
 * is in admission.c.
 *
 * Where filters make records of lines, a batch of the shortest lines would grow to ten times its size; so
 * the index is smaller there, in a small buffer much smaller, and such lines come in smaller batches.
 *
 * A block that is handed over nearly empty (one line, when it is quiet) becomes a copy made to measure, and
 * once half of the buffer is in use, so that outputs lag, any block that is less than two thirds full: what
 * waits for a slow output is charged by what it holds. (Copying fuller ones too would cost more than half of what
 * it takes to spill them: fresh memory has a fault a page.) Full-size blocks are used again
 * (block_pool.c). */
#include "pipeline/block.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/lines.h"
#include "pipeline/input.h"
#include "pipeline/pipeline.h"

#define RUNS_MAX 64
#define ENDS_MAX 16384
#define ENDS_MAX_FILTERED 4096
#define ENDS_MIN_FILTERED 512
/* With filters, an entry of the index for so much of the buffer. */
#define ENDS_FILTERED_BYTES 1024
/* When the process itself is out of memory, look again so much later. */
#define NO_MEMORY_MS 1000

/* A copy made to measure is worth it where it takes less than so many eighths of the block. */
#define COPY_EIGHTHS 2
#define COPY_EIGHTHS_TIGHT 5

struct weir_block {
    struct batch batch; /* first: a batch is freed as the block it is */
    char *data;         /* pub.data, as we may write it */
    uint32_t *ends;
    struct weir_run *runs;
    uint32_t used, room; /* bytes of data */
    uint32_t ends_max, runs_max;
};

struct shape {
    size_t runs, ends, data;
};

static size_t shape_bytes(const struct shape *shape)
{
    return sizeof(struct weir_block) + shape->runs * sizeof(struct weir_run) +
           shape->runs * sizeof(struct run_state *) + shape->ends * sizeof(uint32_t) + shape->data +
           WEIR_BATCH_PADDING;
}

static size_t ends_max(const struct pipeline *pipeline)
{
    const size_t wanted = pipeline->budget.max / ENDS_FILTERED_BYTES;
    if (pipeline->stage.count == 0)
        return ENDS_MAX;
    if (wanted < ENDS_MIN_FILTERED)
        return ENDS_MIN_FILTERED;
    return wanted < ENDS_MAX_FILTERED ? wanted : ENDS_MAX_FILTERED;
}

static struct shape full_size(const struct pipeline *pipeline)
{
    return (struct shape){ RUNS_MAX, ends_max(pipeline), WEIR_BLOCK_BYTES };
}

/* Lays the parts out behind the struct. */
static void block_shape(struct weir_block *block, const struct shape *shape)
{
    char *at = (char *)(block + 1);
    block->runs = (struct weir_run *)(void *)at;
    at += shape->runs * sizeof(struct weir_run);
    block->batch.states = (struct run_state **)(void *)at;
    at += shape->runs * sizeof(struct run_state *);
    block->ends = (uint32_t *)(void *)at;
    at += shape->ends * sizeof(uint32_t);
    block->data = at;
    block->room = (uint32_t)shape->data;
    block->ends_max = (uint32_t)shape->ends;
    block->runs_max = (uint32_t)shape->runs;
}

/* Makes it an empty batch of `input`, keeping its layout. */
static void block_begin(struct weir_block *block, struct input *input)
{
    struct run_state **states = block->batch.states;
    const size_t charged = block->batch.charged;
    const bool compact = block->batch.compact;
    block->batch =
        (struct batch){ .pub = { .data = block->data, .ends = block->ends, .runs = block->runs },
                        .input = input,
                        .states = states,
                        .charged = charged,
                        .compact = compact };
    arena_init(&block->batch.arena, input->host.pipeline->chunks);
    block->used = 0;
}

/* `compact`: not to be used again. */
static struct weir_block *block_alloc(const struct shape *shape, bool compact)
{
    struct weir_block *block = malloc(shape_bytes(shape));
    if (!block)
        return NULL;
    block->batch.charged = shape_bytes(shape);
    block->batch.compact = compact;
    block_shape(block, shape);
    return block;
}

/* ---- admission --------------------------------------------------------------------------------------------- */

static struct weir_block *block_have(struct pipeline *pipeline, const struct shape *shape,
                                     bool large)
{
    struct batch *spare = large ? NULL : block_pool_take(&pipeline->blocks);
    struct weir_block *block = (struct weir_block *)(void *)spare;
    if (!block) {
        if (budget_is_over(&pipeline->budget)) /* with what was just taken */
            chunk_pool_trim(pipeline->chunks);
        block = block_alloc(shape, large);
    }
    return block;
}

struct weir_block *weir_block_new(struct weir_host *host, size_t bytes)
{
    struct input *input = (struct input *)(void *)host;
    struct shape shape = full_size(host->pipeline);
    const bool large = bytes > shape.data;
    assert(bytes < UINT32_MAX - WEIR_BATCH_PADDING);
    if (large)
        shape.data = bytes;
    if (!admission_take(input, shape_bytes(&shape)))
        return NULL;
    struct weir_block *block = block_have(host->pipeline, &shape, large);
    if (!block) {
        budget_give(&host->pipeline->budget, shape_bytes(&shape));
        admission_emitted(input, false);
        admission_wait(input, shape_bytes(&shape));
        admission_wake(host->pipeline, input);
        loop_timer_set(input->trim, NO_MEMORY_MS);
        return NULL;
    }
    block_begin(block, input);
    return block;
}

char *weir_block_room(struct weir_block *block, size_t *ret_room)
{
    *ret_room = block->room - block->used;
    return block->data + block->used;
}

bool weir_block_is_empty(const struct weir_block *block)
{
    return block->batch.pub.count == 0;
}

/* Whether records that begin at block->used and at position `from` can belong to the block's last run:
 * a record's position is told by its place among the run's bytes. */
static bool run_continues(const struct weir_block *block, const struct weir_stream *stream,
                          uint64_t from, unsigned flags)
{
    const struct weir_batch *pub = &block->batch.pub;
    if (pub->run_count == 0)
        return false;
    const struct weir_run *last = &block->runs[pub->run_count - 1];
    const uint32_t first_at = last->first ? block->ends[last->first - 1] : 0;
    const unsigned ended = WEIR_RUN_TRUNCATED | WEIR_RUN_PARTIAL;
    return last->stream == stream && last->to == from && !(last->flags & ended) &&
           ((last->flags ^ flags) & WEIR_RUN_STRIP_CR) == 0 &&
           from - last->from == block->used - first_at;
}

/* A run for what comes next; NULL when there is no room for one. */
static struct weir_run *run_at(struct weir_block *block, struct weir_stream *stream, uint64_t from,
                               unsigned flags)
{
    struct weir_batch *pub = &block->batch.pub;
    if (run_continues(block, stream, from, flags))
        return &block->runs[pub->run_count - 1];
    if (pub->run_count == block->runs_max)
        return NULL;
    struct weir_run *run = &block->runs[pub->run_count];
    *run = (struct weir_run){
        .stream = stream, .from = from, .observed = clock_wall(), .first = pub->count
    };
    return run; /* counts once something is in it */
}

static void run_add(struct weir_block *block, struct weir_run *run, uint32_t count, uint32_t bytes,
                    unsigned flags)
{
    struct weir_batch *pub = &block->batch.pub;
    if (run == &block->runs[pub->run_count])
        pub->run_count++;
    run->count += count;
    run->flags |= flags;
    pub->count += count;
    block->used += bytes;
}

struct weir_lines weir_block_lines(struct weir_block *block, struct weir_stream *stream,
                                   uint64_t position, size_t len, unsigned run_flags,
                                   weir_check_f *check)
{
    struct weir_lines lines = { 0 };
    struct weir_batch *pub = &block->batch.pub;
    assert(len <= block->room - block->used);
    struct weir_run *run = run_at(block, stream, position, run_flags);
    if (!run)
        return lines;
    const char *data = block->data + block->used;
    lines.count = (uint32_t)lines_find(data, len, block->used, block->ends + pub->count,
                                       block->ends_max - pub->count, &lines.bytes);
    if (!lines.count)
        return lines;
    run_add(block, run, lines.count, (uint32_t)lines.bytes, run_flags);
    run->to = position + lines.bytes;
    run->check = check ? check(data, lines.bytes) : 0;
    return lines;
}

bool weir_block_record(struct weir_block *block, struct weir_stream *stream, uint64_t from,
                       uint64_t to, uint64_t check, size_t len, unsigned run_flags)
{
    struct weir_batch *pub = &block->batch.pub;
    assert(len < block->room - block->used && from < to);
    struct weir_run *run = run_at(block, stream, from, run_flags);
    if (!run || pub->count == block->ends_max)
        return false;
    if (len && memchr(block->data + block->used, '\n', len))
        run_flags |= WEIR_RUN_NEWLINES;
    block->data[block->used + len] = '\n';
    block->ends[pub->count] = block->used + (uint32_t)len + 1;
    run_add(block, run, 1, (uint32_t)len + 1, run_flags);
    run->to = to;
    run->check = check;
    return true;
}

/* NULL where a copy is not worth it, or memory is short. */
static struct weir_block *block_compact(struct input *input, const struct weir_block *block)
{
    const struct weir_batch *pub = &block->batch.pub;
    const struct shape shape = { pub->run_count, pub->count, block->used };
    const struct budget *budget = &input->host.pipeline->budget;
    const bool tight = budget_used(budget) > budget->max / 2;
    const size_t worth = block->batch.charged / 8 * (tight ? COPY_EIGHTHS_TIGHT : COPY_EIGHTHS);
    if (shape_bytes(&shape) > worth)
        return NULL;
    struct weir_block *copy = block_alloc(&shape, true);
    if (!copy)
        return NULL;
    block_begin(copy, input);
    memcpy(copy->runs, block->runs, shape.runs * sizeof(copy->runs[0]));
    memcpy(copy->ends, block->ends, shape.ends * sizeof(copy->ends[0]));
    memcpy(copy->data, block->data, shape.data);
    memset(copy->data + shape.data, 0, WEIR_BATCH_PADDING);
    copy->used = block->used;
    copy->batch.pub.count = pub->count;
    copy->batch.pub.run_count = pub->run_count;
    budget_force(&input->host.pipeline->budget, copy->batch.charged);
    return copy;
}

struct batch *block_seal(struct input *input, struct weir_block *block)
{
    struct weir_block *sealed = block_compact(input, block);
    if (sealed)
        block_recycle(input->host.pipeline, &block->batch);
    else
        sealed = block;
    sealed->batch.bytes = sealed->used;
    sealed->batch.observed = sealed->runs[0].observed;
    return &sealed->batch;
}

void block_recycle(struct pipeline *pipeline, struct batch *batch)
{
    const size_t before = budget_used(&pipeline->budget);
    batch_unmark(batch);
    arena_reset(&batch->arena);
    budget_give(&pipeline->budget, batch->charged);
    if (batch->compact || !block_pool_give(&pipeline->blocks, batch))
        free(batch);
    block_pool_shrink(&pipeline->blocks, before);
}
