/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_moods.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/fake_lines.h"

static unsigned dice(struct fake_moods *self)
{
    self->seed = self->seed * 1103515245 + 12345;
    return self->seed >> 16;
}

static void settle_one(struct fake_moods *self, struct weir_delivery *delivery, uint32_t i)
{
    const int64_t number = fake_line_number(weir_delivery_slice(delivery)->batch, i);
    if (self->retry_of && dice(self) % (unsigned)self->retry_of == 0) {
        weir_settle(delivery, i, 1, WEIR_RETRY, WEIR_STR("not now"));
        return;
    }
    if (self->answered)
        atomic_fetch_add(&self->answered[number], 1);
    bool reject = self->reject_of && number % self->reject_of == 0;
    char words[40] = "bad number";
    if (self->words)
        snprintf(words, sizeof(words), "bad number %d", (int)(number % self->words));
    weir_settle(delivery, i, 1, reject ? WEIR_REJECTED : WEIR_DELIVERED,
                reject ? weir_str_of(words) : WEIR_STR_NONE);
}

static void settle_delivery(struct fake_moods *self, struct weir_delivery *delivery)
{
    /* The delivery is gone with its last answer, so its records are listed first. */
    const struct weir_slice *slice = weir_delivery_slice(delivery);
    uint32_t end = slice->first + slice->count, count = 0;
    uint32_t *list = malloc(slice->count * sizeof(*list));
    assert(list);
    for (uint32_t i = weir_slice_next(slice, slice->first); i < end;
         i = weir_slice_next(slice, i + 1))
        list[count++] = i;
    for (uint32_t i = 0; i < count; i++)
        settle_one(self, delivery, list[i]);
    free(list);
}

/* Reads what it is to deliver, as a plugin does that is about to give up. */
static void look_at(const struct weir_delivery *delivery)
{
    const struct weir_slice *slice = weir_delivery_slice(delivery);
    uint32_t end = slice->first + slice->count;
    for (uint32_t i = weir_slice_next(slice, slice->first); i < end;
         i = weir_slice_next(slice, i + 1))
        (void)fake_line_number(slice->batch, i);
}

static void *settle_late(void *arg)
{
    struct fake_moods *self = arg;
    for (;;) {
        pthread_mutex_lock(&self->lock);
        while ((!self->queued || self->hold) && !self->stop)
            pthread_cond_wait(&self->some, &self->lock);
        if (!self->queued || self->hold) {
            for (unsigned i = 0; i < self->queued; i++)
                look_at(self->queue[i]);
            pthread_mutex_unlock(&self->lock);
            return NULL;
        }
        unsigned pick = dice(self) % self->queued;
        struct weir_delivery *delivery = self->queue[pick];
        self->queue[pick] = self->queue[--self->queued];
        pthread_mutex_unlock(&self->lock);
        settle_delivery(self, delivery);
    }
}

static int open_moods(void *state, struct weir_host *host, struct weir_error *err)
{
    struct fake_moods *self = state;
    (void)host;
    atomic_fetch_add(&self->opened, 1);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->some, NULL);
    if (self->open_error)
        return weir_error_set(err, self->open_error, "told to fail");
    self->threaded = self->late && pthread_create(&self->thread, NULL, settle_late, self) == 0;
    return 0;
}

static void close_moods(void *state)
{
    struct fake_moods *self = state;
    atomic_fetch_add(&self->closed, 1);
    pthread_mutex_lock(&self->lock);
    self->stop = true;
    pthread_cond_signal(&self->some);
    pthread_mutex_unlock(&self->lock);
    if (self->threaded)
        pthread_join(self->thread, NULL);
}

static void deliver(void *state, struct weir_delivery *delivery)
{
    struct fake_moods *self = state;
    atomic_fetch_add(&self->deliveries, 1);
    if (self->slow_us)
        usleep(self->slow_us);
    if (!self->late && !self->hold) {
        settle_delivery(self, delivery);
        return;
    }
    pthread_mutex_lock(&self->lock);
    self->queue[self->queued++] = delivery;
    pthread_cond_signal(&self->some);
    pthread_mutex_unlock(&self->lock);
}

void fake_moods_let_go(struct fake_moods *self)
{
    pthread_mutex_lock(&self->lock);
    self->hold = false;
    pthread_cond_signal(&self->some);
    pthread_mutex_unlock(&self->lock);
}

#define FAKE_MOODS(count)                                                                          \
    {                                                                                              \
        .abi = WEIR_PLUGIN_ABI, .kind = WEIR_OUTPUT, .name = "moods",                              \
        .state_size = sizeof(struct fake_moods), .open = open_moods, .close = close_moods,         \
        .output = { .deliver = deliver, .parallel = (count) },                                     \
    }
const struct weir_plugin fake_moods_plugin = FAKE_MOODS(1);
const struct weir_plugin fake_moods_parallel_plugin = FAKE_MOODS(FAKE_MOODS_PARALLEL);
