/* SPDX-License-Identifier: Apache-2.0 */
#include "support/pipeline_frame.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/disk.h"
#include "base/logical_clock.h"
#include "buffer/positions.h"

#define JOIN_NS 5000000000
#define WAIT_LOOKS 10000

static void frame_changed(void *arg)
{
    struct frame *frame = arg;
    pthread_mutex_lock(&frame->lock);
    pthread_cond_signal(&frame->changed);
    pthread_mutex_unlock(&frame->lock);
}

static void die(const char *what, const struct weir_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err->text);
    abort();
}

static void open_positions(struct frame *frame)
{
    struct weir_error err = { 0 };
    const struct positions_options positions = { .data_dir = frame->dir };
    if (positions_open(&positions, &frame->env.positions, &err) < 0)
        die("positions", &err);
}

void frame_init(struct frame *frame)
{
    *frame = (struct frame){ .identity = { .host_id = "0123456789abcdef0123456789abcdef" } };
    temp_dir_make(frame->dir);
    pthread_mutex_init(&frame->lock, NULL);
    pthread_cond_init(&frame->changed, NULL);
    frame->env = (struct pipeline_env){ .messenger = messenger_new(2, WEIR_ERROR, MESSAGE_TEXT),
                                        .metrics = metrics_new(),
                                        .clock = logical_clock_new(0, NULL, NULL),
                                        .identity = &frame->identity,
                                        .data_dir = frame->dir,
                                        .disk = disk_real(),
                                        .once = true,
                                        .changed = frame_changed,
                                        .arg = frame };
    assert(frame->env.messenger && frame->env.metrics && frame->env.clock);
    open_positions(frame);
}

void frame_deinit(struct frame *frame)
{
    positions_close(frame->env.positions);
    logical_clock_free(frame->env.clock);
    metrics_free(frame->env.metrics);
    messenger_free(frame->env.messenger);
    temp_dir_remove(frame->dir);
}

void frame_reopen_positions(struct frame *frame)
{
    positions_close(frame->env.positions);
    open_positions(frame);
}

struct pipeline *frame_pipeline(struct frame *frame, const struct config_pipeline *config)
{
    struct weir_error err = { 0 };
    struct pipeline *pipeline = NULL;
    if (pipeline_new(&frame->env, config, &pipeline, &err) < 0)
        die("pipeline", &err);
    return pipeline;
}

void frame_start(struct pipeline *pipeline)
{
    struct weir_error err = { 0 };
    if (pipeline_start(pipeline, &err) < 0)
        die("start", &err);
}

void frame_wait_until_done(struct frame *frame, struct pipeline *pipeline)
{
    pthread_mutex_lock(&frame->lock);
    while (!pipeline_ended(pipeline) || !pipeline_is_empty(pipeline))
        pthread_cond_wait(&frame->changed, &frame->lock);
    pthread_mutex_unlock(&frame->lock);
}

void frame_join(struct pipeline *pipeline)
{
    bool joined = pipeline_join(pipeline, clock_monotonic() + JOIN_NS);
    assert(joined);
}

void frame_run(struct frame *frame, struct pipeline *pipeline)
{
    frame_start(pipeline);
    frame_wait_until_done(frame, pipeline);
    frame_join(pipeline);
}

bool frame_wait(bool (*is_so)(void *arg), void *arg)
{
    for (int i = 0; i < WAIT_LOOKS; i++) {
        if (is_so(arg))
            return true;
        usleep(1000);
    }
    return false;
}
