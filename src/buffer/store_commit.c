/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down: how far the readers are, and which numbers are taken. */
#include "buffer/store_parts.h"

uint64_t store_log_end(const struct store *store)
{
    return store->durable == store->start ? store->found_end : store->durable;
}

/* ---- the state ----------------------------------------------------------------------------------------- */

/* The cursor as it is written down. What is acked and not yet safe may be taken back. */
static uint64_t cursor_locked(const struct store *store, unsigned number)
{
    uint64_t watermark = cursor_watermark(&store->readers[number].cursor);
    return watermark < store->durable ? watermark : store->durable;
}

/* Whether an orphan is still waited for. */
static bool holds_locked(const struct store *store, unsigned number)
{
    uint64_t watermark = cursor_watermark(&store->readers[number].cursor);
    for (size_t i = store_find_locked(store, watermark); i < store->segment_count; i++)
        if (store_share_locked(store, store->segments[i], number) > 0)
            return true;
    return false;
}

static void fill_state(struct store *store, uint64_t reserved, struct store_state *ret)
{
    *ret = (struct store_state){ .reserved = reserved,
                                 .durable = store_log_end(store),
                                 .next_segment = store->next_segment };
    memcpy(ret->store, store->id, sizeof(ret->store));
    store_lock(store);
    for (unsigned i = 0; i < STORE_ALL_READERS; i++) {
        struct store_reader *reader = &store->readers[i];
        if (i >= STORE_READERS_MAX && reader->there)
            reader->there = holds_locked(store, i);
        if (!reader->there)
            continue;
        struct store_state_reader *out = &ret->readers[ret->reader_count++];
        memcpy(out->name, reader->name, sizeof(out->name));
        out->cursor = cursor_locked(store, i);
    }
    store_unlock(store);
}

int store_write_state(struct store *store, uint64_t reserved)
{
    struct store_state state;
    fill_state(store, reserved, &state);
    int r = store_state_write(&store->state_file, store->dir, &state);
    if (r < 0)
        return r;
    store->reserved = reserved;
    store->stated_durable = state.durable;
    store_lock(store);
    store->state_changed = false;
    unsigned written = 0;
    for (unsigned i = 0; i < STORE_ALL_READERS; i++)
        if (store->readers[i].there)
            store->readers[i].committed = state.readers[written++].cursor;
    store_unlock(store);
    return 0;
}

bool store_is_dirty(const struct store *store)
{
    store_lock(store);
    bool dirty = store->state_changed;
    for (unsigned i = 0; !dirty && i < STORE_ALL_READERS; i++)
        dirty = store->readers[i].there && cursor_locked(store, i) != store->readers[i].committed;
    store_unlock(store);
    return dirty;
}

int store_commit(struct store *store)
{
    return store_is_dirty(store) ? store_write_state(store, store->reserved) : 0;
}

void store_finish(struct store *store)
{
    (void)store_finish_active(store, true);
    store_delete_empty(store);
    /* What was given out and lost stays taken. */
    uint64_t taken = store->given > store->end ? store->given : store->end;
    if (store_is_dirty(store) || store->reserved != taken ||
        store->stated_durable != store_log_end(store))
        (void)store_write_state(store, taken);
}
