/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets memory next.
 *
 *     budget   |  blocks and arenas under way  |     free     | for what filters add |
 *                                              ^ input A takes from here             ^ buffer.memory
 *     line     B (wants 1 MiB) <- C (wants 256 KiB)
 *
 * Inputs that find no memory stand in line, and while somebody stands there nobody passes: else an input
 * whose own batches come back would always be there first, and another on the same pipeline would starve
 * next to it; and a block larger than all that others leave would never be had, since it needs the budget
 * to run empty once.
 *
 * How much of the budget an input may take:
 *  - A replayable input is admitted up to the pipeline's window, which is what its outputs can use well (a
 *    local file: a few batches, which then stay in the processor's cache), since more read ahead only costs
 *    memory; a push input, which has nowhere else to leave its data, up to all of it.
 *  - With filters, a part stays free for what they add to a batch (see filter_stage.c).
 *  - When no batch is under way, nothing will come back by itself: all memory is in the hands of inputs,
 *    perhaps with half a line each that waits for its end. Then the first in line gets one block, whatever
 *    the budget says. So a buffer that is too small for the number of its inputs, or for a line, is exceeded
 *    by a block an input, and never stands still.
 *
 * Waking cannot be lost: whoever gives memory back looks at `waiting` after that, and who joins the line
 * looks for memory once more after that. */
#include "pipeline/admission.h"

#include "pipeline/input.h"
#include "pipeline/pipeline.h"
#include "pipeline/tier.h"

void admission_init(struct admission *admission)
{
    *admission = (struct admission){ .last = NULL };
    admission->last = &admission->first;
    pthread_mutex_init(&admission->lock, NULL);
}

void admission_deinit(struct admission *admission)
{
    pthread_mutex_destroy(&admission->lock);
}

size_t admission_limit(const struct input *input)
{
    const struct pipeline *pipeline = input->host.pipeline;
    const size_t all = pipeline->budget.max - pipeline->growth;
    if (!input->replayable || atomic_load(&input->rescuing))
        return all;
    /* What is on disk already, and stays in memory because an output has it in hand, is not read ahead. */
    const size_t window =
        pipeline->window + (pipeline->tier ? log_written_bytes(pipeline->log) : 0);
    return window < all ? window : all;
}

static void line_join(struct admission *admission, struct input *input)
{
    input->next_waiting = NULL;
    *admission->last = input;
    admission->last = &input->next_waiting;
    atomic_fetch_add(&admission->waiting, 1);
    input_blocked(input, true);
}

static void line_leave(struct admission *admission, struct input *input)
{
    struct input **at = &admission->first;
    while (*at != input)
        at = &(*at)->next_waiting;
    *at = input->next_waiting;
    if (admission->last == &input->next_waiting)
        admission->last = at;
    atomic_fetch_sub(&admission->waiting, 1);
    input_blocked(input, false);
}

/* Whether a block is due to the input although the budget has no room for it. */
static bool line_owes(const struct input *input)
{
    return atomic_load(&input->host.pipeline->admission.under_way) == 0 && input->in_hand == 0;
}

static bool line_take(struct input *input, size_t bytes)
{
    struct pipeline *pipeline = input->host.pipeline;
    const struct input *first = pipeline->admission.first;
    if (first && first != input)
        return false;
    if (budget_take(&pipeline->budget, bytes, admission_limit(input)))
        return true;
    if (!line_owes(input))
        return false;
    budget_force(&pipeline->budget, bytes);
    return true;
}

bool admission_take(struct input *input, size_t bytes)
{
    struct admission *admission = &input->host.pipeline->admission;
    pthread_mutex_lock(&admission->lock);
    bool taken = line_take(input, bytes);
    if (!taken && !atomic_load(&input->blocked)) {
        line_join(admission, input);
        taken = line_take(input, bytes);
    }
    const bool left = taken && atomic_load(&input->blocked);
    if (left)
        line_leave(admission, input);
    pthread_mutex_unlock(&admission->lock);
    input->wanted = taken ? 0 : bytes;
    input->in_hand += taken;
    if (!taken)
        tier_look(input->host.pipeline->tier);
    if (left)
        admission_wake(input->host.pipeline, input); /* the next in line */
    return taken;
}

void admission_emitted(struct input *input, bool batch)
{
    input->in_hand--;
    if (batch)
        atomic_fetch_add(&input->host.pipeline->admission.under_way, 1);
}

void admission_returned(struct input *input)
{
    atomic_fetch_sub(&input->host.pipeline->admission.under_way, 1);
}

void admission_wait(struct input *input, size_t bytes)
{
    struct admission *admission = &input->host.pipeline->admission;
    pthread_mutex_lock(&admission->lock);
    if (!atomic_load(&input->blocked))
        line_join(admission, input);
    pthread_mutex_unlock(&admission->lock);
    input->wanted = bytes;
}

bool admission_is_open(const struct input *input)
{
    struct pipeline *pipeline = input->host.pipeline;
    pthread_mutex_lock(&pipeline->admission.lock);
    bool open =
        pipeline->admission.first == input &&
        (budget_fits(&pipeline->budget, input->wanted, admission_limit(input)) || line_owes(input));
    pthread_mutex_unlock(&pipeline->admission.lock);
    return open;
}

void admission_leave(struct input *input)
{
    struct admission *admission = &input->host.pipeline->admission;
    if (!atomic_load(&input->blocked))
        return;
    pthread_mutex_lock(&admission->lock);
    line_leave(admission, input);
    pthread_mutex_unlock(&admission->lock);
    input->wanted = 0;
    admission_wake(input->host.pipeline, input);
}

void admission_wake(struct pipeline *pipeline, const struct input *self)
{
    struct admission *admission = &pipeline->admission;
    if (atomic_load(&pipeline->stage.waiting))
        worker_wake(&pipeline->stage.worker);
    if (atomic_load(&admission->waiting) == 0)
        return;
    pthread_mutex_lock(&admission->lock);
    if (admission->first && admission->first != self)
        worker_wake(&admission->first->worker);
    pthread_mutex_unlock(&admission->lock);
}
