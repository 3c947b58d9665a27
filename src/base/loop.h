/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_LOOP_H
#define WEIR_BASE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* One thread's event loop: descriptors, timers, and a wake-up from other threads. See loop.c. */
struct loop;
struct event_base;

typedef void loop_call_f(void *arg);

struct loop *loop_new(void); /* NULL when memory or descriptors are short */
struct loop *loop_free(struct loop *loop);
struct event_base *loop_base(struct loop *loop);

/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop); /* from a callback of this loop */

/* `call(arg)` runs on the loop's thread after one or more loop_wake(). */
void loop_on_wake(struct loop *loop, loop_call_f *call, void *arg);
/* Makes the loop call its on_wake function soon. Calls before that happens are one. @thread any. */
void loop_wake(struct loop *loop);

/* LOOP_MODERATED: under load, look at intervals of some milliseconds instead of at every event. */
enum loop_events { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_MODERATED = 4 };

struct loop_watch;
/* Level-triggered. NULL with errno set when the descriptor cannot be watched. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned events, loop_call_f *call,
                                  void *arg);
/* NULL is fine; returns NULL. Its own callback may call it. */
struct loop_watch *loop_watch_free(struct loop_watch *watch);

struct loop_timer;
struct loop_timer *loop_timer_new(struct loop *loop, loop_call_f *call, void *arg);
/* Once, `ms` from now; 0: after the events that are ready now have had their turn. Replaces. */
void loop_timer_set(struct loop_timer *timer, int64_t ms);
void loop_timer_cancel(struct loop_timer *timer);
bool loop_timer_is_set(const struct loop_timer *timer);
struct loop_timer *loop_timer_free(struct loop_timer *timer);

#endif
