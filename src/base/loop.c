/* SPDX-License-Identifier: Apache-2.0 */
/* One libevent base a thread, with what weir needs on top of it.
 *
 * Waking. Another thread sets a flag and, if it was clear, writes to an eventfd: a loop that is already
 * due to wake costs its wakers one atomic operation, and a busy loop one system call a round at most.
 *
 * Moderation. A line a second must be read the moment it is there; ten thousand single lines a second
 * must not cost ten thousand wake-ups in every stage of the pipeline. So a moderated watch counts how
 * closely its events follow each other: when MODERATE_AFTER of them came less than MODERATE_GAP_NS
 * apart, it looks away for MODERATE_MS after each, and goes back to looking at once as soon as it finds
 * nothing to do when it looks again. Network cards moderate their interrupts the same way. */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

#define MODERATE_AFTER 16
#define MODERATE_GAP_NS 1000000
#define MODERATE_MS 5

/* So many timers can wait at a time without asking for memory, more than any loop of the agent has: one that
 * could not be set would be a stage that stands still. */
#define TIMERS_RESERVED 64

struct loop {
    struct event_base *base;
    struct event *wake_event;
    int wake_fd;
    atomic_bool woken;
    loop_call_f *on_wake;
    void *on_wake_arg;
};

struct loop_watch {
    struct event *event, *look_again;
    loop_call_f *call;
    void *arg;
    int64_t looked;       /* when the last event had been handled, or looking began again */
    unsigned close_count; /* events in a row that came within MODERATE_GAP_NS */
    bool running, dead;   /* inside of `call`; freed from inside of it */
};

struct loop_timer {
    struct event *event;
    loop_call_f *call;
    void *arg;
};

static void wake_ready(evutil_socket_t fd, short what, void *arg)
{
    struct loop *loop = arg;
    uint64_t count;
    (void)what;
    if (read(fd, &count, sizeof(count)) < 0)
        assert(errno == EAGAIN || errno == EINTR);
    atomic_store(&loop->woken, false); /* before the call: what comes after it wakes again */
    if (loop->on_wake)
        loop->on_wake(loop->on_wake_arg);
}

/* What the library would print on stderr is answered to our callers anyway, who know what it means. */
static void say_nothing(int severity, const char *text)
{
    (void)severity;
    (void)text;
}

static void never(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

/* Has the library make room for TIMERS_RESERVED timers: it keeps what it once had. */
static bool reserve_timers(struct event_base *base)
{
    const struct timeval far = { .tv_sec = 3600 };
    struct event *timers[TIMERS_RESERVED] = { NULL };
    bool done = true;
    for (size_t i = 0; done && i < TIMERS_RESERVED; i++) {
        timers[i] = evtimer_new(base, never, NULL);
        done = timers[i] && event_add(timers[i], &far) == 0;
    }
    for (size_t i = 0; i < TIMERS_RESERVED && timers[i]; i++)
        event_free(timers[i]);
    return done;
}

/* Where the library cannot have its socket pair it ends the process, without a word: see to it first that
 * there are descriptors for one. */
static bool descriptors_are_left(void)
{
    int fds[3], count = 0;
    while (count < 3 && (fds[count] = eventfd(0, EFD_CLOEXEC)) >= 0)
        count++;
    const int error = errno;
    for (int i = 0; i < count; i++)
        close(fds[i]);
    errno = error;
    return count == 3;
}

struct loop *loop_new(void)
{
    event_set_log_callback(say_nothing);
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return NULL;
    loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    struct event_config *config = descriptors_are_left() ? event_config_new() : NULL;
    if (config) {
        /* Each loop is touched by its own thread only; others use the eventfd. */
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
        loop->base = event_base_new_with_config(config);
        event_config_free(config);
    }
    if (loop->base && loop->wake_fd >= 0 && reserve_timers(loop->base))
        loop->wake_event =
            event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, wake_ready, loop);
    if (!loop->wake_event || event_add(loop->wake_event, NULL) < 0)
        return loop_free(loop);
    return loop;
}

struct loop *loop_free(struct loop *loop)
{
    if (!loop)
        return NULL;
    if (loop->wake_event)
        event_free(loop->wake_event);
    if (loop->base)
        event_base_free(loop->base);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    free(loop);
    return NULL;
}

struct event_base *loop_base(struct loop *loop)
{
    return loop->base;
}

void loop_run(struct loop *loop)
{
    event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY);
}

void loop_stop(struct loop *loop)
{
    event_base_loopbreak(loop->base);
}

void loop_on_wake(struct loop *loop, loop_call_f *call, void *arg)
{
    loop->on_wake = call;
    loop->on_wake_arg = arg;
}

void loop_wake(struct loop *loop)
{
    if (atomic_exchange(&loop->woken, true))
        return;
    uint64_t one = 1;
    ssize_t n;
    do
        n = write(loop->wake_fd, &one, sizeof(one));
    while (n < 0 && errno == EINTR);
    assert(n == sizeof(one) ||
           errno == EAGAIN); /* EAGAIN: the counter is full, so it is readable */
}

static void watch_moderate(struct loop_watch *watch, int64_t started)
{
    if (started - watch->looked < MODERATE_GAP_NS)
        watch->close_count += watch->close_count < MODERATE_AFTER;
    else
        watch->close_count = 0;
    if (watch->close_count == MODERATE_AFTER) {
        struct timeval pause = { .tv_usec = MODERATE_MS * 1000 };
        event_del(watch->event);
        event_add(watch->look_again, &pause);
    }
    watch->looked = clock_monotonic();
}

static void watch_ready(evutil_socket_t fd, short what, void *arg)
{
    struct loop_watch *watch = arg;
    (void)fd;
    (void)what;
    int64_t started = watch->look_again ? clock_monotonic() : 0;
    watch->running = true;
    watch->call(watch->arg);
    watch->running = false;
    if (watch->dead)
        loop_watch_free(watch);
    else if (watch->look_again)
        watch_moderate(watch, started);
}

static void watch_look_again(evutil_socket_t fd, short what, void *arg)
{
    struct loop_watch *watch = arg;
    (void)fd;
    (void)what;
    watch->looked = clock_monotonic();
    if (event_add(watch->event, NULL) < 0) { /* the kernel's memory is short */
        struct timeval pause = { .tv_usec = MODERATE_MS * 1000 };
        event_add(watch->look_again, &pause);
    }
}

struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned events, loop_call_f *call,
                                  void *arg)
{
    struct loop_watch *watch = calloc(1, sizeof(*watch));
    if (!watch)
        return NULL;
    watch->call = call;
    watch->arg = arg;
    short what = EV_PERSIST;
    what |= events & LOOP_READ ? EV_READ : 0;
    what |= events & LOOP_WRITE ? EV_WRITE : 0;
    watch->event = event_new(loop->base, fd, what, watch_ready, watch);
    if (events & LOOP_MODERATED)
        watch->look_again = evtimer_new(loop->base, watch_look_again, watch);
    if (!watch->event || ((events & LOOP_MODERATED) && !watch->look_again) ||
        event_add(watch->event, NULL) < 0) {
        int saved = errno;
        loop_watch_free(watch);
        errno = saved ? saved : ENOMEM;
        return NULL;
    }
    return watch;
}

struct loop_watch *loop_watch_free(struct loop_watch *watch)
{
    if (!watch)
        return NULL;
    if (watch->event)
        event_free(watch->event);
    if (watch->look_again)
        event_free(watch->look_again);
    watch->event = watch->look_again = NULL;
    watch->dead = watch->running; /* then watch_ready() frees it when the callback returns */
    if (!watch->running)
        free(watch);
    return NULL;
}

static void timer_ready(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *timer = arg;
    (void)fd;
    (void)what;
    timer->call(timer->arg);
}

struct loop_timer *loop_timer_new(struct loop *loop, loop_call_f *call, void *arg)
{
    struct loop_timer *timer = calloc(1, sizeof(*timer));
    if (!timer)
        return NULL;
    timer->call = call;
    timer->arg = arg;
    timer->event = evtimer_new(loop->base, timer_ready, timer);
    return timer->event ? timer : loop_timer_free(timer);
}

void loop_timer_set(struct loop_timer *timer, int64_t ms)
{
    struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
    event_add(timer->event, &after);
}

void loop_timer_cancel(struct loop_timer *timer)
{
    event_del(timer->event);
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
    return evtimer_pending(timer->event, NULL);
}

struct loop_timer *loop_timer_free(struct loop_timer *timer)
{
    if (!timer)
        return NULL;
    if (timer->event)
        event_free(timer->event);
    free(timer);
    return NULL;
}
