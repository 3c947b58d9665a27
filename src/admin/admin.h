/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ADMIN_ADMIN_H
#define WEIR_ADMIN_ADMIN_H

#include "agent/status.h"
#include "base/metrics.h"
#include <weir/error.h>

/* The admin endpoint: /metrics, /livez, /healthz, /readyz and /api/v1/... over HTTP, on loopback or a Unix
 * socket. What changes something is done on a Unix socket only. Everything runs on the thread of the event base (main's), and the
 * process must ignore SIGPIPE. */
struct admin;
struct admin_control;
struct event_base;

/* What it shows, and from whom: filled by whoever starts it, since it knows nothing of the agent. */
struct admin_source {
    void *arg;
    struct metrics *metrics;
    /* A snapshot, which status_free() ends; NULL when memory is short. */
    struct status *(*status)(void *arg);
    /* Sets the gauges that are computed when asked for, before a scrape; or NULL. */
    void (*refresh)(void *arg);
    /* What can be changed, with the same `arg`; or NULL. */
    const struct admin_control *control;
};

struct admin_options {
    const char *listen;  /* admin/address.h; port 0: any free one, see admin_where() */
    const char *version; /* the agent's */
    struct admin_source source;
};

/* Starts it. With `listen: off` *ret is NULL, which every function here takes.
 * 0, or a negative errno with *err set. */
int admin_start(struct event_base *base, const struct admin_options *options, struct admin **ret,
                struct weir_error *err);
/* Closes every connection and removes its socket. Returns NULL. */
struct admin *admin_stop(struct admin *admin);

/* The address it listens on, with the real port. Lives as long as it does. */
const char *admin_where(const struct admin *admin);
/* True when other hosts can reach it: it asks for no password, so whoever starts it should warn. */
bool admin_is_exposed(const struct admin *admin);

#endif
