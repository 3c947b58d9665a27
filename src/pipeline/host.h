/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_HOST_H
#define WEIR_PIPELINE_HOST_H

#include <weir/plugin.h>

#include "base/message.h"
#include "base/metrics.h"
#include "config/config.h"

struct budget;
struct disk;
struct loop;
struct logical_clock;
struct pipeline;
struct positions;

/* What the agent gives to its pipelines. It outlives them. */
struct pipeline_env {
    struct messenger *messenger;
    struct metrics *metrics;
    struct positions *positions;
    struct logical_clock *clock;
    struct budget *sources; /* of what is known of sources; NULL: no limit */
    const struct weir_identity *identity;
    const char *data_dir;
    struct disk *disk; /* what must be kept through a crash is written there */
    bool once;
    /* Something that the agent may wait for has happened: an input stopped, ended or failed, or nothing
     * is held any more. @thread any. */
    void (*changed)(void *arg);
    void *arg;
};

#define HOST_LABELS 2

/* One plugin instance as its plugin sees it: the part that inputs, filters and outputs share, embedded in
 * each of them. */
struct weir_host {
    enum weir_kind kind;
    const struct pipeline_env *env;
    struct pipeline *pipeline;
    const struct config_plugin *config;
    struct loop *loop;                       /* of the thread that its callbacks run on */
    uint64_t owner;                          /* of its entries in the positions store */
    char who[96];                            /* as it signs its messages: "app/output file" */
    struct metric_label labels[HOST_LABELS]; /* pipeline, plugin */
    bool opened;                             /* `open` was tried, so `close` is due */
};

void host_init(struct weir_host *host, enum weir_kind kind, struct pipeline *pipeline,
               const struct config_plugin *config);
/* Calls the plugin's `open`: 0, or a negative errno with *err set. @thread main. */
int host_open(struct weir_host *host, struct weir_error *err);
/* Calls `close` if `open` was tried. @thread main. */
void host_close(struct weir_host *host);

/* A series of this instance's: weir_<...>{pipeline,plugin}. */
struct metric *host_metric(struct weir_host *host, const char *name, const char *help,
                           enum metric_type type, double scale);

#endif
