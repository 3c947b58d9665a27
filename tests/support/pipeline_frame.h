/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_PIPELINE_FRAME_H
#define TESTS_SUPPORT_PIPELINE_FRAME_H

#include <pthread.h>

#include "pipeline/pipeline.h"
#include "support/temp_dir.h"

/* What a pipeline needs around it, for tests that make one by hand: a directory with a positions store,
 * clock, metrics, messages of level error to stderr. Everything aborts when it cannot be had. */
struct frame {
    char dir[TEMP_DIR_MAX];
    struct pipeline_env env;
    struct weir_identity identity;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

void frame_init(struct frame *frame);
/* Every pipeline must have been freed. */
void frame_deinit(struct frame *frame);

/* A pipeline of `config`, opened and not started; aborts with what is wrong. */
struct pipeline *frame_pipeline(struct frame *frame, const struct config_pipeline *config);

/* Starts the pipeline, waits until every input has ended and everything is answered, ends its threads. */
void frame_run(struct frame *frame, struct pipeline *pipeline);
/* The parts of that. */
void frame_start(struct pipeline *pipeline);
void frame_wait_until_done(struct frame *frame, struct pipeline *pipeline);
void frame_join(struct pipeline *pipeline);

/* Waits until `is_so(arg)`, looking every millisecond; false after 10 s. */
bool frame_wait(bool (*is_so)(void *arg), void *arg);

/* Closes the positions store and opens it again, as a restart does: what was not put there is gone. */
void frame_reopen_positions(struct frame *frame);

#endif
