/* SPDX-License-Identifier: Apache-2.0 */
/* How far the disk is, counted in changes: every put, removal or raise is one. A flush that wrote all its
 * blocks has `written` everything up to the change it began at; a good sync makes that `synced`. A flush that
 * failed half-way may have torn a block that an earlier one had written, so it takes back what was written but
 * not synced: nothing new is promised until a whole flush and a sync after it were good. */
#include "buffer/positions_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/uuid.h"

/* ---- opening ----------------------------------------------------------------------------------------- */

static int open_dir(struct positions_store *store, const struct positions_store_options *options,
                    struct weir_error *err)
{
    store->dir = disk_open_dir(store->disk, DISK_CWD, options->dir, !options->read_only);
    if (store->dir == -ENOTDIR)
        return weir_error_set(err, -ENOTDIR, "data directory %s: it is not a directory",
                              options->dir);
    if (store->dir < 0)
        return weir_error_set(err, store->dir, "data directory %s: %s", options->dir,
                              strerror(-store->dir));
    if (options->read_only)
        return 0;
    int64_t pid = 0;
    char who[64] = "another process";
    int r = disk_lock_dir(store->disk, store->dir, &pid);
    if (r == -EWOULDBLOCK) {
        if (pid)
            snprintf(who, sizeof(who), "process %lld", (long long)pid);
        return weir_error_set(err, -EBUSY,
                              "data directory %s is in use by %s; stop it, or give this one a "
                              "service.data_dir of its own",
                              options->dir, who);
    }
    if (r < 0)
        return weir_error_set(err, r, "data directory %s cannot be locked: %s", options->dir,
                              strerror(-r));
    return 0;
}

static const char *explain_open(int r)
{
    switch (r) {
    case -ELOOP: return "it is a symbolic link; weir follows none there";
    case -EISDIR: return "it is a directory";
    case -ENODEV: return "it is not a regular file";
    default: return strerror(-r);
    }
}

static int load(struct positions_store *store, const struct positions_store_options *options,
                struct positions_found *found, struct weir_error *err)
{
    int r = positions_file_open(&store->file, store->table, options->read_only, found);
    if (r == -ENOMEM)
        return weir_error_set(err, r, "no memory for the positions");
    if (r < 0)
        return weir_error_set(
            err, r,
            "%s/positions cannot be opened: %s. Mend that, or move it away to begin "
            "without positions (what was sent is then sent again)",
            options->dir, explain_open(r));
    if (found->version)
        return weir_error_set(
            err, -EPROTO,
            "%s/positions is of version %u, this weir knows %u. It was left as it is: use the weir "
            "that wrote it, or move it away to begin without positions",
            options->dir, found->version, POSITIONS_VERSION);
    r = positions_table_loaded(store->table);
    return r < 0 ? weir_error_set(err, r, "no memory for the positions") : 0;
}

static int check_head(struct positions_store *store, const uint8_t *machine, bool *ret_moved)
{
    static const uint8_t unknown[16];
    struct positions_head head = { .made = clock_wall() };
    bool have = positions_table_get_head(store->table, &head);
    bool known = have && memcmp(head.machine, unknown, sizeof(unknown)) != 0;
    bool same = !machine || memcmp(head.machine, machine, sizeof(head.machine)) == 0;
    *ret_moved = known && !same;
    if (have && same)
        return 0;
    if (machine)
        memcpy(head.machine, machine, sizeof(head.machine));
    int r = have ? 0 : uuid_draw(head.instance);
    return r < 0 ? r : positions_table_set_head(store->table, &head);
}

/* What is once needed of the table is never given back. Under the mutex. */
static void charge(struct positions_store *store)
{
    const size_t bytes = positions_table_bytes(store->table);
    if (store->budget)
        budget_force(store->budget, bytes - store->charged);
    store->charged = bytes;
}

int positions_store_open(struct positions_store *store,
                         const struct positions_store_options *options,
                         struct positions_found *ret_found, bool *ret_moved, struct weir_error *err)
{
    *store =
        (struct positions_store){ .disk = options->disk, .dir = -1, .budget = options->budget };
    *ret_found = (struct positions_found){ 0 };
    pthread_mutex_init(&store->mutex, NULL);
    positions_file_init(&store->file, store->disk, -1);
    store->table = positions_table_new();
    if (!store->table)
        return weir_error_set(err, -ENOMEM, "no memory for the positions");
    int r = open_dir(store, options, err);
    if (r < 0)
        return r;
    store->file.dir = store->dir;
    r = load(store, options, ret_found, err);
    if (r < 0)
        return r;
    charge(store);
    r = options->read_only ? 0 : check_head(store, options->machine, ret_moved);
    return r < 0 ? weir_error_set(err, r, "positions: no instance id could be drawn") : 0;
}

void positions_store_close(struct positions_store *store)
{
    positions_file_close(&store->file);
    if (store->dir >= 0)
        store->dir = disk_close(store->disk, store->dir);
    store->table = positions_table_free(store->table);
    if (store->budget)
        budget_give(store->budget, store->charged);
    pthread_mutex_destroy(&store->mutex);
}

/* ---- changes ----------------------------------------------------------------------------------------- */

int positions_store_put(struct positions_store *store, const struct positions_key *key,
                        const struct weir_stream_state *state, bool *ret_first)
{
    pthread_mutex_lock(&store->mutex);
    bool before = positions_table_is_dirty(store->table);
    int r = positions_table_put(store->table, key, state);
    charge(store);
    *ret_first = !before && positions_table_is_dirty(store->table);
    pthread_mutex_unlock(&store->mutex);
    return r;
}

void positions_store_remove(struct positions_store *store, const struct positions_key *key,
                            bool *ret_first)
{
    pthread_mutex_lock(&store->mutex);
    bool before = positions_table_is_dirty(store->table);
    positions_table_remove(store->table, key);
    *ret_first = !before && positions_table_is_dirty(store->table);
    pthread_mutex_unlock(&store->mutex);
}

void positions_store_clock(struct positions_store *store, uint64_t ceiling, bool may_lower,
                           bool *ret_first)
{
    struct positions_head head;
    pthread_mutex_lock(&store->mutex);
    bool before = positions_table_is_dirty(store->table);
    /* The head was made at open: setting it again takes no memory. */
    if (positions_table_get_head(store->table, &head) &&
        (ceiling > head.clock || (may_lower && ceiling < head.clock))) {
        head.clock = ceiling;
        (void)positions_table_set_head(store->table, &head);
    }
    *ret_first = !before && positions_table_is_dirty(store->table);
    pthread_mutex_unlock(&store->mutex);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

bool positions_store_get(struct positions_store *store, const struct positions_key *key,
                         struct weir_stream_state *ret)
{
    struct positions_key same;
    pthread_mutex_lock(&store->mutex);
    const unsigned char *slot = positions_table_find(store->table, key);
    if (slot)
        positions_slot_get_entry(slot, &same, ret);
    pthread_mutex_unlock(&store->mutex);
    return slot != NULL;
}

void positions_store_walk(struct positions_store *store, positions_walk_f *walk, void *arg)
{
    struct positions_key key;
    struct weir_stream_state state;
    const unsigned char *slot;
    uint32_t number = 0;
    pthread_mutex_lock(&store->mutex);
    while ((slot = positions_table_next(store->table, number, &number))) {
        positions_slot_get_entry(slot, &key, &state);
        walk(arg, &key, &state);
        number++;
    }
    pthread_mutex_unlock(&store->mutex);
}

struct list {
    uint64_t owner;
    struct weir_stream_state *states;
    size_t count, room;
    bool failed;
};

static void list_add(void *arg, const struct positions_key *key,
                     const struct weir_stream_state *state)
{
    struct list *list = arg;
    if (key->owner != list->owner || list->failed)
        return;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct weir_stream_state *states = realloc(list->states, room * sizeof(states[0]));
        if (!states) {
            list->failed = true;
            return;
        }
        list->states = states;
        list->room = room;
    }
    list->states[list->count++] = *state;
}

int positions_store_list(struct positions_store *store, uint64_t owner,
                         struct weir_stream_state **ret, size_t *ret_count)
{
    struct list list = { .owner = owner };
    positions_store_walk(store, list_add, &list);
    if (list.failed) {
        free(list.states);
        return -ENOMEM;
    }
    *ret = list.states;
    *ret_count = list.count;
    return 0;
}

uint32_t positions_store_count(struct positions_store *store)
{
    pthread_mutex_lock(&store->mutex);
    uint32_t count = positions_table_count(store->table);
    pthread_mutex_unlock(&store->mutex);
    return count;
}

struct positions_head positions_store_head(struct positions_store *store)
{
    struct positions_head head = { 0 };
    pthread_mutex_lock(&store->mutex);
    (void)positions_table_get_head(store->table, &head);
    pthread_mutex_unlock(&store->mutex);
    return head;
}

uint64_t positions_store_changes(struct positions_store *store)
{
    pthread_mutex_lock(&store->mutex);
    uint64_t changes = positions_table_changes(store->table);
    pthread_mutex_unlock(&store->mutex);
    return changes;
}

uint64_t positions_store_synced(struct positions_store *store)
{
    pthread_mutex_lock(&store->mutex);
    uint64_t synced = store->synced;
    pthread_mutex_unlock(&store->mutex);
    return synced;
}

/* ---- the writer -------------------------------------------------------------------------------------- */

bool positions_store_is_unsynced(const struct positions_store *store)
{
    return positions_file_is_unsynced(&store->file);
}

static int write_blocks(struct positions_store *store, uint64_t *ret_blocks)
{
    struct positions_block block;
    int64_t number;
    int first_error = 0;
    pthread_mutex_lock(&store->mutex);
    uint64_t changes = positions_table_changes(store->table);
    positions_table_begin(store->table);
    while ((number = positions_table_take(store->table, &block)) >= 0) {
        pthread_mutex_unlock(&store->mutex);
        int r = positions_file_write(&store->file, (uint32_t)number, &block);
        pthread_mutex_lock(&store->mutex);
        *ret_blocks += r == 0;
        if (r < 0)
            positions_table_dirty(store->table, (uint32_t)number);
        if (r < 0 && first_error == 0)
            first_error = r;
    }
    store->written = first_error == 0 ? changes : store->synced;
    pthread_mutex_unlock(&store->mutex);
    return first_error;
}

int positions_store_flush(struct positions_store *store, uint64_t *ret_blocks)
{
    *ret_blocks = 0;
    int r = positions_file_ready(&store->file);
    if (r < 0)
        return r;
    if (r == POSITIONS_FILE_NEW) {
        pthread_mutex_lock(&store->mutex);
        positions_table_dirty_all(store->table);
        pthread_mutex_unlock(&store->mutex);
    }
    return write_blocks(store, ret_blocks);
}

int positions_store_sync(struct positions_store *store)
{
    if (store->file.fd < 0)
        return -EBADF; /* the flush before said why */
    int r = 0;
    if (positions_file_is_unsynced(&store->file))
        r = positions_file_sync(&store->file);
    pthread_mutex_lock(&store->mutex);
    if (r == 0)
        store->synced = store->written;
    else
        store->written = store->synced;
    for (uint32_t i = 0; r < 0 && i < store->file.unsynced_count; i++)
        positions_table_dirty(store->table, store->file.unsynced[i]);
    pthread_mutex_unlock(&store->mutex);
    return r;
}
