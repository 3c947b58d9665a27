/* SPDX-License-Identifier: Apache-2.0 */
/* The main thread: starts everything, then only waits: for signals, the admin endpoint, and for pipelines
 * that say something changed.
 *
 *     running ──TERM, INT, or `--once` and nothing left──▶ stopping ──inputs have stopped──▶ draining
 *                                                             │                                 │
 *                                                             └─ deadline, or a second TERM ────┤
 *                                                                                               ▼
 *                              done: threads end, positions are stored ◀── everything answered, or the same
 *
 * What is not answered at the end is not committed, so it is read again next time; a stop can be slow or
 * quick, but it cannot lose. A thread that hangs in a system call (a file system that is gone) is not
 * waited for: positions are stored, and the process ends around it. */
#include "agent/agent.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/account.h"
#include "agent/identity.h"
#include "agent/notify.h"
#include "agent/pipeline_status.h"
#include "base/clock.h"
#include "base/disk.h"
#include "base/logical_clock.h"
#include "base/loop.h"
#include "base/message.h"
#include "buffer/positions.h"
#include "pipeline/pipeline.h"

/* After the deadline, threads have so long to end; after a second TERM, so long. */
#define JOIN_NS 2000000000
#define JOIN_AT_ONCE_NS 500000000

#define SIGNAL_COUNT 4

struct agent {
    struct agent_options options;
    struct loop *loop;
    struct messenger *messenger;
    struct metrics *metrics;
    struct account account;
    struct positions *positions;
    struct logical_clock *clock;
    struct identity host;
    struct weir_identity identity;
    char agent_id[37];
    struct pipeline_env env;
    struct pipeline **pipelines;
    struct pipeline_gauges *gauges;
    size_t count;
    struct event *signals[SIGNAL_COUNT];
    struct loop_timer *deadline, *watchdog;
    struct notify notify;
    int64_t started, stop_by; /* clock_monotonic() */
    enum status_agent_state state;
    bool inputs_stopped, at_once, failed;
};

/* ---- making one ------------------------------------------------------------------------------------------ */

static void raise_ceiling(void *arg, uint64_t ceiling)
{
    struct agent *agent = arg;
    positions_clock_raise(agent->positions, ceiling);
}

static void pipeline_changed(void *arg)
{
    struct agent *agent = arg;
    loop_wake(agent->loop);
}

static const char *architecture(void)
{
    /* OpenTelemetry's words for what uname(2) says. */
    static const struct {
        const char *machine, *word;
    } words[] = { { "x86_64", "amd64" }, { "aarch64", "arm64" }, { "i686", "x86" } };
    struct utsname name;
    if (uname(&name) != 0)
        return "";
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(name.machine, words[i].machine) == 0)
            return words[i].word;
    return "";
}

static void uuid_print(const uint8_t uuid[16], char out[37])
{
    char *at = out;
    for (unsigned i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        at += snprintf(at, 3, "%02x", uuid[i]);
    }
}

static void agent_identify(struct agent *agent)
{
    uint8_t instance[16];
    positions_instance(agent->positions, instance);
    uuid_print(instance, agent->agent_id);
    agent->identity = (struct weir_identity){ .host_name = agent->host.hostname,
                                              .host_id = agent->host.machine_id_text,
                                              .boot_id = agent->host.boot_id,
                                              .host_arch = architecture(),
                                              .os_id = agent->host.os_id,
                                              .os_version = agent->host.os_version,
                                              .os_name = agent->host.os_name,
                                              .agent_version = agent->options.version,
                                              .agent_id = agent->agent_id };
}

static bool any_reuses_freed(const struct config *config)
{
    for (size_t p = 0; p < config->pipeline_count; p++)
        for (size_t o = 0; o < config->pipelines[p].output_count; o++)
            if (config->pipelines[p].outputs[o].plugin->output.reuses_freed)
                return true;
    return false;
}

/* Few allocator arenas and fixed thresholds: memory of a block that is freed goes back to the kernel, whichever
 * thread frees it. Where an output's library lives on large buffers that it frees and takes again, some are kept. */
static void prepare_heap(const struct config *config)
{
    const bool keep = any_reuses_freed(config);
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, keep ? 2 * 1024 * 1024 : 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, keep ? 4 * 1024 * 1024 : 256 * 1024);
}

/* What the process as a whole needs, whatever it inherited. */
static void process_prepare(void)
{
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none,
                    NULL); /* a stop that was blocked by our starter must arrive */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write beyond RLIMIT_FSIZE then fails with EFBIG */
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int agent_open_pipelines(struct agent *agent, struct weir_error *err)
{
    const struct config *config = agent->options.config;
    agent->pipelines = calloc(config->pipeline_count, sizeof(agent->pipelines[0]));
    agent->gauges = calloc(config->pipeline_count, sizeof(agent->gauges[0]));
    if (!agent->pipelines || !agent->gauges)
        return weir_error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < config->pipeline_count; i++) {
        int r = pipeline_new(&agent->env, &config->pipelines[i], &agent->pipelines[i], err);
        if (r < 0)
            return r;
        agent->count++;
        pipeline_gauges_init(&agent->gauges[i], agent->pipelines[i]);
    }
    return 0;
}

static int agent_open(struct agent *agent, struct weir_error *err)
{
    const struct config_service *service = &agent->options.config->service;
    agent->messenger =
        messenger_new(STDERR_FILENO, (enum weir_level)service->message_level,
                      service->message_format == MESSAGES_JSON ? MESSAGE_JSON : MESSAGE_TEXT);
    agent->metrics = metrics_new();
    agent->loop = loop_new();
    if (!agent->loop) {
        int r = errno ? -errno : -ENOMEM;
        return weir_error_set(err, r, "cannot make an event loop: %s", strerror(-r));
    }
    if (!agent->messenger || !agent->metrics)
        return weir_error_set(err, -ENOMEM, "out of memory");
    account_init(&agent->account, agent->options.config, agent->metrics);
    identity_read("", &agent->host);
    /* A name is no identity: a container has another one at each start. */
    const bool named_only = agent->host.machine_id_source == IDENTITY_HOSTNAME;
    const struct positions_options positions = { .data_dir = service->data_dir,
                                                 .machine_id =
                                                     named_only ? NULL : agent->host.machine_id,
                                                 .messenger = agent->messenger,
                                                 .metrics = agent->metrics,
                                                 .budget = &agent->account.sources };
    int r = positions_open(&positions, &agent->positions, err);
    if (r < 0)
        return r;
    agent->clock = logical_clock_new(positions_clock(agent->positions), raise_ceiling, agent);
    if (!agent->clock)
        return weir_error_set(err, -ENOMEM, "out of memory");
    agent_identify(agent);
    agent->env = (struct pipeline_env){ .messenger = agent->messenger,
                                        .metrics = agent->metrics,
                                        .positions = agent->positions,
                                        .clock = agent->clock,
                                        .sources = &agent->account.sources,
                                        .identity = &agent->identity,
                                        .data_dir = service->data_dir,
                                        .disk = disk_real(),
                                        .once = agent->options.once,
                                        .changed = pipeline_changed,
                                        .arg = agent };
    return agent_open_pipelines(agent, err);
}

int agent_new(const struct agent_options *options, struct agent **ret, struct weir_error *err)
{
    struct agent *agent = calloc(1, sizeof(*agent));
    if (!agent)
        return weir_error_set(err, -ENOMEM, "out of memory");
    process_prepare();
    prepare_heap(options->config);
    agent->options = *options;
    agent->started = clock_monotonic();
    notify_open(&agent->notify);
    int r = agent_open(agent, err);
    if (r < 0) {
        agent_free(agent);
        return r;
    }
    *ret = agent;
    return 0;
}

struct agent *agent_free(struct agent *agent)
{
    if (!agent)
        return NULL;
    for (size_t i = 0; i < agent->count; i++)
        pipeline_free(agent->pipelines[i]);
    if (agent->clock)
        positions_clock_settle(agent->positions, logical_clock_last(agent->clock) + 1);
    logical_clock_free(agent->clock);
    positions_close(agent->positions);
    for (size_t i = 0; i < SIGNAL_COUNT; i++)
        if (agent->signals[i])
            event_free(agent->signals[i]);
    loop_timer_free(agent->deadline);
    loop_timer_free(agent->watchdog);
    notify_close(&agent->notify);
    metrics_free(agent->metrics);
    messenger_free(agent->messenger);
    loop_free(agent->loop);
    free(agent->pipelines);
    free(agent->gauges);
    free(agent);
    return NULL;
}

/* ---- stopping ---------------------------------------------------------------------------------------------- */

static bool agent_all(struct agent *agent, bool (*ask)(struct pipeline *pipeline))
{
    for (size_t i = 0; i < agent->count; i++)
        if (!ask(agent->pipelines[i]))
            return false;
    return true;
}

static bool inputs_have_ended(struct pipeline *pipeline)
{
    return pipeline_ended(pipeline);
}

static weir_ms agent_time_left(const struct agent *agent)
{
    int64_t left = (agent->stop_by - clock_monotonic()) / 1000000;
    return left > 0 ? left : 0;
}

/* Pipelines whose inputs have stopped: an input that hangs keeps no other pipeline from being drained. */
static void agent_drain(struct agent *agent)
{
    bool all = true;
    for (size_t i = 0; i < agent->count; i++)
        if (pipeline_inputs_stopped(agent->pipelines[i]))
            pipeline_drain(agent->pipelines[i], agent_time_left(agent));
        else
            all = false;
    agent->inputs_stopped = all;
}

/* Whatever may have happened: does the state move on? */
static void agent_look(void *arg)
{
    struct agent *agent = arg;
    if (agent->state == STATUS_RUNNING && agent->options.once &&
        agent_all(agent, inputs_have_ended) && agent_all(agent, pipeline_is_empty)) {
        agent->state = STATUS_DRAINING;
        agent->inputs_stopped = true;
        loop_stop(agent->loop);
    }
    if (agent->state != STATUS_DRAINING)
        return;
    if (!agent->inputs_stopped)
        agent_drain(agent);
    if (agent->inputs_stopped && agent_all(agent, pipeline_is_empty))
        loop_stop(agent->loop);
}

static void agent_deadline(void *arg)
{
    struct agent *agent = arg;
    msg_warn(agent->messenger,
             "the time to stop is over: what is not answered is read again next time",
             weir_kv_int("shutdown_timeout_ms", agent->options.config->service.shutdown_timeout));
    loop_stop(agent->loop);
}

static void agent_stop(struct agent *agent)
{
    if (agent->state == STATUS_DRAINING) { /* the second time */
        agent->stop_by = clock_monotonic();
        agent->at_once = true;
        msg_warn(agent->messenger, "told to stop again: stopping at once",
                 weir_kv_str("what", "what is not answered is read again next time"));
        loop_stop(agent->loop);
        return;
    }
    const weir_ms timeout = agent->options.config->service.shutdown_timeout;
    agent->state = STATUS_DRAINING;
    agent->stop_by = clock_monotonic() + timeout * 1000000;
    msg_info(agent->messenger, "stopping", weir_kv_int("shutdown_timeout_ms", timeout));
    notify_stopping(&agent->notify, "draining");
    loop_timer_set(agent->deadline, timeout);
    for (size_t i = 0; i < agent->count; i++)
        pipeline_stop_inputs(agent->pipelines[i]);
    agent_look(agent);
}

static void agent_signal(evutil_socket_t signal, short what, void *arg)
{
    struct agent *agent = arg;
    (void)what;
    switch (signal) {
    case SIGUSR1:
        for (size_t i = 0; i < agent->count; i++)
            pipeline_reopen(agent->pipelines[i]);
        break;
    case SIGHUP:
        msg_warn(agent->messenger,
                 "reloading is not part of this version: restart to apply a changed "
                 "configuration; nothing is lost by it",
                 weir_kv_str("signal", "HUP"));
        break;
    default: agent_stop(agent); break;
    }
}

/* ---- running ------------------------------------------------------------------------------------------------- */

static void agent_watchdog(void *arg)
{
    struct agent *agent = arg;
    bool alive = true;
    for (size_t i = 0; i < agent->count; i++)
        alive &= pipeline_beat(agent->pipelines[i]);
    if (alive)
        notify_watchdog(&agent->notify);
    loop_timer_set(agent->watchdog, agent->notify.watchdog_every);
}

static int agent_listen(struct agent *agent)
{
    static const int wanted[SIGNAL_COUNT] = { SIGTERM, SIGINT, SIGUSR1, SIGHUP };
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        agent->signals[i] = evsignal_new(loop_base(agent->loop), wanted[i], agent_signal, agent);
        if (!agent->signals[i] || event_add(agent->signals[i], NULL) < 0)
            return -ENOMEM;
    }
    agent->deadline = loop_timer_new(agent->loop, agent_deadline, agent);
    agent->watchdog = loop_timer_new(agent->loop, agent_watchdog, agent);
    if (!agent->deadline || !agent->watchdog)
        return -ENOMEM;
    loop_on_wake(agent->loop, agent_look, agent);
    return 0;
}

/* What was asked for with words was warned of when it was read. */
static void tell_limit(struct agent *agent)
{
    const struct config_service *service = &agent->options.config->service;
    if (config_is_lowered(service))
        msg_info(agent->messenger, "memory is limited by the control group",
                 weir_kv_int("limit_bytes", (int64_t)service->memory_limit),
                 weir_kv_int("group_bytes", (int64_t)service->group_bytes),
                 weir_kv_str("file", service->group_file));
}

static int agent_start(struct agent *agent, struct weir_error *err)
{
    int r = agent_listen(agent);
    if (r < 0)
        return weir_error_set(err, r, "cannot listen for signals: %s", strerror(-r));
    for (size_t i = 0; i < agent->count; i++) {
        r = pipeline_start(agent->pipelines[i], err);
        if (r < 0)
            return r;
    }
    agent->state = STATUS_RUNNING;
    msg_info(agent->messenger, "running", weir_kv_str("version", agent->options.version),
             weir_kv_int("pipelines", (int64_t)agent->count),
             weir_kv_str("data_dir", agent->options.config->service.data_dir));
    tell_limit(agent);
    notify_ready(&agent->notify, "running");
    if (agent->notify.watchdog_every > 0)
        loop_timer_set(agent->watchdog, agent->notify.watchdog_every);
    return 0;
}

/* Ends the threads. Does not return when one of them hangs. */
static void agent_join(struct agent *agent)
{
    bool joined = true;
    const int64_t by = clock_monotonic() + (agent->at_once ? JOIN_AT_ONCE_NS : JOIN_NS);
    for (size_t i = 0; i < agent->count; i++)
        joined &= pipeline_join(agent->pipelines[i], by);
    if (joined)
        return;
    int r = positions_sync(agent->positions);
    msg_error(agent->messenger, "a thread hangs and is left behind: the process ends around it",
              weir_kv_str("positions", r < 0 ? strerror(-r) : "stored"));
    _exit(1);
}

/* The last word: where everything went. */
static void agent_report(struct agent *agent)
{
    for (size_t i = 0; i < agent->count; i++) {
        struct pipeline *pipeline = agent->pipelines[i];
        struct ledger_counts counts;
        ledger_snapshot(&pipeline->ledger, &counts);
        int64_t residue = ledger_residue(&counts, pipeline->ledger.filter_count);
        msg_info(agent->messenger, "stopped", weir_kv_str("pipeline", pipeline->name),
                 weir_kv_int("read", (int64_t)counts.read),
                 weir_kv_int("delivered", (int64_t)counts.fates.delivered),
                 weir_kv_int("dead_lettered", (int64_t)counts.fates.dead_lettered),
                 weir_kv_int("not_answered", (int64_t)counts.held));
        for (size_t j = 0; !residue && j < pipeline->output_count; j++)
            residue = ledger_output_residue(&counts.outputs[j]);
        if (residue)
            msg_error(agent->messenger, "the accounting identity does not hold: this is a bug",
                      weir_kv_str("pipeline", pipeline->name), weir_kv_int("residue", residue));
        agent->failed |= residue != 0;
    }
}

int agent_run(struct agent *agent)
{
    struct weir_error err = { 0 };
    if (agent_start(agent, &err) == 0)
        loop_run(agent->loop);
    else
        msg_error(agent->messenger, "cannot start", weir_kv_str("error", err.text));
    agent->failed |= err.code != 0;
    agent_join(agent);
    agent_report(agent);
    struct status *status = agent_status(agent); /* an input that failed fails `--once` */
    for (size_t i = 0; status && agent->options.once && i < status->check_count; i++)
        agent->failed |= !status->checks[i].ok;
    status_free(status);
    return agent->failed ? 1 : 0;
}

/* ---- for the admin endpoint -------------------------------------------------------------------------------------- */

struct event_base *agent_base(struct agent *agent)
{
    return loop_base(agent->loop);
}

struct pipeline *agent_pipeline(struct agent *agent, const char *name, bool *ret_stopping)
{
    *ret_stopping = agent->state == STATUS_DRAINING;
    for (size_t i = 0; i < agent->count; i++)
        if (strcmp(agent->pipelines[i]->name, name) == 0)
            return agent->pipelines[i];
    return NULL;
}

struct metrics *agent_metrics(struct agent *agent)
{
    return agent->metrics;
}

struct messenger *agent_messenger(struct agent *agent)
{
    return agent->messenger;
}

static int status_fill(struct agent *agent, struct status *status)
{
    uint64_t buffers = 0;
    int r = status_array(&status->pipelines, &status->pipeline_count, agent->count);
    if (r == 0)
        r = status_array(&status->checks, &status->check_count, agent->count * PIPELINE_CHECKS);
    for (size_t i = 0; r == 0 && i < agent->count; i++) {
        r = pipeline_status_fill(agent->pipelines[i], &status->pipelines[i]);
        pipeline_status_checks(agent->pipelines[i], &status->checks[i * PIPELINE_CHECKS]);
        buffers += status->pipelines[i].buffer_memory_used_bytes;
    }
    account_status(&agent->account, buffers, status);
    return r;
}

struct status *agent_status(void *arg)
{
    struct agent *agent = arg;
    struct status *status = status_new();
    if (!status)
        return NULL;
    status->state = agent->state;
    status->version = agent->options.version;
    status->data_dir = agent->options.config->service.data_dir;
    status->pid = getpid();
    status->uptime_seconds = (double)(clock_monotonic() - agent->started) / 1e9;
    return status_fill(agent, status) == 0 ? status : status_free(status);
}

void agent_refresh(void *arg)
{
    struct agent *agent = arg;
    uint64_t buffers = 0;
    for (size_t i = 0; i < agent->count; i++) {
        buffers += budget_used(&agent->pipelines[i]->budget);
        int64_t residue = pipeline_gauges_update(&agent->gauges[i], agent->pipelines[i]);
        if (residue)
            msg_error(agent->messenger, "the accounting identity does not hold: this is a bug",
                      weir_kv_str("pipeline", agent->pipelines[i]->name),
                      weir_kv_int("residue", residue));
    }
    account_update(&agent->account, buffers);
}
