/* SPDX-License-Identifier: Apache-2.0 */
/* When positions are written: the store's thread, its times, and what it says.
 *
 *     put ... put put      flush        put        flush           sync
 *     |<---- 10 ms ----->|  |           |<- 10 ms ->|               |
 *                           |<------------ 1 s ------------------->|
 *
 * The first change after a quiet time wakes the thread; it waits 10 ms, so that what comes meanwhile is one
 * write, then writes every dirty block. From the first write that is not synced it is a second to the sync.
 * When nothing changes nothing wakes. positions_sync(), and closing, do both at once.
 *
 * When the disk fails, flush and sync are tried again every second, and by every positions_sync(); the
 * failure is said when it begins and when it ends, not in between, where the counter and
 * weir_positions_unsynced_seconds show it. */
#include "buffer/positions.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/message.h"
#include "base/metrics.h"
#include "base/thread.h"
#include "buffer/positions_store.h"

#define MS INT64_C(1000000)
#define FLUSH_AFTER (10 * MS)
#define SYNC_AFTER (1000 * MS)
#define RETRY_AFTER (1000 * MS)

struct positions {
    struct positions_store store;
    struct messenger *messenger;
    bool read_only;
    uint8_t instance[16];
    char *file; /* for messages */

    pthread_mutex_t
        mutex; /* guards what follows; never held across a disk call, nor with the store's */
    pthread_cond_t wake, done;
    bool changed;     /* since the thread last looked */
    bool sync_wanted; /* by someone who waits */
    bool stop;
    uint64_t tries;  /* flushes with sync begun */
    uint64_t failed; /* the number of the last of them that failed */
    int error;       /* why */
    uint64_t synced; /* changes that are on stable storage */

    /* The thread's own. */
    pthread_t thread;
    bool failing;
    int64_t flush_at, sync_at, retry_at; /* monotonic; INT64_MAX: not planned */
    int64_t unsynced_since; /* when the oldest change without a good sync was seen; 0: none */

    struct metric *entries, *blocks, *syncs, *errors, *unsynced;
};

/* ---- the thread -------------------------------------------------------------------------------------- */

static void tell_trouble(struct positions *self, int r)
{
    metric_add(self->errors, 1);
    if (!self->failing && self->messenger)
        msg_error(self->messenger,
                  "positions cannot be stored; they are kept in memory, and storing is tried again "
                  "every second",
                  weir_kv_str("file", self->file), weir_kv_str("error", strerror(-r)));
    self->failing = true;
}

static void tell_recovery(struct positions *self)
{
    if (self->failing && self->messenger)
        msg_info(self->messenger, "positions are stored again", weir_kv_str("file", self->file));
    self->failing = false;
}

static void tell_quarantine(struct positions *self)
{
    struct positions_file *file = &self->store.file;
    if (file->quarantined == 0)
        return;
    if (self->messenger)
        msg_warn(self->messenger, "the damaged positions file was copied to the quarantine",
                 weir_kv_str("file", self->file), weir_kv_int("number", file->quarantined));
    file->quarantined = 0;
}

/* Writes; and, with `sync`, has it kept. Sets what is planned next. */
static int store_changes(struct positions *self, bool sync)
{
    uint64_t blocks;
    int r = positions_store_flush(&self->store, &blocks);
    metric_add(self->blocks, (int64_t)blocks);
    tell_quarantine(self);
    if (sync) { /* also after a flush that failed in part: what it did write is kept then */
        int r_sync = positions_store_sync(&self->store);
        metric_add(self->syncs, r_sync == 0);
        r = r < 0 ? r : r_sync;
    }
    int64_t now = clock_monotonic();
    if (r < 0)
        tell_trouble(self, r);
    else if (sync)
        tell_recovery(self);
    self->flush_at = INT64_MAX;
    self->retry_at = self->failing ? now + RETRY_AFTER : INT64_MAX;
    if (sync)
        self->sync_at = INT64_MAX;
    if (positions_store_is_unsynced(&self->store) && self->sync_at == INT64_MAX)
        self->sync_at = now + SYNC_AFTER;
    if (r == 0 && sync)
        self->unsynced_since = 0;
    else if (r < 0 &&
             self->unsynced_since == 0) /* it failed before a change was seen: at the start */
        self->unsynced_since = now;
    metric_set(self->unsynced, self->unsynced_since ? now - self->unsynced_since : 0);
    metric_set(self->entries, positions_store_count(&self->store));
    return r;
}

/* The same, with a sync, for those who wait for one. */
static int try_sync(struct positions *self)
{
    pthread_mutex_lock(&self->mutex);
    uint64_t number = ++self->tries;
    self->sync_wanted = false;
    pthread_mutex_unlock(&self->mutex);
    int r = store_changes(self, true);
    uint64_t synced = positions_store_synced(&self->store);
    pthread_mutex_lock(&self->mutex);
    self->synced = synced;
    if (r < 0) {
        self->failed = number;
        self->error = r;
    }
    pthread_cond_broadcast(&self->done);
    pthread_mutex_unlock(&self->mutex);
    return r;
}

static int64_t next_time(const struct positions *self)
{
    if (self->failing)
        return self->retry_at;
    return self->flush_at < self->sync_at ? self->flush_at : self->sync_at;
}

/* Waits until there is something to do now. True when that includes a sync. */
static bool wait_for_work(struct positions *self)
{
    pthread_mutex_lock(&self->mutex);
    int64_t now = clock_monotonic();
    for (;;) {
        if (self->changed) {
            self->changed = false;
            if (self->flush_at == INT64_MAX)
                self->flush_at = now + FLUSH_AFTER;
            if (self->unsynced_since == 0)
                self->unsynced_since = now;
        }
        int64_t at = next_time(self);
        if (self->stop || self->sync_wanted || at <= now)
            break;
        struct timespec until = { at / 1000000000, at % 1000000000 };
        if (at == INT64_MAX)
            pthread_cond_wait(&self->wake, &self->mutex);
        else
            pthread_cond_timedwait(&self->wake, &self->mutex, &until);
        now = clock_monotonic();
    }
    bool sync = self->stop || self->sync_wanted || self->failing || self->sync_at <= now;
    pthread_mutex_unlock(&self->mutex);
    return sync;
}

static void run(void *arg)
{
    struct positions *self = arg;
    for (;;) {
        if (wait_for_work(self))
            try_sync(self);
        else
            store_changes(self, false);
        pthread_mutex_lock(&self->mutex);
        bool stop = self->stop && !self->changed;
        pthread_mutex_unlock(&self->mutex);
        if (stop)
            return;
    }
}

/* Something is dirty that was not: the thread may be asleep. */
static void wake(struct positions *self, bool first)
{
    if (!first)
        return;
    pthread_mutex_lock(&self->mutex);
    self->changed = true;
    pthread_cond_signal(&self->wake);
    pthread_mutex_unlock(&self->mutex);
}

/* ---- opening and closing ----------------------------------------------------------------------------- */

static void tell_found(const struct positions *self, const struct positions_found *found,
                       bool moved)
{
    if (!self->messenger)
        return;
    if (found->lost)
        msg_error(self->messenger,
                  "the positions file is damaged: what is intact was kept, streams of the rest are "
                  "read from their beginning",
                  weir_kv_str("file", self->file), weir_kv_int("damaged_slots", found->lost));
    if (found->head_lost)
        msg_error(self->messenger, "the positions file had lost its head: this agent has a new id",
                  weir_kv_str("file", self->file));
    if (found->torn && !self->read_only)
        msg_warn(self->messenger,
                 "writing the positions was cut off: of some slots the copy before it is used",
                 weir_kv_str("file", self->file), weir_kv_int("slots", found->torn));
    if (moved)
        msg_warn(self->messenger,
                 "the data directory was another machine's: was it cloned or restored? Two agents "
                 "must not share an id; remove it on one of them to have a new one drawn",
                 weir_kv_str("file", self->file));
}

static void make_metrics(struct positions *self, struct metrics *metrics)
{
    if (!metrics)
        return;
    self->entries = metrics_series(metrics, "weir_positions_entries",
                                   "Streams and outputs that the positions store remembers.",
                                   METRIC_GAUGE, 1, NULL, 0);
    self->blocks = metrics_series(metrics, "weir_positions_written_blocks_total",
                                  "Blocks of 4 KiB written to the positions file.", METRIC_COUNTER,
                                  1, NULL, 0);
    self->syncs = metrics_series(metrics, "weir_positions_syncs_total",
                                 "Good syncs of the positions file.", METRIC_COUNTER, 1, NULL, 0);
    self->errors = metrics_series(metrics, "weir_positions_errors_total",
                                  "Failed tries to store positions; they stay in memory.",
                                  METRIC_COUNTER, 1, NULL, 0);
    self->unsynced = metrics_series(
        metrics, "weir_positions_unsynced_seconds",
        "How old the oldest position that is not on stable storage was at the last try.",
        METRIC_GAUGE, 1e9, NULL, 0);
}

/* A disk that fails like this may be mended while the agent runs; anything else is a mistake in its setup. */
static bool may_pass(int r)
{
    return r == -ENOSPC || r == -EDQUOT || r == -EIO || r == -EROFS || r == -EFBIG ||
           r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

/* The first write, so that a directory where nothing can be written is found at the start. */
static int first_write(struct positions *self, const char *dir, struct weir_error *err)
{
    int r = try_sync(self);
    if (r == 0 || may_pass(r))
        return 0;
    return weir_error_set(err, r, "data directory %s cannot be written to: %s", dir, strerror(-r));
}

static int start(struct positions *self, const struct positions_options *options,
                 struct weir_error *err)
{
    const struct positions_store_options store = {
        .disk = options->disk ? options->disk : disk_real(),
        .dir = options->data_dir,
        .read_only = options->read_only,
        .machine = options->machine_id,
        .budget = options->budget,
    };
    struct positions_found found;
    bool moved = false;
    int r = positions_store_open(&self->store, &store, &found, &moved, err);
    if (r < 0)
        return r;
    if (asprintf(&self->file, "%s/positions", options->data_dir) < 0) {
        self->file = NULL;
        return weir_error_set(err, -ENOMEM, "no memory for the positions");
    }
    const struct positions_head head = positions_store_head(&self->store);
    memcpy(self->instance, head.instance, sizeof(self->instance));
    tell_found(self, &found, moved);
    if (self->read_only)
        return 0;
    r = first_write(self, options->data_dir, err);
    if (r < 0)
        return r;
    r = thread_start(&self->thread, "positions", run, self);
    return r < 0 ? weir_error_set(err, r, "positions: no thread: %s", strerror(-r)) : 0;
}

static struct positions *free_all(struct positions *self)
{
    positions_store_close(&self->store);
    pthread_cond_destroy(&self->wake);
    pthread_cond_destroy(&self->done);
    pthread_mutex_destroy(&self->mutex);
    free(self->file);
    free(self);
    return NULL;
}

int positions_open(const struct positions_options *options, struct positions **ret,
                   struct weir_error *err)
{
    struct positions *self = calloc(1, sizeof(*self));
    if (!self)
        return weir_error_set(err, -ENOMEM, "no memory for the positions");
    self->read_only = options->read_only;
    self->messenger = options->messenger;
    self->flush_at = self->sync_at = self->retry_at = INT64_MAX;
    pthread_mutex_init(&self->mutex, NULL);
    pthread_cond_init(&self->done, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&self->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    make_metrics(self, options->metrics);
    int r = start(self, options, err);
    if (r < 0) {
        free_all(self);
        return r;
    }
    *ret = self;
    return 0;
}

struct positions *positions_close(struct positions *self)
{
    if (!self)
        return NULL;
    if (!self->read_only) {
        pthread_mutex_lock(&self->mutex);
        self->stop = true;
        pthread_cond_signal(&self->wake);
        pthread_mutex_unlock(&self->mutex);
        pthread_join(self->thread, NULL);
        if (self->failing && self->messenger)
            msg_error(self->messenger,
                      "positions could not be stored before the stop: what was sent since may be "
                      "sent again",
                      weir_kv_str("file", self->file));
    }
    return free_all(self);
}

/* ---- entries ----------------------------------------------------------------------------------------- */

uint64_t positions_owner(const char *kind, const char *pipeline, const char *id)
{
    const char *const parts[] = { kind, pipeline, id };
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        hash = hash64_seeded(parts[i], strlen(parts[i]), hash);
    return hash;
}

bool positions_get(struct positions *self, const struct positions_key *key,
                   struct weir_stream_state *ret)
{
    return positions_store_get(&self->store, key, ret);
}

int positions_list(struct positions *self, uint64_t owner, struct weir_stream_state **ret,
                   size_t *ret_count)
{
    return positions_store_list(&self->store, owner, ret, ret_count);
}

int positions_put(struct positions *self, const struct positions_key *key,
                  const struct weir_stream_state *state)
{
    assert(!self->read_only);
    bool first;
    int r = positions_store_put(&self->store, key, state, &first);
    wake(self, first && r == 0);
    return r;
}

void positions_remove(struct positions *self, const struct positions_key *key)
{
    assert(!self->read_only);
    bool first;
    positions_store_remove(&self->store, key, &first);
    wake(self, first);
}

int positions_sync(struct positions *self)
{
    assert(!self->read_only);
    uint64_t want = positions_store_changes(&self->store);
    int r = 0;
    pthread_mutex_lock(&self->mutex);
    uint64_t tries = self->tries;
    while (self->synced < want && r == 0) {
        self->sync_wanted = true;
        pthread_cond_signal(&self->wake);
        pthread_cond_wait(&self->done, &self->mutex);
        if (self->failed > tries && self->synced < want)
            r = self->error;
    }
    pthread_mutex_unlock(&self->mutex);
    return r;
}

uint64_t positions_clock(struct positions *self)
{
    return positions_store_head(&self->store).clock;
}

void positions_clock_raise(struct positions *self, uint64_t ceiling)
{
    bool first;
    positions_store_clock(&self->store, ceiling, false, &first);
    wake(self, first);
}

void positions_clock_settle(struct positions *self, uint64_t ceiling)
{
    bool first;
    positions_store_clock(&self->store, ceiling, true, &first);
    wake(self, first);
}

void positions_instance(const struct positions *self, uint8_t ret_uuid[16])
{
    memcpy(ret_uuid, self->instance, sizeof(self->instance));
}

void positions_walk(struct positions *self, positions_walk_f *walk, void *arg)
{
    positions_store_walk(&self->store, walk, arg);
}
