/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_FILTER_H
#define TESTS_SUPPORT_FAKE_FILTER_H

#include <stdatomic.h>
#include <weir/plugin.h>

/* A filter that does what its test says. */
struct fake_filter {
    void (*apply)(void *arg, struct weir_batch *batch); /* NULL: nothing */
    void *arg;
    int open_error; /* a negative errno to answer with */
    atomic_uint opened, closed, applied;
};

extern const struct weir_plugin fake_filter_plugin;

#endif
