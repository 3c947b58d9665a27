/* SPDX-License-Identifier: Apache-2.0 */
#include "buffer/ring.h"

#include <assert.h>

void ring_init(struct ring *ring)
{
    pthread_mutex_init(&ring->lock, NULL);
    ring->first = NULL;
    ring->last = &ring->first;
}

void ring_deinit(struct ring *ring)
{
    assert(!ring->first);
    pthread_mutex_destroy(&ring->lock);
}

bool ring_put(struct ring *ring, struct batch *batch)
{
    batch->next = NULL;
    pthread_mutex_lock(&ring->lock);
    bool was_empty = !ring->first;
    *ring->last = batch;
    ring->last = &batch->next;
    pthread_mutex_unlock(&ring->lock);
    return was_empty;
}

struct batch *ring_take_all(struct ring *ring)
{
    pthread_mutex_lock(&ring->lock);
    struct batch *batches = ring->first;
    ring->first = NULL;
    ring->last = &ring->first;
    pthread_mutex_unlock(&ring->lock);
    return batches;
}
