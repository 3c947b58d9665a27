/* SPDX-License-Identifier: Apache-2.0 */
/* What a pipeline may hold, in memory and on disk. How the pipelines share the memory is in shares.c.
 *
 * Whether `disk` and `dead_letter` fit onto the file system is not asked: that changes while the agent runs,
 * and it lives with a full disk. But a key that would mean nothing is refused, since whoever wrote it
 * expects something of it: "durable: true" beside no disk tier makes nothing durable. */
#include "config/buffer.h"

#include <stdio.h>

#include "base/units.h"
#include "config/option_value.h"

#define DISK_BYTES_MIN ((uint64_t)1 << 20)
#define FSYNC_MIN ((weir_ms)10)
#define FSYNC_MAX ((weir_ms)3600000)

/* What the tables fill. */
struct buffer_keys {
    struct config_buffer buffer;
    char *fsync;
};

#define AT(member) offsetof(struct buffer_keys, member)

static const char *const when_full_words[] = { "block", "drop_oldest", "drop_newest", NULL };
static const char *const compressions[] = { "none", "lz4", "zstd", NULL };

#define SHED_ROW(word, severities)                                                                 \
    {                                                                                              \
        .name = #word, .type = WEIR_INT, .offset = AT(buffer.shed_##word), .min = "1",             \
        .max = "100", .unit = "% of disk",                                                         \
        .help = "From this fill of the disk tier on, " severities " are refused."                  \
    }

static const struct weir_option shed_options[] = {
    SHED_ROW(debug, "records of severity debug and trace"),
    SHED_ROW(info, "those of severity info and below"),
    SHED_ROW(warn, "those of severity warn and below"),
    { 0 },
};

const struct weir_option buffer_options[] = {
    { .name = "memory",
      .type = WEIR_SIZE,
      .offset = AT(buffer.memory),
      .min = "1MiB",
      .max = "1TiB",
      .help =
          "What the pipeline may hold in memory; when it is full, inputs wait, or records go to the disk "
          "tier. Without it: 16MiB, or an equal share of what service.memory_limit leaves." },
    { .name = "disk",
      .type = WEIR_SIZE,
      .offset = AT(buffer.disk),
      .def = "0",
      .max = "1PiB",
      .help =
          "What the pipeline may hold on disk besides, below service.data_dir: at least 1MiB. 0: it "
          "has no disk tier, and the options below have no meaning." },
    { .name = "when_full",
      .type = WEIR_ENUM,
      .offset = AT(buffer.when_full),
      .def = "block",
      .choices = when_full_words,
      .help =
          "When memory and disk tier are full: inputs wait; or what has waited longest is dropped, "
          "for all outputs; or what comes in is dropped. What is dropped is counted." },
    { .name = "durable",
      .type = WEIR_BOOL,
      .offset = AT(buffer.durable),
      .def = "false",
      .help =
          "Records of an input that cannot be read again, such as stdin, count as taken only when "
          "they are on stable storage." },
    { .name = "fsync",
      .type = WEIR_TEXT,
      .offset = AT(fsync),
      .def = "1s",
      .help =
          "When what was written to the disk tier is forced to stable storage: `batch` (each time "
          "before anything rests on it), a duration from 10ms to 1h, or `never`." },
    { .name = "retention",
      .type = WEIR_DURATION,
      .offset = AT(buffer.retention),
      .def = "0s",
      .help =
          "How long what every output has acked is kept in the disk tier, for `weir buffer replay`. It "
          "goes first when room is needed." },
    { .name = "retention_size",
      .type = WEIR_SIZE,
      .offset = AT(buffer.retention_bytes),
      .def = "0",
      .help = "How much of that is kept at most. 0: as much as `disk` leaves." },
    { .name = "compression",
      .type = WEIR_ENUM,
      .offset = AT(buffer.compression),
      .def = "lz4",
      .choices = compressions,
      .help = "How the disk tier is compressed." },
    { .name = "shed",
      .type = WEIR_GROUP,
      .group = shed_options,
      .help =
          "Which records are given up first as the disk tier fills. None, unless it says so; never one without a severity." },
    { 0 },
};

const struct weir_option dead_letter_options[] = {
    { .name = "max_size",
      .type = WEIR_SIZE,
      .offset = offsetof(struct config_buffer, dead_letter_bytes),
      .def = "100MiB",
      .max = "1PiB",
      .help =
          "How much of what a sink has refused for good is kept, below service.data_dir, for `weir "
          "deadletter`: at least 1MiB. When it is full the oldest go. 0: refused records are dropped, "
          "and counted." },
    { 0 },
};

/* ---- what the tables cannot say ------------------------------------------------------------------------ */

struct buffer_reading {
    struct reading *reading;
    const char *what;       /* "the buffer of pipeline ..." */
    const struct node *map; /* NULL: all is at its default */
    struct buffer_keys keys;
};

/* What is wrong with the value `found`, in the words for what tables can see. Returns false. */
static bool say(const struct buffer_reading *read, const struct node *found, const char *key,
                const char *what)
{
    static const struct weir_option row;
    const struct option_at at = { &read->reading->options, &row, key, read->what };
    char text[OPTION_FOUND_MAX];
    option_found(&at, found, text);
    return option_say(&at, found->place, "%s%s", what, text);
}

static const struct node *find(const struct buffer_reading *read, const char *key)
{
    return read->map ? node_find(read->map, weir_str_of(key)) : NULL;
}

/* A size that may be 0, or is not small. */
static bool check_size(const struct buffer_reading *read, const char *key, uint64_t bytes)
{
    return bytes == 0 || bytes >= DISK_BYTES_MIN ||
           say(read, find(read, key), key, "must be 0, or at least 1MiB");
}

static bool check_fsync(struct buffer_reading *read)
{
    struct config_buffer *buffer = &read->keys.buffer;
    const struct node *node = find(read, "fsync");
    const char *text = read->keys.fsync;
    weir_ms interval = 0;
    if (strcmp(text, "batch") == 0)
        interval = CONFIG_FSYNC_BATCH;
    else if (strcmp(text, "never") == 0)
        interval = CONFIG_FSYNC_NEVER;
    else if (units_parse_duration(weir_str_of(text), &interval) != UNITS_OK ||
             interval < FSYNC_MIN || interval > FSYNC_MAX)
        return say(read, node, "fsync", "must be batch, never, or a duration from 10ms to 1h");
    buffer->fsync_every = interval;
    if (buffer->durable && interval == CONFIG_FSYNC_NEVER)
        return say(read, node, "fsync", "must be batch or a duration where \"durable\" is true");
    return true;
}

/* What matters less goes first. */
static bool check_shed(const struct buffer_reading *read)
{
    const struct config_buffer *buffer = &read->keys.buffer;
    const struct {
        const char *word;
        int64_t percent;
    } steps[] = { { "debug", buffer->shed_debug },
                  { "info", buffer->shed_info },
                  { "warn", buffer->shed_warn } };
    size_t last = 0;
    char key[32], what[64];
    for (size_t i = 1; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (steps[i].percent && steps[i].percent < steps[last].percent) {
            snprintf(key, sizeof(key), "shed.%s", steps[i].word);
            snprintf(what, sizeof(what), "must be at least that of %s, %d", steps[last].word,
                     (int)steps[last].percent);
            return say(read, node_find(find(read, "shed"), weir_str_of(steps[i].word)), key, what);
        }
        last = steps[i].percent ? i : last;
    }
    return true;
}

/* Without a disk tier, what would have a meaning only with one. */
static bool check_no_disk(const struct buffer_reading *read)
{
    const struct config_buffer *buffer = &read->keys.buffer;
    const struct {
        const char *key;
        bool changes_nothing;
    } rows[] = {
        { "when_full", buffer->when_full == WHEN_FULL_BLOCK },
        { "durable", !buffer->durable },
        { "fsync", false },
        { "retention", buffer->retention == 0 },
        { "retention_size", buffer->retention_bytes == 0 },
        { "compression", false },
        { "shed", !buffer->shed_debug && !buffer->shed_info && !buffer->shed_warn },
    };
    bool good = true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct node *node = find(read, rows[i].key);
        if (!node || rows[i].changes_nothing)
            continue;
        reading_error(
            read->reading, node->key_place,
            "option \"%s\" of %s needs a disk tier: give \"disk\" a size, or leave this out",
            rows[i].key, read->what);
        good = false;
    }
    return good;
}

static bool check(struct buffer_reading *read)
{
    const struct config_buffer *buffer = &read->keys.buffer;
    bool good = check_size(read, "disk", buffer->disk);
    if (buffer->disk == 0)
        return check_no_disk(read);
    good &= check_fsync(read);
    good &= check_shed(read);
    if (buffer->retention_bytes && buffer->retention == 0)
        good = say(read, find(read, "retention_size"), "retention_size",
                   "must be 0 where \"retention\" is, which keeps nothing");
    return good;
}

static bool read_dead_letter(struct reading *reading, struct config_pipeline *pipeline,
                             const struct node *map)
{
    struct buffer_reading read = {
        .reading = reading,
        .what = memory_format(reading->options.memory, "the dead letters of pipeline \"%s\"",
                              pipeline->name),
        .map = map && !node_is_empty(map) ? map : NULL,
    };
    if (read.map && read.map->kind != NODE_MAP) {
        reading_error(reading, map->place, "\"dead_letter\" must be a map, not %s",
                      node_describe(map));
        return false;
    }
    const struct options_section section = { .what = read.what,
                                             .table = dead_letter_options,
                                             .state = &pipeline->buffer };
    return options_fill(&reading->options, &section, read.map, pipeline->place) &&
           check_size(&read, "max_size", pipeline->buffer.dead_letter_bytes);
}

bool buffer_read(struct reading *reading, struct config_pipeline *pipeline, const struct node *map,
                 const struct node *dead_letter)
{
    struct buffer_reading read = {
        .reading = reading,
        .what =
            memory_format(reading->options.memory, "the buffer of pipeline \"%s\"", pipeline->name),
        .map = map && !node_is_empty(map) ? map : NULL,
        .keys.buffer.place = map ? map->place : pipeline->place,
    };
    if (read.map && read.map->kind != NODE_MAP) {
        reading_error(reading, map->place, "\"buffer\" must be a map, not %s", node_describe(map));
        return false;
    }
    const struct options_section section = { .what = read.what,
                                             .table = buffer_options,
                                             .state = &read.keys };
    bool good =
        options_fill(&reading->options, &section, read.map, pipeline->place) && check(&read);
    pipeline->buffer = read.keys.buffer;
    return read_dead_letter(reading, pipeline, dead_letter) && good;
}
