/* SPDX-License-Identifier: Apache-2.0 */
/* A model of what a store promises, against a disk that crashes and fails at random moments.
 *
 * The model has a list of the frames that were appended, and of each what each of four readers did with it. It holds
 * that, whatever happens to the disk:
 *   - a frame that was safe (a good sync, or it was there at an opening) is there until every reader has acked it,
 *     or it was given up by name and number;
 *   - what is read was appended: whole, under its sequence, for this reader; in order; each once between two openings,
 *     and not again once an ack of it was committed; nothing is passed over;
 *   - a cursor is never behind a committed one, and never in front of a frame that was not acked;
 *   - frames that a failed sync took out get the same sequences when they are appended again;
 *   - after a mere kill, with no call failing, nothing at all is lost;
 *   - the counts are right: backlogs, what is held, what making room has cost; and the bytes are within their bound;
 *   - when the disk is good again everything can be read, acked and trimmed to nothing.
 *
 * Then the same store runs on a disk that leaves out one step of the order of operations, and the model must notice:
 * a test that passes without a directory's sync would show nothing. */
#include "buffer/store.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "buffer/store_parts.h"
#include "support/check_main.h"
#include "support/disk_sim.h"
#include "support/sanitized.h"
#include "support/store_frame.h"

#define READERS 4
#define FRAMES_MAX 8000
#define FRAME_BYTES_MAX 100000
#define TRIED_MAX 64
#define SIZE_MAX_BYTES ((uint64_t)512 << 10)

enum answer { UNREAD, IN_FLIGHT, ACKED };

struct frame {
    uint64_t tag, sequence;
    uint32_t records, bytes;
    uint8_t mask; /* of readers by name */
    uint8_t answers[READERS];
    bool ever[READERS]; /* it was acked, or given up, some time */
    bool there, safe;   /* taken out by a failed sync: neither */
    bool gone;          /* given up while a reader had it, which may still answer */
};

struct model {
    uint64_t random, seed;
    struct disk *disk;
    struct store *store;
    bool clean; /* no call failed since the store was opened */
    struct frame *frames;
    uint32_t count;
    /* Appends that failed since the store was opened: the disk may have all of one. */
    struct frame tried[TRIED_MAX];
    uint32_t tried_count;
    uint32_t redo; /* frames from here on must be appended again, when it is less than `count` */
    uint64_t tag, now;
    uint8_t configured; /* readers by name */
    int bit[READERS];   /* of this configuration; -1: not in it */
    int name[READERS];  /* of each bit */
    uint32_t from[READERS];
    uint64_t committed[READERS]; /* a cursor that was committed */
    bool known[READERS];         /* it was configured once, and was not dropped since */
    struct weir_bytes buffers[READERS];
    int64_t retention;
    uint64_t crashes;
    char violation[200];
};

static const char *const names[READERS] = { "alpha", "beta", "gamma", "delta" };

static uint64_t below(struct model *model, uint64_t bound)
{
    return sim_random(&model->random) % bound;
}

#define VIOLATED(model, ...)                                                                       \
    do {                                                                                           \
        if (!(model)->violation[0])                                                                \
            snprintf((model)->violation, sizeof((model)->violation), __VA_ARGS__);                 \
    } while (0)

#define LLU(number) ((unsigned long long)(number))

static uint64_t end_of(const struct frame *frame)
{
    return frame->sequence + frame->records;
}

static uint64_t bits_of(const struct model *model, uint8_t mask)
{
    uint64_t bits = 0;
    for (int r = 0; r < READERS; r++)
        if (mask >> r & 1 && model->bit[r] >= 0)
            bits |= UINT64_C(1) << model->bit[r];
    return bits;
}

static bool waits(const struct model *model, const struct frame *frame, int r)
{
    return model->known[r] && frame->mask >> r & 1 && frame->answers[r] != ACKED;
}

static bool is_held(const struct model *model, const struct frame *frame)
{
    for (int r = 0; r < READERS; r++)
        if (waits(model, frame, r))
            return true;
    return false;
}

/* By a reader that is configured. */
static bool is_held_now(const struct model *model, const struct frame *frame)
{
    for (int r = 0; r < READERS; r++)
        if (model->bit[r] >= 0 && waits(model, frame, r))
            return true;
    return false;
}

static struct frame *find(struct model *model, uint64_t tag)
{
    uint32_t low = 0, high = model->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (model->frames[middle].tag < tag)
            low = middle + 1;
        else
            high = middle;
    }
    return low < model->count && model->frames[low].tag == tag ? &model->frames[low] : NULL;
}

/* ---- appending --------------------------------------------------------------------------------------- */

static void take_out(struct model *model)
{
    for (uint32_t i = model->count; i-- > 0 && !model->frames[i].safe;) {
        model->frames[i].there = false;
        memset(model->frames[i].answers, UNREAD, sizeof(model->frames[i].answers));
        model->redo = i;
    }
    for (int r = 0; r < READERS; r++)
        if (model->from[r] > model->redo)
            model->from[r] = model->redo;
    store_take_back(model->store);
}

static void sync_store(struct model *model)
{
    int r = store_sync(model->store);
    if (r < 0) {
        model->clean = false;
        take_out(model);
        return;
    }
    for (uint32_t i = model->count; i-- > 0 && !model->frames[i].safe;)
        model->frames[i].safe = model->frames[i].there;
    if (model->redo >= model->count && store_durable(model->store) != store_end(model->store))
        VIOLATED(model, "after a good sync not all is durable");
}

static void append_frame(struct model *model, struct frame *frame, bool again)
{
    uint64_t sequence = 0, end = store_end(model->store);
    int r = store_frame_append(model->store, frame->tag, frame->records, frame->bytes,
                               bits_of(model, frame->mask), &sequence);
    if (r < 0) {
        frame->sequence = again ? frame->sequence : end;
        model->tried[model->tried_count++ % TRIED_MAX] = *frame;
        model->clean = false;
        sync_store(model);
    }
    if (r != 0) {
        if (!again)
            model->count--;
        return;
    }
    if (again && sequence != frame->sequence)
        VIOLATED(model, "frame %llu was %llu, and is %llu when appended again", LLU(frame->tag),
                 LLU(frame->sequence), LLU(sequence));
    if (!again && model->count > 1 && sequence < end_of(frame - 1))
        VIOLATED(model, "sequence %llu was given before", LLU(sequence));
    frame->sequence = sequence;
    frame->there = true;
    model->redo += again;
}

/* Readers that have the frame from memory, as it happens when they have read all before it. */
static void note(struct model *model, struct frame *frame)
{
    for (int r = 0; r < READERS; r++) {
        bool level = true, acked = below(model, 2);
        for (struct frame *before = model->frames; before < frame; before++)
            level = level && !(waits(model, before, r) && before->answers[r] == UNREAD);
        bool mine = frame->mask >> r & 1;
        if (model->bit[r] < 0 || frame->answers[r] != UNREAD || !level || below(model, 3) == 0 ||
            (!mine && !acked))
            continue;
        store_note(model->store, (unsigned)model->bit[r], frame->sequence, end_of(frame), acked);
        if (mine) {
            frame->answers[r] = acked ? ACKED : IN_FLIGHT;
            frame->ever[r] |= acked;
        }
    }
}

static void append(struct model *model)
{
    if (model->redo < model->count) {
        append_frame(model, &model->frames[model->redo], true);
        return;
    }
    if (model->count == FRAMES_MAX)
        return;
    struct frame *frame = &model->frames[model->count++];
    *frame = (struct frame){
        .tag = ++model->tag,
        .records = 1 + (uint32_t)below(model, 5),
        .bytes = 8 + (uint32_t)below(model, below(model, 50) ? 2000 : FRAME_BYTES_MAX),
    };
    while (!frame->mask)
        frame->mask = model->configured & (uint8_t)below(model, 16);
    uint32_t before = model->redo = model->count;
    append_frame(model, frame, false);
    model->redo = model->redo < model->count ? model->redo : model->count;
    if (model->count == before && frame->there && below(model, 4) == 0)
        note(model, frame);
}

/* ---- reading ----------------------------------------------------------------------------------------- */

/* `r` has come to `sequence`: nothing that it waits for was passed over. */
static void check_passed(struct model *model, int r, uint64_t sequence)
{
    uint32_t i = model->from[r];
    for (; i < model->count && model->frames[i].safe && model->frames[i].sequence < sequence; i++)
        if (model->frames[i].there && waits(model, &model->frames[i], r) &&
            model->frames[i].answers[r] == UNREAD)
            VIOLATED(model, "%s was not given frame %llu at %llu", names[r],
                     LLU(model->frames[i].tag), LLU(model->frames[i].sequence));
    model->from[r] = i;
}

static void check_damaged(struct model *model, int r, const struct store_frame *got)
{
    for (uint32_t i = 0; i < model->count; i++) {
        const struct frame *frame = &model->frames[i];
        if (frame->there && end_of(frame) > got->head.sequence && frame->sequence < got->end)
            VIOLATED(model, "%s was told that %llu..%llu is damaged", names[r],
                     LLU(got->head.sequence), LLU(got->end));
    }
    bool last = store_ack(model->store, (unsigned)model->bit[r], got->head.sequence, got->end,
                          got->head.readers);
    (void)last;
}

static void read_one(struct model *model, int r)
{
    struct store_frame got;
    int answer = store_next(model->store, (unsigned)model->bit[r], &model->buffers[r], &got);
    if (answer < 0) {
        model->clean = false;
        if (!sim_has_failed(model->disk))
            VIOLATED(model, "reading failed: %s", strerror(-answer));
        return;
    }
    if (answer == 0) {
        check_passed(model, r, UINT64_MAX);
        if (!store_has_read_all(model->store, (unsigned)model->bit[r]))
            VIOLATED(model, "%s was given all and has not read all", names[r]);
        return;
    }
    if (got.damaged) {
        check_damaged(model, r, &got);
        return;
    }
    struct frame *frame = find(model, store_frame_tag(&got));
    if (!frame || !frame->there || !frame->safe || frame->sequence != got.head.sequence ||
        end_of(frame) != got.end || got.head.readers != bits_of(model, frame->mask)) {
        VIOLATED(model, "what was read at %llu was not appended", LLU(got.head.sequence));
        return;
    }
    check_passed(model, r, frame->sequence);
    if (!(frame->mask >> r & 1) || frame->answers[r] != UNREAD)
        VIOLATED(model, "frame %llu is not for %s, or was given before", LLU(frame->tag), names[r]);
    if (end_of(frame) <= model->committed[r])
        VIOLATED(model, "%s was given frame %llu again after a commit", names[r], LLU(frame->tag));
    frame->answers[r] = IN_FLIGHT;
}

static int pick_reader(struct model *model)
{
    int r;
    do
        r = (int)below(model, READERS);
    while (model->bit[r] < 0);
    return r;
}

static void read_some(struct model *model)
{
    read_one(model, pick_reader(model));
}

static void ack_frame(struct model *model, struct frame *frame, int r)
{
    bool last = true;
    frame->answers[r] = ACKED;
    frame->ever[r] = true;
    for (int i = 0; i < READERS; i++)
        if (model->bit[i] >= 0 && waits(model, frame, i))
            last = false;
    bool got = store_ack(model->store, (unsigned)model->bit[r], frame->sequence, end_of(frame),
                         bits_of(model, frame->mask));
    if (got != last)
        VIOLATED(model, "frame %llu is %sanswered by all", LLU(frame->tag), last ? "" : "not ");
}

static void ack_one(struct model *model)
{
    int r = pick_reader(model);
    uint32_t start = model->count ? (uint32_t)below(model, model->count) : 0;
    if (below(model, 4))
        start = 0; /* mostly the oldest */
    for (uint32_t i = start; i < model->count; i++) {
        if (model->frames[i].answers[r] == IN_FLIGHT &&
            (model->frames[i].there || model->frames[i].gone)) {
            ack_frame(model, &model->frames[i], r);
            return;
        }
    }
}

/* ---- keeping ------------------------------------------------------------------------------------------- */

static uint64_t cursor_of(const struct model *model, int r)
{
    struct store_reader_info infos[STORE_ALL_READERS];
    size_t count = store_readers(model->store, infos, STORE_ALL_READERS);
    for (size_t i = 0; i < count; i++)
        if (strcmp(infos[i].name, names[r]) == 0)
            return infos[i].cursor;
    return UINT64_MAX;
}

static void commit(struct model *model)
{
    if (store_commit(model->store) < 0) {
        model->clean = false;
        return;
    }
    for (int r = 0; r < READERS; r++)
        if (model->bit[r] >= 0) {
            uint64_t cursor = cursor_of(model, r), durable = store_durable(model->store);
            model->committed[r] =
                cursor < durable ? cursor : durable; /* what is not safe may come again */
        }
    if (store_is_dirty(model->store))
        VIOLATED(model, "dirty after a commit");
}

static void trim(struct model *model)
{
    model->now += below(model, 20);
    (void)store_trim(model->store, (int64_t)model->now);
}

static void make_room(struct model *model)
{
    struct store_lost lost = { 0 };
    uint64_t records = 0, orphaned = 0, of_reader[READERS] = { 0 };
    bool held = below(model, 2), any = false;
    if (store_make_room(model->store, held, &lost) == 0) {
        if (sim_has_failed(model->disk))
            sync_store(
                model); /* it closes the segment that is written to, and that may have failed */
        return;
    }
    for (uint32_t i = 0; i < model->count; i++) {
        struct frame *frame = &model->frames[i];
        if (!frame->there || end_of(frame) > lost.end)
            continue;
        if (!frame->safe)
            VIOLATED(model, "frame %llu was given up, and is not safe", LLU(frame->tag));
        frame->there = false;
        frame->gone = any = true;
        bool in_flight = false;
        for (int r = 0; r < READERS; r++)
            in_flight |= model->bit[r] >= 0 && frame->answers[r] == IN_FLIGHT;
        if (!in_flight) {
            bool now = is_held_now(model, frame);
            records += now ? frame->records : 0;
            orphaned += !now && is_held(model, frame) ? frame->records : 0;
        }
        for (int r = 0; r < READERS; r++) {
            if (in_flight && model->bit[r] >= 0 && frame->answers[r] == UNREAD &&
                waits(model, frame, r))
                VIOLATED(model, "frame %llu is in flight, and %s has not read it", LLU(frame->tag),
                         names[r]);
            if (frame->answers[r] == IN_FLIGHT && model->bit[r] >= 0)
                continue;
            of_reader[r] += waits(model, frame, r) ? frame->records : 0;
            frame->answers[r] = ACKED;
            frame->ever[r] = true;
        }
    }
    if (records + orphaned && !held)
        VIOLATED(model, "%llu records were given up unasked", LLU(records));
    if (sim_has_failed(model->disk) || !any)
        return; /* what could not be read is not counted by frames; a gap is not known here */
    if (orphaned != lost.orphaned)
        VIOLATED(model, "%llu records of orphans were given up, it says %llu", LLU(orphaned),
                 LLU(lost.orphaned));
    if (records != lost.records - lost.gone)
        VIOLATED(model, "%llu records were given up, it says %llu", LLU(records),
                 LLU(lost.records));
    for (int r = 0; r < READERS; r++)
        if (model->bit[r] >= 0 && (of_reader[r] > lost.of_reader[model->bit[r]] ||
                                   lost.of_reader[model->bit[r]] > of_reader[r] + lost.gone))
            VIOLATED(model, "%llu records of %s were given up, it says %llu", LLU(of_reader[r]),
                     names[r], LLU(lost.of_reader[model->bit[r]]));
}

static void drop_orphan(struct model *model)
{
    int r = (int)below(model, READERS);
    if (model->bit[r] >= 0 || below(model, 4))
        return;
    (void)store_drop_reader(model->store, names[r]);
    if (store_commit(model->store) < 0)
        model->clean = false;
    /* Not committed, it may be back after a crash: then it waits for what it had not acked. */
    else
        model->known[r] = false;
    for (uint32_t i = 0; i < model->count; i++) {
        model->frames[i].answers[r] = ACKED;
        model->frames[i].ever[r] = true;
    }
}

static void check_counts(struct model *model)
{
    uint64_t bytes = store_bytes(model->store);
    if (bytes > SIZE_MAX_BYTES + 2 * FRAME_BYTES_MAX)
        VIOLATED(model, "%llu bytes", LLU(bytes));
    for (int r = 0; r < READERS; r++) {
        uint64_t records = 0;
        struct store_backlog backlog;
        if (model->bit[r] < 0)
            continue;
        for (uint32_t i = 0; i < model->count; i++)
            if (model->frames[i].there && waits(model, &model->frames[i], r))
                records += model->frames[i].records;
        store_backlog(model->store, (unsigned)model->bit[r], &backlog);
        if (backlog.records != records)
            VIOLATED(model, "%s waits for %llu records, it says %llu", names[r], LLU(records),
                     LLU(backlog.records));
        if ((backlog.oldest_observed != 0) != (records != 0))
            VIOLATED(model, "%s waits since %lld", names[r], LLU(backlog.oldest_observed));
    }
}

static void fail_a_call(struct model *model)
{
    static const int errors[] = { ENOSPC, EIO, EDQUOT, EROFS };
    static const unsigned calls[] = {
        SIM_SYNC,     SIM_SYNC,   SIM_WRITE,    SIM_RESERVE, SIM_OPEN,
        SIM_SYNC_DIR, SIM_UNLINK, SIM_TRUNCATE, SIM_READ,    SIM_SIZE
    };
    unsigned call = calls[below(model, sizeof(calls) / sizeof(calls[0]))];
    /* What cannot be read three times counts as damaged: that is another test's. */
    bool on = below(model, 4) == 0 && call != SIM_READ;
    sim_fail(model->disk, call, below(model, 6), errors[below(model, 4)], on);
    model->clean = false;
}

static void mend(struct model *model)
{
    sim_fail(model->disk, 0, 0, 0, false);
}

/* ---- opening ----------------------------------------------------------------------------------------- */

static bool open_store(struct model *model, struct store_found *found)
{
    const char *readers[READERS];
    unsigned count = 0;
    struct weir_error err = { 0 };
    for (int r = 0; r < READERS; r++)
        model->bit[r] = -1;
    /* In any order: bits mean another reader in each run. */
    for (int i = 0, first = (int)below(model, READERS); i < READERS; i++) {
        int r = (first + i) % READERS;
        if (!(model->configured >> r & 1))
            continue;
        model->bit[r] = (int)count;
        model->name[count] = r;
        readers[count++] = names[r];
    }
    const struct store_options options = { .disk = model->disk,
                                           .data_dir = "data",
                                           .name = "p",
                                           .kind = STORE_BUFFER,
                                           .readers = readers,
                                           .reader_count = count,
                                           .size_max = SIZE_MAX_BYTES,
                                           .segment_bytes = STORE_SEGMENT_BYTES_MIN,
                                           .retention = model->retention };
    int r = store_open(&options, &model->store, found, &err);
    if (r < 0) {
        model->store = NULL;
        if (!sim_has_failed(model->disk))
            VIOLATED(model, "open: %.100s", err.text);
    }
    return r == 0;
}

/* A frame whose append failed, and which is there all the same: it becomes one of the list, at `at` or behind. */
static const struct frame *take_tried(struct model *model, uint64_t tag, uint32_t at)
{
    for (uint32_t i = 0; i < TRIED_MAX; i++) {
        if (model->tried[i].tag != tag || model->count == FRAMES_MAX)
            continue;
        while (at < model->count && model->frames[at].tag < tag)
            at++;
        memmove(&model->frames[at + 1], &model->frames[at],
                (model->count - at) * sizeof(model->frames[0]));
        model->frames[at] = model->tried[i];
        model->count++;
        return &model->frames[at];
    }
    return NULL;
}

static bool is_behind_all(const struct model *model, uint64_t end)
{
    struct store_reader_info infos[STORE_ALL_READERS];
    size_t count = store_readers(model->store, infos, STORE_ALL_READERS);
    for (size_t i = 0; i < count; i++)
        if (infos[i].cursor < end)
            return false;
    return true;
}

/* Sees what is there by walking over it. `all`: everything that was there must be. */
static void check_frames(struct model *model, bool all)
{
    struct store_walk *walk = store_walk_new(model->store, 0);
    struct store_frame got;
    uint32_t kept = 0, i = 0;
    int r;
    while ((r = store_walk_next(walk, &got)) == 1) {
        uint64_t tag = got.damaged ? 0 : store_frame_tag(&got);
        if (got.damaged)
            continue;
        const struct frame *found = find(model, tag);
        if (!found)
            found = take_tried(model, tag, i);
        if (!found && tag && is_behind_all(model, got.end))
            continue; /* it was deleted, and the power cut took that back: it goes again */
        if (!found || found->sequence != got.head.sequence) {
            VIOLATED(model, "what is there at %llu was not appended", LLU(got.head.sequence));
            break;
        }
        for (; i < model->count && model->frames[i].tag <= tag; i++) {
            struct frame *frame = &model->frames[i];
            if (frame->tag == tag) {
                frame->there = frame->safe = true;
                frame->gone = false;
                continue;
            }
            if (is_held(model, frame) && !frame->gone && (frame->safe || (all && frame->there)))
                VIOLATED(model, "frame %llu at %llu is lost", LLU(frame->tag),
                         LLU(frame->sequence));
            frame->there = false;
        }
    }
    if (r < 0)
        VIOLATED(model, "walking failed: %s", strerror(-r));
    for (; i < model->count; i++) {
        struct frame *frame = &model->frames[i];
        if (is_held(model, frame) && !frame->gone && (frame->safe || (all && frame->there)))
            VIOLATED(model, "frame %llu at %llu is lost from the end", LLU(frame->tag),
                     LLU(frame->sequence));
        frame->there = false;
    }
    store_walk_free(walk);
    for (i = 0; i < model->count; i++)
        if (model->frames[i].there)
            model->frames[kept++] = model->frames[i];
    model->count = model->redo = kept;
    memset(model->tried, 0, sizeof(model->tried));
}

static void check_cursors(struct model *model)
{
    for (int r = 0; r < READERS; r++) {
        uint64_t cursor = cursor_of(model, r);
        model->from[r] = 0;
        if (cursor == UINT64_MAX) { /* an orphan that waits for nothing, or was dropped */
            for (uint32_t i = 0; i < model->count; i++) {
                if (model->known[r] && model->frames[i].mask >> r & 1 && !model->frames[i].ever[r])
                    VIOLATED(model, "%s is forgotten, and waits for frame %llu", names[r],
                             LLU(model->frames[i].tag));
                model->frames[i].answers[r] = ACKED;
            }
            continue;
        }
        if (model->known[r] && model->bit[r] >= 0 && cursor < model->committed[r])
            VIOLATED(model, "%s is at %llu, and was committed at %llu", names[r], LLU(cursor),
                     LLU(model->committed[r]));
        for (uint32_t i = 0; i < model->count; i++) {
            struct frame *frame = &model->frames[i];
            bool acked = end_of(frame) <= cursor;
            if (acked && frame->mask >> r & 1 && !frame->ever[r] && model->known[r])
                VIOLATED(model, "%s is at %llu, and has not acked frame %llu", names[r],
                         LLU(cursor), LLU(frame->tag));
            frame->answers[r] = acked ? ACKED : UNREAD;
        }
        if (model->bit[r] >= 0)
            model->known[r] = true;
    }
}

static void check_opened(struct model *model, const struct store_found *found, bool all,
                         bool failed)
{
    uint64_t held = 0, orphaned = 0;
    /* Before cursors go back to what was committed: what everyone had acked may be gone. */
    check_frames(model, all);
    check_cursors(model);
    for (uint32_t i = 0; i < model->count; i++)
        if (is_held_now(model, &model->frames[i]))
            held += model->frames[i].records;
        else if (is_held(model, &model->frames[i]))
            orphaned += model->frames[i].records;
    /* Where a call failed, what is held may have been counted by segments. */
    if (!failed && found->orphaned != orphaned)
        VIOLATED(model, "%llu records of orphans are held, it says %llu", LLU(orphaned),
                 LLU(found->orphaned));
    if (!failed && found->records != held)
        VIOLATED(model, "%llu records are held, it says %llu", LLU(held), LLU(found->records));
    if (found->cursors_lost)
        VIOLATED(model, "the cursors are lost");
    model->clean = true;
}

/* Recovery may fail, or be cut off in its middle, some times over. */
static void come_back(struct model *model, bool all, bool again)
{
    struct store_found found;
    while (!model->violation[0]) {
        if (again && below(model, 4) == 0)
            fail_a_call(model);
        bool open = open_store(model, &found);
        bool failed = sim_has_failed(model->disk);
        mend(model);
        if (open && !(again && below(model, 4) == 0)) {
            check_opened(model, &found, all, failed);
            return;
        }
        if (open)
            store_free(model->store);
        model->store = NULL;
        if (all || below(model, 2))
            sim_kill(model->disk);
        else
            sim_cut(model->disk);
        model->crashes++;
    }
}

static void power_cut(struct model *model)
{
    store_free(model->store);
    sim_cut(model->disk);
    mend(model);
    model->crashes++;
    come_back(model, false, true);
}

static void kill_store(struct model *model)
{
    bool all = model->clean;
    store_free(model->store);
    sim_kill(model->disk);
    mend(model);
    model->crashes++;
    come_back(model, all, !all);
}

/* A clean stop, and a start with other readers. */
static void restart(struct model *model)
{
    if (below(model, 2))
        mend(model);
    bool all = model->clean && model->redo == model->count;
    store_close(model->store);
    mend(model);
    sim_kill(model->disk);
    do
        model->configured = (uint8_t)below(model, 16);
    while (!model->configured);
    come_back(model, all, !all);
}

static void step(struct model *model)
{
    static const struct {
        unsigned weight;
        void (*run)(struct model *model);
    } steps[] = { { 260, append },     { 40, sync_store }, { 260, read_some },   { 260, ack_one },
                  { 12, commit },      { 12, trim },       { 4, make_room },     { 4, drop_orphan },
                  { 10, fail_a_call }, { 20, mend },       { 20, check_counts }, { 3, restart },
                  { 3, kill_store },   { 4, power_cut } };
    uint64_t pick = below(model, 912);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (pick < steps[i].weight) {
            steps[i].run(model);
            return;
        }
        pick -= steps[i].weight;
    }
}

/* The disk is good: everything goes through, and nothing is left. */
static void drain(struct model *model)
{
    mend(model);
    for (int tries = 0; tries < 4 && model->redo < model->count; tries++)
        append(model);
    for (int r = 0; r < READERS && !model->violation[0]; r++) {
        if (model->bit[r] < 0) {
            (void)store_drop_reader(model->store, names[r]);
            continue;
        }
        for (uint32_t i = 0; i < 2 * FRAMES_MAX; i++) {
            if (store_has_read_all(model->store, (unsigned)model->bit[r]))
                break;
            read_one(model, r);
        }
        if (!store_has_read_all(model->store, (unsigned)model->bit[r]))
            VIOLATED(model, "%s does not come to the end", names[r]);
        for (uint32_t i = 0; i < model->count; i++)
            if (model->frames[i].answers[r] == IN_FLIGHT)
                ack_frame(model, &model->frames[i], r);
    }
    (void)store_trim(model->store, INT64_MAX / 2);
    if (!model->violation[0] &&
        store_bytes(model->store) > STORE_SEGMENT_BYTES_MIN + 2 * FRAME_BYTES_MAX)
        VIOLATED(model, "%llu bytes are left of nothing", LLU(store_bytes(model->store)));
}

static void run_model(struct model *model, uint64_t seed, const struct disk_calls *calls,
                      uint32_t steps)
{
    struct store_found found;
    *model = (struct model){ .random = seed, .seed = seed, .disk = sim_new(seed), .now = 1 };
    if (calls)
        model->disk->calls = calls;
    model->frames = calloc(FRAMES_MAX, sizeof(model->frames[0]));
    ck_assert_ptr_nonnull(model->frames);
    for (int r = 0; r < READERS; r++)
        model->buffers[r].max = 1 << 20;
    sim_set_file(model->disk, "data/x", "", 0);
    sim_set_short(model->disk, below(model, 2));
    model->retention = below(model, 2) ? 100 : 0;
    model->configured = 3;
    if (open_store(model, &found))
        check_opened(model, &found, true, false);
    for (uint32_t i = 0; i < steps && !model->violation[0]; i++)
        step(model);
    if (!model->violation[0])
        drain(model);
    if (model->store)
        store_close(model->store);
    if (!model->violation[0] && sim_open_files(model->disk) != 0)
        VIOLATED(model, "%d files left open", sim_open_files(model->disk));
    for (int r = 0; r < READERS; r++)
        weir_bytes_free(&model->buffers[r]);
    free(model->frames);
    model->disk = sim_free(model->disk);
}

/* ---- mutants ------------------------------------------------------------------------------------------- */

/* What is left out, done by a disk that does not do as it is told. */
enum mutant {
    NO_SYNC_OF_DIRECTORIES,
    ACK_BEFORE_SYNC,        /* a sync answers at once */
    FAILED_SYNC_IS_RETRIED, /* and the second answer believed */
    DELETE_BEFORE_CURSOR,   /* the state's sync answers at once */
    ONE_SLOT,               /* of the state */
    MUTANTS
};

static struct {
    enum mutant mutant;
    const struct disk_calls *honest;
    struct disk_calls calls;
    int state_fd;
} mutation;

static int mutant_open(struct disk *disk, int dir, const char *name, unsigned flags)
{
    int fd = mutation.honest->open(disk, dir, name, flags);
    if (strcmp(name, "state") == 0)
        mutation.state_fd = fd;
    else if (fd == mutation.state_fd)
        mutation.state_fd = -1;
    return fd;
}

static int mutant_sync(struct disk *disk, int fd)
{
    if (mutation.mutant == ACK_BEFORE_SYNC && fd != mutation.state_fd)
        return 0;
    if (mutation.mutant == DELETE_BEFORE_CURSOR && fd == mutation.state_fd)
        return 0;
    int r = mutation.honest->sync(disk, fd);
    if (r < 0 && mutation.mutant == FAILED_SYNC_IS_RETRIED)
        r = mutation.honest->sync(disk, fd);
    return r;
}

static int mutant_sync_dir(struct disk *disk, int dir)
{
    return mutation.mutant == NO_SYNC_OF_DIRECTORIES ? 0 : mutation.honest->sync_dir(disk, dir);
}

static ssize_t mutant_write(struct disk *disk, int fd, const void *data, size_t len,
                            uint64_t offset)
{
    if (mutation.mutant == ONE_SLOT && fd == mutation.state_fd)
        offset %= STORE_STATE_BYTES / 2;
    return mutation.honest->write(disk, fd, data, len, offset);
}

static void make_mutant(enum mutant mutant)
{
    struct disk *disk = sim_new(1);
    mutation.honest = disk->calls;
    mutation.calls = *disk->calls;
    mutation.calls.open = mutant_open;
    mutation.calls.sync = mutant_sync;
    mutation.calls.sync_dir = mutant_sync_dir;
    mutation.calls.write = mutant_write;
    mutation.mutant = mutant;
    mutation.state_fd = -1;
    sim_free(disk);
}

/* ---- tests ------------------------------------------------------------------------------------------- */

#define SEEDS (TEST_SANITIZED ? 100 : 800)
#define STEPS 2500
#define LONG 10 /* times, when WEIR_TEST_LONG is set */

START_TEST(spl_01_spl_02_spl_18_spl_22_crashes_keep_the_promise)
{
    static struct model model;
    uint64_t crashes = 0, seeds = SEEDS * (getenv("WEIR_TEST_LONG") ? LONG : 1);
    uint64_t first = getenv("WEIR_TEST_SEED") ? strtoull(getenv("WEIR_TEST_SEED"), NULL, 10) : 1;
    int64_t begin = clock_monotonic();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        run_model(&model, seed, NULL, STEPS);
        ck_assert_msg(!model.violation[0], "seed %llu: %s", LLU(seed), model.violation);
        crashes += model.crashes;
    }
    printf("%llu steps, %llu crashes, 0 violations, seeds %llu.., %.1f s\n", LLU(seeds * STEPS),
           LLU(crashes), LLU(first), (double)(clock_monotonic() - begin) / 1e9);
}
END_TEST

START_TEST(the_model_notices_what_is_left_out)
{
    static struct model model;
    uint64_t seed = 0;
    make_mutant((enum mutant)_i);
    do
        run_model(&model, ++seed, &mutation.calls, STEPS);
    while (!model.violation[0] && seed < SEEDS);
    ck_assert_msg(model.violation[0], "mutant %d was not noticed", _i);
    printf("mutant %d noticed with seed %llu: %s\n", _i, LLU(seed), model.violation);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("store_model");
    tcase_set_timeout(tc, 110 * (getenv("WEIR_TEST_LONG") ? LONG : 1));
    tcase_add_test(tc, spl_01_spl_02_spl_18_spl_22_crashes_keep_the_promise);
    tcase_add_loop_test(tc, the_model_notices_what_is_left_out, 0, MUTANTS);
    Suite *suite = suite_create("buffer/store_model");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
