/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_MOODS_H
#define TESTS_SUPPORT_FAKE_MOODS_H

#include <pthread.h>
#include <stdatomic.h>
#include <weir/plugin.h>

/* An output that does all that outputs are allowed to: it settles in pieces, late, from another thread,
 * in any order, asks to try again, rejects. For lines of fake_lines.h. */
enum { FAKE_MOODS_PARALLEL = 4 };

struct fake_moods {
    bool late;         /* settled by another thread, in pieces, any delivery first */
    int64_t retry_of;  /* one record in so many is to be tried again; 0: none */
    int64_t reject_of; /* of line numbers, the multiples are rejected; 0: none */
    int64_t words;     /* "bad number R", R being the line number modulo this; 0: always the same */
    bool hold;         /* settles nothing (with `late`: until fake_moods_let_go()) */
    _Atomic uint32_t
        *answered;    /* by line number: how often it was answered for good; may be NULL */
    unsigned slow_us; /* each delivery takes so long */
    int open_error;   /* a negative errno to answer with */
    unsigned seed;

    pthread_t thread;
    bool threaded;
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct weir_delivery *queue[FAKE_MOODS_PARALLEL];
    unsigned queued;
    bool stop;
    atomic_uint deliveries, opened, closed;
};

extern const struct weir_plugin fake_moods_plugin;          /* one delivery at a time */
extern const struct weir_plugin fake_moods_parallel_plugin; /* FAKE_MOODS_PARALLEL of them */

/* It settles from now on. @thread any. */
void fake_moods_let_go(struct fake_moods *moods);

#endif
