/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_THREAD_H
#define WEIR_BASE_THREAD_H

#include <pthread.h>

typedef void thread_run_f(void *arg);

/* Starts a thread named `name` (cut to 15 bytes, as the kernel has it) with a small stack and all
 * signals blocked: they are the main thread's. 0 or -errno. */
int thread_start(pthread_t *ret_thread, const char *name, thread_run_f *run, void *arg);

#endif
