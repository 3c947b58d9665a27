/* SPDX-License-Identifier: Apache-2.0 */
/* Threads are few, named and owned: one a plugin instance or stage. Their stacks are small because
 * what they run is flat; a megabyte each would show in the limits of a container long before it was
 * used. */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define STACK_BYTES ((size_t)512 * 1024)

struct start {
    thread_run_f *run;
    void *arg;
    char name[16];
};

static void *thread_main(void *arg)
{
    struct start start = *(struct start *)arg;
    free(arg);
    pthread_setname_np(pthread_self(), start.name);
    start.run(start.arg);
    return NULL;
}

int thread_start(pthread_t *ret_thread, const char *name, thread_run_f *run, void *arg)
{
    struct start *start = malloc(sizeof(*start));
    if (!start)
        return -ENOMEM;
    *start = (struct start){ run, arg, "" };
    snprintf(start->name, sizeof(start->name), "%s", name);

    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(ret_thread, &attr, thread_main, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (r)
        free(start);
    return -r;
}
