/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting, and letting go.
 *
 * A file that was renamed or deleted may still be written to: programs keep their descriptor until they are
 * told to reopen. So it is held, and read, until nothing has come for rotate_wait. Then its last line is
 * emitted even without a newline, and when all of it is acked, it is forgotten, unless a pattern matches
 * its new name: then it stays, as any idle file.
 *
 * While outputs are slow, deleted files with unread content pile up, and keep their space on the disk. That
 * has a bound, held_bytes, beyond which the oldest is let go and what it held is counted as lost. */
#include "hold.h"

#include <sys/stat.h>

#include "file.h"
#include "orphan.h"

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 60000
#define SUSPECT_MS 2000

static void wait_until(struct tail *tail, struct tail_file *file, weir_ms due)
{
    file->due = due;
    if (!tail_list_has(&file->waiting))
        tail_list_append(&tail->waiting, &file->waiting);
    if (tail->stopped || (tail->alarm_at && tail->alarm_at <= due))
        return;
    const weir_ms now = weir_now(tail->host);
    tail->alarm_at = due;
    weir_timer_set(tail->alarm, due > now ? due - now : 0);
}

static void wait_for(struct tail *tail, struct tail_file *file, weir_ms after)
{
    wait_until(tail, file, weir_now(tail->host) + after);
}

void tail_hold_rotated(struct tail *tail, struct tail_file *file)
{
    if (!file->rotated)
        weir_counter_add(tail->counters.rotated, 1);
    file->rotated = true;
    if (!file->suspended)
        wait_for(tail, file, tail->rotate_wait);
}

void tail_hold_returned(struct tail *tail, struct tail_file *file)
{
    file->rotated = false;
    if (file->suspended)
        return;
    tail_list_remove(&file->waiting);
    tail_hold_idle(tail, file);
}

void tail_hold_idle(struct tail *tail, struct tail_file *file)
{
    if (file->rotated)
        wait_for(tail, file, file->finished ? 0 : tail->rotate_wait);
    else if (tail->partial_timeout > 0 && file->size > file->position && !file->finished)
        wait_for(tail, file, tail->partial_timeout);
}

void tail_hold_suspended(struct tail *tail, struct tail_file *file)
{
    tail_list_remove(&file->ready);
    file->suspended = true;
    file->backoff = file->backoff ? file->backoff * 2 : BACKOFF_MIN_MS;
    if (file->backoff > BACKOFF_MAX_MS)
        file->backoff = BACKOFF_MAX_MS;
    wait_for(tail, file, file->backoff);
}

void tail_hold_suspect(struct tail *tail, struct tail_file *file)
{
    tail_list_remove(&file->ready);
    file->suspended = true;
    wait_for(tail, file, SUSPECT_MS);
}

/* ---- letting go ----------------------------------------------------------------------------------------- */

static void let_go(struct tail *tail, struct tail_file *file)
{
    tail_list_remove(&file->waiting);
    if (file->named) {
        file->rotated = false;
        return;
    }
    if (!file->abandoned && tail_orphan_keep(tail, file))
        return;
    file->leaving = true;
    if (!tail_file_is_busy(tail, file))
        tail_file_forget(tail, file);
}

void tail_hold_abandon(struct tail *tail, struct tail_file *file, const char *reason)
{
    char room[PATH_MAX];
    if (file->lag) {
        weir_warn(tail->host, "a file is gone that was not read to its end",
                  weir_kv_str("path", tail_file_path(file, room)), weir_kv_str("reason", reason),
                  weir_kv_int("lost_bytes", (int64_t)file->lag));
        weir_input_lost(tail->host, reason, 0, file->lag);
    }
    file->abandoned = true;
    tail_file_set_lag(tail, file, file->position);
    tail_list_remove(&file->ready);
    tail_file_close(tail, file);
    let_go(tail, file);
}

void tail_hold_acked(struct tail *tail, struct tail_file *file)
{
    if (tail_file_is_busy(tail, file))
        return;
    if (file->leaving)
        tail_file_forget(tail, file);
    else if (file->fd < 0)
        tail_file_close_stream(file);
}

static void on_due(struct tail *tail, struct tail_file *file)
{
    struct stat st;
    if (file->suspended) {
        tail_list_remove(&file->waiting);
        file->suspended = false;
        if (file->rotated)
            wait_for(tail, file, tail->rotate_wait);
        tail_file_poke(tail, file);
        return;
    }
    const bool grown =
        file->fd >= 0 && fstat(file->fd, &st) == 0 && (uint64_t)st.st_size != file->size;
    if (grown || tail_list_has(&file->ready)) {
        wait_for(tail, file, tail->rotate_wait);
        tail_file_poke(tail, file);
        return;
    }
    if (!file->finished && !file->refused && file->size > file->position) {
        file->finish = true;
        wait_for(tail, file, tail->rotate_wait);
        tail_file_poke(tail, file);
        return;
    }
    let_go(tail, file);
}

void tail_hold_alarm(struct tail *tail)
{
    const weir_ms now = weir_now(tail->host);
    weir_ms next = 0;
    tail->alarm_at = 0;
    for (struct tail_list *at = tail->waiting.next, *after; at != &tail->waiting; at = after) {
        struct tail_file *file = tail_of(at, struct tail_file, waiting);
        after = at->next;
        if (file->due <= now)
            on_due(tail, file);
        else if (!next || file->due < next)
            next = file->due;
    }
    if (next && (!tail->alarm_at || next < tail->alarm_at)) {
        tail->alarm_at = next;
        weir_timer_set(tail->alarm, next - now);
    }
}

void tail_hold_limit(struct tail *tail)
{
    uint64_t held = 0;
    for (struct tail_list *at = tail->files.next; at != &tail->files; at = at->next) {
        struct tail_file *file = tail_of(at, struct tail_file, all);
        struct stat st;
        if (!file->deleted || file->fd < 0 || fstat(file->fd, &st) < 0)
            continue;
        tail_file_set_lag(tail, file, (uint64_t)st.st_size);
        held += file->lag;
    }
    for (struct tail_list *at = tail->files.next, *next;
         at != &tail->files && held > tail->held_bytes; at = next) {
        struct tail_file *file = tail_of(at, struct tail_file, all);
        next = at->next;
        if (!file->deleted || !file->lag)
            continue;
        held -= file->lag;
        tail_hold_abandon(tail, file, "held_bytes");
        next = tail->files.next; /* others may have gone with it */
    }
}

void tail_hold_stop(struct tail *tail)
{
    for (struct tail_list *at = tail->files.next; at != &tail->files; at = at->next) {
        const struct tail_file *file = tail_of(at, struct tail_file, all);
        char room[PATH_MAX];
        if (!file->deleted || !file->lag)
            continue;
        weir_warn(tail->host, "stops with a deleted file that was not read to its end",
                  weir_kv_str("path", tail_file_path(file, room)),
                  weir_kv_int("lost_bytes", (int64_t)file->lag));
        weir_input_lost(tail->host, "stopped", 0, file->lag);
    }
}
