/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_ADMISSION_H
#define WEIR_PIPELINE_ADMISSION_H

#include <pthread.h>
#include <stdatomic.h>
#include <weir/str.h>

struct input;
struct pipeline;

/* The line of a pipeline's inputs that wait for memory. See admission.c. */
struct admission {
    pthread_mutex_t lock;
    struct input *first, **last; /* linked by next_waiting; under the lock */
    _Atomic unsigned waiting;    /* in the line */
    _Atomic unsigned under_way;  /* batches that were emitted and are not back */
};

void admission_init(struct admission *admission);
void admission_deinit(struct admission *admission);

/* Takes `bytes` of the pipeline's budget. False: the input stands in line now, and is woken when there is
 * something for it; asking again keeps its place. @thread the input's. */
WEIR_MUST_USE bool admission_take(struct input *input, size_t bytes);
/* A block of the input is no longer in its hands: it was given back, or became a batch. */
void admission_emitted(struct input *input, bool batch);
/* A batch is back, its memory given back; admission_wake() follows. */
void admission_returned(struct input *input);
/* Puts the input into the line although there was memory in the budget. @thread the input's. */
void admission_wait(struct input *input, size_t bytes);
/* Whether an input that stands in line would get what it asked for. @thread the input's. */
bool admission_is_open(const struct input *input);
/* Takes the input out of the line, if it stands there: it wants nothing more. @thread the input's. */
void admission_leave(struct input *input);

/* Memory was given back: wakes whoever waits for it, filter stage or input (but not `self`, which looks
 * for itself; NULL: any). @thread any. */
void admission_wake(struct pipeline *pipeline, const struct input *self);

/* What of the budget inputs are admitted to. */
size_t admission_limit(const struct input *input);

#endif
