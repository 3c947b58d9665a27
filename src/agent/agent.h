/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_AGENT_AGENT_H
#define WEIR_AGENT_AGENT_H

#include "agent/status.h"
#include "base/metrics.h"
#include "config/config.h"

/* The agent as a process: what `weir run` runs. See agent.c. Everything here: @thread main. */
struct agent;
struct event_base;

struct pipeline;

struct agent_options {
    const struct config *config; /* outlives the agent */
    const char *version;         /* a constant */
    bool once;                   /* stop when every input has ended and all is answered */
};

/* Takes the data directory, opens every plugin, and starts nothing yet. 0, or a negative errno with *err
 * set: its text says what to do. */
int agent_new(const struct agent_options *options, struct agent **ret, struct weir_error *err);
/* Closes everything. NULL is fine; returns NULL. */
struct agent *agent_free(struct agent *agent);

/* Starts the pipelines, serves signals, stops them. Returns the exit status. When a thread does not end in
 * time, positions are stored and the process ends in here. */
int agent_run(struct agent *agent);

/* The pipeline of that name, and whether the agent is stopping; NULL: there is none. */
struct pipeline *agent_pipeline(struct agent *agent, const char *name, bool *ret_stopping);

/* For the admin endpoint, which runs on this base. */
struct event_base *agent_base(struct agent *agent);
struct metrics *agent_metrics(struct agent *agent);
struct messenger *agent_messenger(struct agent *agent);
struct status *agent_status(void *agent); /* a snapshot; NULL when memory is short */
void agent_refresh(void *agent);          /* sets what is computed only when asked for */

#endif
