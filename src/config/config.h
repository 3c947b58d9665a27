/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_CONFIG_H
#define WEIR_CONFIG_CONFIG_H

#include <stdio.h>
#include <weir/plugin.h>

/* A configuration file, read and checked: what the rest of the agent is built from.
 *
 *     text --yaml.c--> node tree --expand.c--> expanded nodes --options.c, config.c--> struct config
 *
 * Reading collects every mistake before it gives up. Nothing here opens a file named in the
 * configuration (but includes and ${file:...}), starts a thread or touches the network. */

struct diagnostics; /* config/diagnostics.h: FILE:LINE:COL: error: ... lines, collected */

/* Where something stands in the configuration. `file` lives as long as the config. */
struct config_place {
    const char *file;
    unsigned line, column; /* from 1 */
};

/* How config finds what layers above it provide. All functions are pure. */
struct config_hooks {
    void *arg;
    /* The plugin of that kind and name. NULL when there is none, and also, with *err set, when there is one
     * and it cannot be used. */
    const struct weir_plugin *(*find_plugin)(void *arg, enum weir_kind kind, const char *name,
                                             struct weir_error *err);
    /* The name of the `index`th plugin of a kind, for "did you mean"; NULL after the last. */
    const char *(*list_names)(void *arg, enum weir_kind kind, size_t index);
    /* The `index`th of those that can be used, for documents; NULL after the last. */
    const struct weir_plugin *(*list_plugins)(void *arg, enum weir_kind kind, size_t index);
    /* Shared objects found in `plugin_path` become findable; before any pipeline is read. */
    int (*load_plugins)(void *arg, const char *dir, struct weir_error *err);
    /* Compile a condition (`when:`) or a template; on error NULL with *err set and *ret_offset the byte
     * of the text at fault. */
    void *(*condition_new)(const char *text, struct weir_error *err, size_t *ret_offset);
    void (*condition_free)(void *condition);
    struct weir_template *(*template_new)(const char *text, struct weir_error *err,
                                          size_t *ret_offset);
    void (*template_free)(struct weir_template *tpl);
    /* An encoder around a codec plugin whose option state (filled, heap, owned by the encoder from
     * here) is `state`. */
    struct weir_encoder *(*encoder_new)(const struct weir_plugin *codec, void *state);
    void (*encoder_free)(struct weir_encoder *encoder);
    /* Whether `admin.listen` is an address; may be NULL. 0, or a negative errno with *err set. */
    int (*check_listen)(const char *text, struct weir_error *err);
    /* What the process's control group lets it have of memory, in bytes, and the file that says so; 0: there is
     * no limit. */
    uint64_t group_bytes;
    const char *group_file;
};

/* Where an option stands: "schema.version". */
struct config_option_place {
    const char *name;
    struct config_place place;
};

/* One `- type: ...` entry. */
struct config_plugin {
    const struct weir_plugin *plugin;
    char *id;         /* unique within its pipeline and kind: "tail", "tail.2", or as configured */
    void *state;      /* plugin->state_size bytes, options filled in; whoever opens it closes it */
    void *when;       /* a condition from hooks->condition_new, or NULL */
    char *when_text;  /* as written */
    uint64_t reserve; /* bytes that it may use beside batches */
    struct config_place place;
    struct config_option_place
        *options; /* where its options stand; of plugins with `inspect` alone */
    size_t option_count;
};

enum config_when_full { WHEN_FULL_BLOCK, WHEN_FULL_DROP_OLDEST, WHEN_FULL_DROP_NEWEST };

/* In the order of enum frame_codec. */
enum config_compression { COMPRESSION_NONE, COMPRESSION_LZ4, COMPRESSION_ZSTD };

/* What fsync_every is where it is no interval. */
#define CONFIG_FSYNC_BATCH ((weir_ms)0)
#define CONFIG_FSYNC_NEVER ((weir_ms)-1)

/* What a pipeline may hold. Without a disk tier (`disk` is 0) all but `memory` and `dead_letter_bytes` stand
 * at their defaults, and mean nothing. */
struct config_buffer {
    uint64_t memory; /* bytes */
    uint64_t disk;   /* bytes of the disk tier; 0: there is none */
    int when_full;   /* enum config_when_full: what happens when memory and disk are full */
    bool
        durable; /* a push input's records count as taken when their frame is synced; then fsync_every is
                   * not CONFIG_FSYNC_NEVER */
    weir_ms fsync_every;      /* CONFIG_FSYNC_BATCH, CONFIG_FSYNC_NEVER, or an interval */
    weir_ms retention;        /* how long acked segments are kept; 0: not */
    uint64_t retention_bytes; /* of them, at most; 0: as many as `disk` leaves */
    int compression;          /* enum config_compression */
    /* The fill of the disk tier, in percent of `disk`, from which on records of that severity or below are
     * refused; 0: never. Of those that are not 0, debug <= info <= warn. */
    int64_t shed_debug, shed_info, shed_warn;
    uint64_t dead_letter_bytes; /* of rejected records, at most; 0: they are dropped */
    struct config_place place;
};

/* What the agent needs besides the pipelines' buffers and what their plugins reserve: with the sum of these it
 * must fit into memory_limit. */
#define CONFIG_RESERVE_BYTES ((uint64_t)8 << 20)
/* The same for each pipeline with a disk tier: frames being made and read, and the list of segments. */
#define CONFIG_DISK_RESERVE_BYTES ((uint64_t)2 << 20)
#define CONFIG_BUFFER_BYTES_DEFAULT ((uint64_t)16 << 20)
/* What of the reserve is for what the agent knows of its sources: files, streams, positions. What the sum leaves
 * of memory_limit is for them too. */
#define CONFIG_STATE_BYTES ((uint64_t)4 << 20)

#define CONFIG_PIPELINES_MAX 1000
#define CONFIG_ENTRIES_MAX 256 /* inputs, filters or outputs of one pipeline */

struct config_pipeline {
    char *name;
    struct config_place place;
    struct config_plugin *inputs, *filters, *outputs;
    size_t input_count, filter_count, output_count;
    struct config_buffer buffer;
};

/* What the plugins of `count` pipelines reserve, in bytes. */
uint64_t config_plugins_reserve(const struct config_pipeline *pipelines, size_t count);

/* What pipelines and entries can be called, so that the name can be part of a path or a metric: letters, digits,
 * "_", "-" and ".", at most CONFIG_NAME_MAX, a letter or digit first. */
#define CONFIG_NAME_MAX 64
bool config_is_name(const char *text);

enum config_message_format { MESSAGES_TEXT, MESSAGES_JSON };

struct config_service {
    char *data_dir;
    uint64_t
        memory_limit; /* bytes: what holds, the lower of what was asked for and what may be had */
    uint64_t memory_asked; /* as configured, or by default */
    /* What the control group allows, by which file, and what of it is left alone. group_bytes 0: no limit. */
    uint64_t group_bytes, group_margin;
    const char *group_file;
    weir_ms shutdown_timeout;
    int message_level;  /* enum weir_level */
    int message_format; /* enum config_message_format */
    char *admin_listen; /* "127.0.0.1:2020", "unix:/path", "off" */
    char *plugin_path;  /* a directory, or NULL */
};

/* True when the control group allows less than what was asked for. */
static inline bool config_is_lowered(const struct config_service *service)
{
    return service->memory_limit < service->memory_asked;
}

struct config {
    struct config_service service;
    struct config_pipeline *pipelines;
    size_t pipeline_count;
    uint64_t state_bytes; /* for what is known of sources, of all pipelines together */
    void *memory;         /* what names and places live in */
    const struct config_hooks *hooks;
};

/* Reads `path` ("-": standard input). Mistakes go to `diag`, all of them. Returns NULL when there was
 * at least one error (the caller prints `diag` and exits with 2), the configuration otherwise
 * (warnings may be in `diag`). */
struct config *config_read(const char *path, const struct config_hooks *hooks,
                           struct diagnostics *diag);

/* The same for a text without a file, called `name` in mistakes. Opens nothing and does not look at the
 * environment: includes, ${file:...} and variables without a default are mistakes. */
struct config *config_read_text(const char *name, struct weir_str text,
                                const struct config_hooks *hooks, struct diagnostics *diag);

/* Frees everything, plugin state and conditions included. NULL is fine; returns NULL. Plugins must
 * have been closed. */
struct config *config_free(struct config *config);

#endif
