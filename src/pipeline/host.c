/* SPDX-License-Identifier: Apache-2.0 */
/* What plugins of every kind call: names, messages, counters, the loop. A watch, a timer and a counter
 * of the public interface are the loop's and the registry's own, under a name that plugins may know. */
#include "pipeline/host.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/loop.h"
#include "buffer/positions.h"
#include "pipeline/pipeline.h"

static const char *kind_name(enum weir_kind kind)
{
    switch (kind) {
    case WEIR_INPUT: return "input";
    case WEIR_FILTER: return "filter";
    case WEIR_OUTPUT: return "output";
    case WEIR_CODEC_PLUGIN: return "codec";
    }
    return "";
}

void host_init(struct weir_host *host, enum weir_kind kind, struct pipeline *pipeline,
               const struct config_plugin *config)
{
    *host = (struct weir_host){ .kind = kind,
                                .env = pipeline->env,
                                .pipeline = pipeline,
                                .config = config,
                                .labels = { { "pipeline", pipeline->name },
                                            { "plugin", config->id } } };
    host->owner = positions_owner(kind_name(kind), pipeline->name, config->id);
    snprintf(host->who, sizeof(host->who), "%s/%s %s", pipeline->name, kind_name(kind), config->id);
}

int host_open(struct weir_host *host, struct weir_error *err)
{
    host->opened = true;
    if (!host->config->plugin->open)
        return 0;
    struct weir_error own = { 0 };
    int r = host->config->plugin->open(host->config->state, host, &own);
    if (r < 0)
        weir_error_set(err, r, "%s:%u:%u: error: %s: %s", host->config->place.file,
                       host->config->place.line, host->config->place.column, host->who, own.text);
    return r;
}

void host_close(struct weir_host *host)
{
    if (host->opened && host->config->plugin->close)
        host->config->plugin->close(host->config->state);
    host->opened = false;
}

struct metric *host_metric(struct weir_host *host, const char *name, const char *help,
                           enum metric_type type, double scale)
{
    return metrics_series(host->env->metrics, name, help, type, scale, host->labels, HOST_LABELS);
}

const char *weir_host_pipeline(const struct weir_host *host)
{
    return host->pipeline->name;
}

const char *weir_host_id(const struct weir_host *host)
{
    return host->config->id;
}

const char *weir_host_data_dir(const struct weir_host *host)
{
    return host->env->data_dir;
}

bool weir_host_once(const struct weir_host *host)
{
    return host->env->once;
}

const struct weir_identity *weir_host_identity(const struct weir_host *host)
{
    return host->env->identity;
}

void weir_message(struct weir_host *host, enum weir_level level, const char *text,
                  const struct weir_kv *kvs, size_t count)
{
    messenger_say(host->env->messenger, level, host->who, text, kvs, count);
}

static struct weir_counter *counter_new(struct weir_host *host, const char *name, const char *help,
                                        const struct metric_label *labels, size_t count)
{
    char full[128];
    snprintf(full, sizeof(full), "weir_%s", name);
    size_t len = strlen(name);
    bool counts = len > 6 && strcmp(name + len - 6, "_total") == 0;
    return (struct weir_counter *)metrics_series(
        host->env->metrics, full, help, counts ? METRIC_COUNTER : METRIC_GAUGE, 1, labels, count);
}

struct weir_counter *weir_counter_new(struct weir_host *host, const char *name, const char *help)
{
    return counter_new(host, name, help, host->labels, HOST_LABELS);
}

struct weir_counter *weir_counter_labelled(struct weir_host *host, const char *name,
                                           const char *help, const char *label, const char *value)
{
    struct metric_label labels[HOST_LABELS + 1];
    memcpy(labels, host->labels, sizeof(host->labels));
    labels[HOST_LABELS] = (struct metric_label){ label, value };
    return counter_new(host, name, help, labels, HOST_LABELS + 1);
}

void weir_counter_add(struct weir_counter *counter, int64_t n)
{
    metric_add((struct metric *)counter, n);
}

void weir_counter_set(struct weir_counter *counter, int64_t n)
{
    metric_set((struct metric *)counter, n);
}

struct weir_watch *weir_watch_start(struct weir_host *host, int fd, unsigned flags,
                                    weir_call_f *call)
{
    unsigned events = 0;
    events |= flags & WEIR_READABLE ? LOOP_READ : 0;
    events |= flags & WEIR_WRITABLE ? LOOP_WRITE : 0;
    events |= flags & WEIR_MODERATED ? LOOP_MODERATED : 0;
    return (struct weir_watch *)loop_watch_new(host->loop, fd, events, call, host->config->state);
}

struct weir_watch *weir_watch_stop(struct weir_watch *watch)
{
    loop_watch_free((struct loop_watch *)watch);
    return NULL;
}

struct weir_timer *weir_timer_new(struct weir_host *host, weir_call_f *call)
{
    return (struct weir_timer *)loop_timer_new(host->loop, call, host->config->state);
}

void weir_timer_set(struct weir_timer *timer, weir_ms after)
{
    loop_timer_set((struct loop_timer *)timer, after);
}

void weir_timer_cancel(struct weir_timer *timer)
{
    loop_timer_cancel((struct loop_timer *)timer);
}

struct weir_timer *weir_timer_free(struct weir_timer *timer)
{
    loop_timer_free((struct loop_timer *)timer);
    return NULL;
}

weir_ms weir_now(const struct weir_host *host)
{
    (void)host;
    return clock_monotonic() / 1000000;
}

int64_t weir_now_wall(const struct weir_host *host)
{
    (void)host;
    return clock_wall();
}

static struct positions_key state_key(const struct weir_host *host, const void *key, size_t key_len)
{
    struct positions_key stored = { .owner = host->owner };
    hash128(key, key_len, stored.id);
    return stored;
}

bool weir_state_get(struct weir_host *host, const void *key, size_t key_len,
                    struct weir_stream_state *ret)
{
    const struct positions_key stored = state_key(host, key, key_len);
    return positions_get(host->env->positions, &stored, ret);
}

void weir_state_put(struct weir_host *host, const void *key, size_t key_len, uint64_t value,
                    const void *note, size_t note_len)
{
    const struct positions_key stored = state_key(host, key, key_len);
    struct weir_stream_state state = { .position = value, .updated = clock_wall() };
    memcpy(state.id, stored.id, sizeof(state.id));
    state.note_len = (uint16_t)(note_len < WEIR_NOTE_MAX ? note_len : WEIR_NOTE_MAX);
    if (note_len)
        memcpy(state.note, note, state.note_len);
    int r = positions_put(host->env->positions, &stored, &state);
    if (r < 0)
        weir_warn(host, "cannot keep the output's state: after a crash it starts without it",
                  weir_kv_str("error", strerror(-r)));
}
