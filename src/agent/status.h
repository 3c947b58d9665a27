/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_AGENT_STATUS_H
#define WEIR_AGENT_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A snapshot of everything that the agent knows about itself: what /api/v1/status, /readyz, `weir
 * status` and the dashboard show. The agent fills plain structs; admin/status_json.c makes JSON of
 * them, member for member (docs/internals/status.md describes the document).
 *
 * Texts that are pointers belong to the configuration or are constants: they must live as long as the
 * snapshot, and are never NULL. Arrays come from status_array() and go with status_free(). Numbers that
 * belong together (a ledger) are of one moment; the parts of a snapshot need not be.
 *
 * Counts are records unless the name says otherwise, and grow from 0 at start. */

#define STATUS_REASON_MAX 200

/* A count under a name: filtered{filter}, dropped{reason}. */
struct status_count {
    const char *name;
    uint64_t records;
};

struct status_lost {
    const char *reason;
    uint64_t records, bytes;
};

/* read + recovered + replayed + added
 *     = delivered + sum(filtered) + sum(dropped) + dead_lettered + held + residue */
struct status_ledger {
    uint64_t read, recovered, replayed, added;
    uint64_t delivered, dead_lettered, held;
    struct status_count *filtered, *dropped;
    size_t filtered_count, dropped_count;
    int64_t residue; /* 0, or there is a bug */
};

/* What an output's records have come to:
 * routed = delivered + sum(dropped) + dead_lettered + held + residue */
struct status_account {
    uint64_t routed, delivered, dead_lettered, held;
    struct status_count *dropped;
    size_t dropped_count;
    int64_t residue; /* 0, or there is a bug */
};

enum status_input_state {
    STATUS_INPUT_READING, /* or waiting for its source to have more */
    STATUS_INPUT_BLOCKED, /* the pipeline's memory is full: backpressure */
    STATUS_INPUT_ENDED,   /* its source has no more, and never will */
    STATUS_INPUT_FAILED,
};

struct status_input {
    const char *id, *type;
    enum status_input_state state;
    char reason[STATUS_REASON_MAX]; /* why it is not reading, or "" */
    uint64_t records, bytes;
    uint64_t lag_bytes;       /* known to wait in the source */
    uint64_t waiting_sources; /* that are not begun with since there is no memory for them */
    double backpressure_seconds;
    struct status_lost *lost;
    size_t lost_count;
};

struct status_filter {
    const char *id, *type;
    uint64_t records; /* that came in */
    uint64_t filtered, added;
};

enum status_output_state {
    STATUS_OUTPUT_OK,
    STATUS_OUTPUT_RETRYING, /* the last delivery failed and is repeated after a pause */
    STATUS_OUTPUT_PAUSED,   /* the plugin asked to wait: credentials, a missing table */
    STATUS_OUTPUT_FAILED,
};

struct status_output {
    const char *id, *type;
    enum status_output_state state;
    char reason[STATUS_REASON_MAX]; /* the sink's words when it is not ok, or "" */
    uint64_t records, bytes;        /* delivered */
    uint64_t rejected, retries;
    uint64_t pending_records; /* in the buffer, routed to this output, not yet settled */
    double lag_seconds;       /* age of the oldest of them; 0: none */
    struct status_account ledger;
};

/* What sinks will never take, kept on disk. */
struct status_dead_letters {
    uint64_t records, bytes;        /* there now, those of earlier runs included */
    uint64_t bytes_max;             /* 0: rejected records are dropped */
    char reason[STATUS_REASON_MAX]; /* why they cannot be written, or "" */
};

enum status_disk_state {
    STATUS_DISK_NONE,
    STATUS_DISK_OK,
    STATUS_DISK_FULL,    /* buffer.when_full says what happens */
    STATUS_DISK_FAILING, /* tried again every second */
};

struct status_pipeline {
    const char *name;
    struct status_ledger ledger;
    struct status_dead_letters dead_letters;
    uint64_t buffer_memory_bytes, buffer_memory_used_bytes; /* the bound, and what is in use */
    uint64_t buffer_disk_bytes,
        buffer_disk_used_bytes; /* the same of the disk tier; 0: there is none */
    enum status_disk_state disk_state;
    char disk_reason[STATUS_REASON_MAX]; /* why it is not ok, or "" */
    struct status_input *inputs;
    struct status_filter *filters;
    struct status_output *outputs;
    size_t input_count, filter_count, output_count;
};

/* One thing that /readyz looks at: "pipeline app: outputs make progress". */
struct status_check {
    const char *name;     /* a few words, [a-z0-9 _-] */
    const char *pipeline; /* which one it is about; "": the agent */
    bool ok;
    char reason[STATUS_REASON_MAX]; /* why not, or "" */
};

enum status_agent_state { STATUS_STARTING, STATUS_RUNNING, STATUS_DRAINING };

struct status {
    enum status_agent_state state;
    const char *version, *data_dir;
    int64_t pid;
    double uptime_seconds;
    uint64_t memory_limit_bytes, memory_used_bytes;          /* of the process */
    uint64_t source_memory_limit_bytes, source_memory_bytes; /* what is known of sources */
    struct status_pipeline *pipelines;
    struct status_check *checks;
    size_t pipeline_count, check_count;
};

/* An empty snapshot; NULL when memory is short. */
struct status *status_new(void);
struct status *status_free(struct status *status); /* NULL is fine; returns NULL */

/* Zeroed memory for `count` elements of an array above, stored in *array, *array_count set with it:
 *     r = status_array(&pipeline->inputs, &pipeline->input_count, count);
 * 0 or -ENOMEM, which leaves the array empty. */
#define status_array(array, array_count, count)                                                    \
    status_array_new((void **)(array), sizeof(**(array)), (array_count), (count))
int status_array_new(void **array, size_t element_bytes, size_t *array_count, size_t count);

/* Cuts `text` to fit, without splitting a UTF-8 sequence. */
void status_reason_set(char reason[STATUS_REASON_MAX], const char *text, size_t len);

/* True while the agent runs (not while it starts or drains) and every check is ok. */
bool status_is_ready(const struct status *status);

#endif
