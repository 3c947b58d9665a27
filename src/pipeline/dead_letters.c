/* SPDX-License-Identifier: Apache-2.0 */
/* A store of frames like the disk tier's (buffer/store.h), one a pipeline, in DATA_DIR/dead_letters/NAME.
 *
 *     frame    records that an output has rejected in one delivery, with the same words
 *     note     {"output":"es","reason":"rejected","answer":"...","attempts":1,"first":"2026-...","last":"2026-..."}
 *     readers  the output: it never reads, so that what is its own is counted, and stays, until it must make room
 *
 * The store's readers are the outputs, and none of them ever acks: the store then knows how many dead letters
 * each has, also of outputs that are not configured any more, and deletes nothing by itself.
 *
 * To park is part of the answer: a delivery counts as settled only when what was rejected of it is synced, and
 * the output waits for that on its own thread. A sink that rejects is rare, and one sync a delivery is what
 * the promise costs. If the disk does not take it, the output holds: the records have nowhere to go. What was
 * parked by a try that failed later is known by its state, and not parked again.
 *
 * When the bound is reached the oldest segment goes, and its records are not in the dead letters any more:
 * those that this run had parked count as dropped; those of earlier runs were in no account of this run, and
 * have a counter of their own. Dead letters of an output go in the order in which they came, so it is enough
 * to know how many of them were there at the start.
 *
 * Nothing is made on disk before the first record is rejected. */
#include "pipeline/dead_letters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "buffer/frozen.h"
#include "buffer/store.h"
#include "pipeline/output.h"
#include "pipeline/pipeline.h"
#include "pipeline/rejections.h"

/* What is kept of the room for frames between two of them. */
#define ROOM_KEPT ((size_t)1 << 20)

struct dead_letters {
    struct pipeline *pipeline;
    uint64_t bytes_max;
    const char *readers[STORE_READERS_MAX];
    struct metric *lost_metric;

    pthread_mutex_t lock; /* of all that writes: outputs park one after the other */
    _Atomic(struct store *) store;
    uint64_t earlier[STORE_READERS_MAX]; /* of each output, those that are left of earlier runs */
    struct weir_bytes frame, scratch, note;
    uint64_t *chosen, *without; /* bitmaps for a batch of so many words */
    size_t words;

    atomic_bool untidy; /* readers were dropped, and that is not written down */

    pthread_mutex_t status_lock;
    bool failing;
    char reason[DEAD_LETTERS_REASON_MAX];
    _Atomic uint64_t lost;
};

/* ---- the store --------------------------------------------------------------------------------------- */

static uint64_t backlog_of(const struct store *store, unsigned output)
{
    struct store_backlog backlog;
    store_backlog(store, output, &backlog);
    return backlog.records;
}

static void say_found(const struct dead_letters *letters, const struct store_found *found)
{
    struct messenger *messenger = letters->pipeline->env->messenger;
    if (found->records + found->orphaned)
        msg_info(messenger, "there are dead letters of earlier runs",
                 weir_kv_str("pipeline", letters->pipeline->name),
                 weir_kv_int("records", (int64_t)(found->records + found->orphaned)),
                 weir_kv_int("bytes", (int64_t)found->bytes));
    if (found->damaged_records || found->quarantined)
        msg_warn(messenger, "some dead letters are damaged and were put aside",
                 weir_kv_str("pipeline", letters->pipeline->name),
                 weir_kv_int("records", (int64_t)found->damaged_records),
                 weir_kv_int("files", (int64_t)found->quarantined));
}

/* Under the lock. */
static int letters_open(struct dead_letters *letters, struct weir_error *err)
{
    struct pipeline *pipeline = letters->pipeline;
    const struct store_options options = {
        .disk = pipeline->env->disk,
        .data_dir = pipeline->env->data_dir,
        .name = pipeline->name,
        .kind = STORE_DEAD_LETTERS,
        .readers = letters->readers,
        .reader_count = (unsigned)pipeline->output_count,
        .size_max = letters->bytes_max,
    };
    struct store *store = NULL;
    struct store_found found = { 0 };
    int r = store_open(&options, &store, &found, err);
    if (r < 0)
        return r;
    store_forget_streams(store);
    for (unsigned i = 0; i < pipeline->output_count; i++)
        letters->earlier[i] = backlog_of(store, i);
    say_found(letters, &found);
    atomic_store(&letters->store, store);
    return 0;
}

/* Whether an earlier run has left some. */
static bool letters_are_there(const struct dead_letters *letters)
{
    const struct pipeline_env *env = letters->pipeline->env;
    const char *const path[] = { env->data_dir, "dead_letters", letters->pipeline->name };
    int dir = DISK_CWD;
    for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
        int next = disk_open_dir(env->disk, dir, path[i], false);
        disk_close(env->disk, dir);
        if (next < 0)
            return false;
        dir = next;
    }
    disk_close(env->disk, dir);
    return true;
}

static void letters_set_failing(struct dead_letters *letters, const char *why)
{
    pthread_mutex_lock(&letters->status_lock);
    letters->failing = why != NULL;
    letters->reason[0] = '\0';
    if (why) {
        size_t len = utf8_cut(
            why, strlen(why) < sizeof(letters->reason) ? strlen(why) : sizeof(letters->reason) - 1);
        memcpy(letters->reason, why, len);
        letters->reason[len] = '\0';
    }
    pthread_mutex_unlock(&letters->status_lock);
}

struct dead_letters *dead_letters_new(struct pipeline *pipeline)
{
    struct dead_letters *letters = calloc(1, sizeof(*letters));
    if (!letters)
        return NULL;
    const struct metric_label labels[] = { { "pipeline", pipeline->name } };
    letters->pipeline = pipeline;
    letters->bytes_max = pipeline->config->buffer.dead_letter_bytes;
    letters->frame.max = letters->scratch.max = SIZE_MAX;
    letters->note.max = 64 << 10;
    for (size_t i = 0; i < pipeline->output_count; i++)
        letters->readers[i] = pipeline->config->outputs[i].id;
    letters->lost_metric =
        metrics_series(pipeline->env->metrics, "weir_dead_letters_lost_records_total",
                       "Dead letters of earlier runs that had to make room for others.",
                       METRIC_COUNTER, 1, labels, 1);
    pthread_mutex_init(&letters->lock, NULL);
    pthread_mutex_init(&letters->status_lock, NULL);
    struct weir_error err = { 0 };
    if (letters->bytes_max && letters_are_there(letters) && letters_open(letters, &err) < 0) {
        letters_set_failing(letters, err.text);
        msg_error(pipeline->env->messenger,
                  "cannot open the dead letters: an output that rejects records will hold",
                  weir_kv_str("pipeline", pipeline->name), weir_kv_str("error", err.text));
    }
    return letters;
}

struct dead_letters *dead_letters_free(struct dead_letters *letters)
{
    if (!letters)
        return NULL;
    store_close(letters->store);
    weir_bytes_free(&letters->frame);
    weir_bytes_free(&letters->scratch);
    weir_bytes_free(&letters->note);
    free(letters->chosen);
    free(letters->without);
    pthread_mutex_destroy(&letters->lock);
    pthread_mutex_destroy(&letters->status_lock);
    free(letters);
    return NULL;
}

bool dead_letters_wanted(const struct dead_letters *letters)
{
    return letters->bytes_max > 0;
}

struct store *dead_letters_store(const struct dead_letters *letters)
{
    return atomic_load(&letters->store);
}

/* ---- parking ------------------------------------------------------------------------------------------ */

/* Room in the bitmaps. */
static int letters_prepare(struct dead_letters *letters, uint32_t records)
{
    const size_t words = bitmap_words(records);
    if (words <= letters->words)
        return 0;
    free(letters->chosen);
    free(letters->without);
    letters->chosen = calloc(words, sizeof(letters->chosen[0]));
    letters->without = calloc(words, sizeof(letters->without[0]));
    letters->words = letters->chosen && letters->without ? words : 0;
    return letters->words ? 0 : -ENOMEM;
}

static int add_member(struct weir_bytes *note, const char *name, struct weir_str text)
{
    int r = weir_bytes_add(note, name, strlen(name));
    return r < 0 ? r : weir_bytes_add_json(note, text);
}

static int add_moment(struct weir_bytes *note, const char *name, int64_t moment)
{
    int r = weir_bytes_add(note, name, strlen(name));
    if (r == 0)
        r = weir_bytes_add_time(note, moment);
    return r < 0 ? r : weir_bytes_add(note, "\"", 1);
}

/* What is kept beside the records, a line of JSON. */
static int letters_note(struct dead_letters *letters, unsigned output,
                        const struct rejection *rejection, int64_t first)
{
    struct weir_bytes *note = &letters->note;
    const struct weir_str answer = { rejection->answer, rejection->answer_len };
    char attempts[40];
    int len = snprintf(attempts, sizeof(attempts), ",\"attempts\":%u", rejection->attempts);
    note->len = 0;
    int r = add_member(note, "{\"output\":", weir_str_of(letters->readers[output]));
    if (r == 0)
        r = add_member(note, ",\"reason\":", WEIR_STR(DEAD_LETTER_REJECTED));
    if (r == 0)
        r = add_member(note, ",\"answer\":", answer);
    if (r == 0)
        r = weir_bytes_add(note, attempts, (size_t)len);
    if (r == 0)
        r = add_moment(note, ",\"first\":\"", first);
    if (r == 0)
        r = add_moment(note, ",\"last\":\"", rejection->last);
    return r < 0 ? r : weir_bytes_add(note, "}", 1);
}

/* The oldest segment goes. False when there is none that can. */
static bool letters_make_room(struct dead_letters *letters, struct store *store)
{
    struct store_lost lost = { 0 };
    if (store_make_room(store, true, &lost) <= 0)
        return false;
    uint64_t earlier = lost.records + lost.orphaned;
    for (unsigned i = 0; i < letters->pipeline->output_count; i++) {
        uint64_t gone = lost.of_reader[i];
        const uint64_t old = gone < letters->earlier[i] ? gone : letters->earlier[i];
        letters->earlier[i] -= old;
        gone -= old;
        earlier -= gone < earlier ? gone : earlier;
        if (gone)
            ledger_dead_letters_gone(&letters->pipeline->ledger, i, gone);
    }
    atomic_fetch_add(&letters->lost, earlier);
    metric_add(letters->lost_metric, (int64_t)earlier);
    msg_warn(letters->pipeline->env->messenger,
             "the dead letters are full: the oldest have made room",
             weir_kv_str("pipeline", letters->pipeline->name),
             weir_kv_int("records", (int64_t)(lost.records + lost.orphaned)),
             weir_kv_int("max_size", (int64_t)letters->bytes_max));
    return true;
}

/* The batch as freezing reads it: others use it at the same time, and only this part does not change. */
static struct batch frozen_view(const struct batch *batch, struct weir_str note)
{
    return (struct batch){ .pub = batch->pub,
                           .dropped = batch->dropped,
                           .dropped_count = batch->dropped_count,
                           .routed = batch->routed,
                           .masks = batch->masks,
                           .unrouted_count = batch->unrouted_count,
                           .observed = batch->observed,
                           .bytes = batch->bytes,
                           .note = note };
}

/* Appends one frame. STORE_FULL: it is larger than all of them may be. */
static int letters_append(struct dead_letters *letters, struct store *store, unsigned output,
                          const struct batch *batch)
{
    struct frame_head head = { 0 };
    const struct batch view =
        frozen_view(batch, (struct weir_str){ letters->note.data, letters->note.len });
    for (size_t i = 0; i < bitmap_words(batch->pub.count); i++)
        letters->without[i] = ~letters->chosen[i];
    int r = frozen_make(&view, letters->without, (uint64_t)1 << output,
                        (enum frame_codec)letters->pipeline->config->buffer.compression,
                        &letters->scratch, &letters->frame, &head);
    if (r == -EMSGSIZE)
        return STORE_FULL;
    if (r < 0)
        return r;
    do
        r = store_append(store, (uint8_t *)letters->frame.data, letters->frame.len, &head);
    while (r == STORE_FULL && letters_make_room(letters, store));
    return r;
}

/* Appends what is new and syncs it. */
static int letters_write(struct dead_letters *letters, struct store *store, unsigned output,
                         const struct batch *batch, struct rejections *rejections, int64_t first)
{
    uint32_t i = 0;
    int r = 0;
    for (; r >= 0 && i < rejections->count; i++) {
        struct rejection *rejection = &rejections->items[i];
        if (rejection->state != REJECTION_NEW)
            continue;
        if (rejections_bits(rejections, i, letters->chosen) == 0)
            continue;
        r = letters_note(letters, output, rejection, first);
        if (r == 0)
            r = letters_append(letters, store, output, batch);
        if (r == STORE_FULL)
            rejection->state = REJECTION_DROPPED;
    }
    const uint32_t appended = r < 0 ? i - 1 : i;
    int synced = store_sync(store);
    for (i = 0; synced == 0 && i < appended; i++)
        if (rejections->items[i].state == REJECTION_NEW)
            rejections->items[i].state = REJECTION_PARKED;
    return r < 0 ? r : synced;
}

static void bytes_shrink(struct weir_bytes *bytes)
{
    const size_t max = bytes->max;
    if (bytes->cap <= ROOM_KEPT)
        return;
    weir_bytes_free(bytes);
    *bytes = (struct weir_bytes){ .max = max };
}

/* Writes down that readers are gone, and deletes what only they held. Under the lock. */
static void letters_tidy(struct dead_letters *letters)
{
    struct store *store = letters->store;
    if (!store || !atomic_exchange(&letters->untidy, false))
        return;
    if (store_commit(store) < 0)
        atomic_store(&letters->untidy, true);
    (void)store_trim(store, clock_wall());
}

int dead_letters_drop(struct dead_letters *letters, const char *output)
{
    struct store *store = dead_letters_store(letters);
    int r = store ? store_drop_reader(store, output) : -ENOENT;
    if (r < 0)
        return r;
    atomic_store(&letters->untidy, true);
    if (pthread_mutex_trylock(&letters->lock) == 0) { /* else who parks does it */
        letters_tidy(letters);
        pthread_mutex_unlock(&letters->lock);
    }
    return 0;
}

int dead_letters_park(struct dead_letters *letters, unsigned output, const struct batch *batch,
                      struct rejections *rejections, int64_t first)
{
    struct weir_error err = { 0 };
    pthread_mutex_lock(&letters->lock);
    int r = letters_prepare(letters, batch->pub.count);
    if (r == 0 && !letters->store)
        r = letters_open(letters, &err);
    if (r == 0)
        r = letters_write(letters, letters->store, output, batch, rejections, first);
    letters_tidy(letters);
    bytes_shrink(&letters->frame);
    bytes_shrink(&letters->scratch);
    pthread_mutex_unlock(&letters->lock);
    letters_set_failing(letters, r == 0 ? NULL : err.text[0] ? err.text : strerror(-r));
    return r;
}

void dead_letters_status(struct dead_letters *letters, struct dead_letters_status *ret)
{
    *ret = (struct dead_letters_status){ .bytes_max = letters->bytes_max,
                                         .lost = atomic_load(&letters->lost) };
    struct store *store = dead_letters_store(letters);
    struct store_reader_info *readers =
        store ? calloc(STORE_READERS_MAX + STORE_ORPHANS_MAX, sizeof(*readers)) : NULL;
    size_t count =
        readers ? store_readers(store, readers, STORE_READERS_MAX + STORE_ORPHANS_MAX) : 0;
    for (size_t i = 0; i < count; i++)
        ret->records += readers[i].backlog.records;
    free(readers);
    ret->bytes = store ? store_bytes(store) : 0;
    pthread_mutex_lock(&letters->status_lock);
    ret->failing = letters->failing;
    memcpy(ret->reason, letters->reason, sizeof(ret->reason));
    pthread_mutex_unlock(&letters->status_lock);
}
