/* SPDX-License-Identifier: Apache-2.0 */
/* Records into files: appended, whole, and acknowledged when they are as safe as was asked for.
 *
 *     options.c    the fsync policy, modes          table.c      open files by path, a bounded number
 *     path.c       cleaning rendered paths          committed.c  their sizes, across restarts
 *     place.c      opening, below a root            sink.c       one file: append, undo, sync, repair
 *     router.c     which record into which file     writer.c     records to writev()
 *     fates.c      what became of each record       file.c       options, deliveries, when to sync
 *
 * When a delivery is settled is the policy's word:
 *
 *     fsync: never     when write() has taken all of it
 *     fsync: batch     when the fdatasync() after it is done
 *     fsync: 1s        with the first fdatasync() a second (or less) later, together with all that were
 *                      written since: a group commit. A busy file is synced by volume instead, since
 *                      what waits here fills the buffer, and then nothing more comes.
 *
 * Deliveries are written in the order in which they come, at once, so that several under way at a time do
 * not change the order of a stream. When anything of a delivery fails, what was written of it is synced
 * and settled there and then, and the rest given back; the host waits and tries again.
 *
 * This thread is the output's own: a disk that takes ten seconds for a write holds up nothing else. */
#include <weir/plugin.h>

#include <errno.h>
#include <stdlib.h>

#include "fates.h"
#include "options.h"
#include "path.h"
#include "router.h"
#include "table.h"
#include "writer.h"

#define WINDOW_BYTES ((size_t)3 * 1024 * 1024)
#define PARALLEL 64
/* With fsync: DURATION. When so many bytes wait for a sync it comes now; when fewer do, but about a batch,
 * and nothing more comes for a moment, the buffer may be waiting for us. */
#define SYNC_BYTES_MAX ((uint64_t)4 * 1024 * 1024)
#define SYNC_BYTES_BUSY ((uint64_t)256 * 1024)
#define SYNC_QUIET_MS 2

struct out_file {
    /* options */
    struct weir_template *path;
    struct weir_encoder *codec;
    char *fsync, *mode;
    int64_t open_files;

    struct fsync_policy policy;
    struct weir_host *host;
    struct file_table files;
    struct router router; /* used when the path is not constant */
    struct writer writer;
    struct fates fates;
    struct weir_timer *timer;
    struct weir_delivery *waiting[PARALLEL]; /* written, to be settled with the next sync */
    unsigned waiting_count;
    uint64_t waiting_bytes;
};

static const struct weir_option options[] = {
    { .name = "path",
      .type = WEIR_TEMPLATE,
      .offset = offsetof(struct out_file, path),
      .required = true,
      .help =
          "Where to append, an absolute path. It may have parts that come from the record "
          "(/var/log/apps/$${app}/%Y-%m-%d.log): then nothing is written outside of the constant "
          "directory that it begins with." },
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = offsetof(struct out_file, codec),
      .def = "json",
      .help = "How a record is written." },
    { .name = "fsync",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_file, fsync),
      .def = "never",
      .help =
          "When a record counts as delivered: once the kernel has it (never), once it is on "
          "stable storage, synced after each batch (batch), or synced so often (a duration, 10ms to "
          "1h)." },
    { .name = "mode",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_file, mode),
      .def = "0640",
      .help = "Permissions of new files, in octal; new directories may be searched by whoever may "
              "read the files." },
    { .name = "open_files",
      .type = WEIR_INT,
      .offset = offsetof(struct out_file, open_files),
      .def = "64",
      .min = "1",
      .max = "250",
      .unit = "files",
      .help = "How many files are kept open when the path has variable parts." },
    { 0 },
};

static int check_path(const struct out_file *self, struct weir_error *err)
{
    struct weir_str source = weir_template_source(self->path);
    if (source.len < 2 || source.ptr[0] != '/' || source.ptr[source.len - 1] == '/' ||
        memchr(source.ptr, '\0', source.len))
        return weir_error_option(err, "path", "write the absolute path of a file, such as \"%s\"",
                                 "/var/log/archive/app.log");
    if (!weir_template_is_constant(self->path) && file_path_root_length(source) == 0)
        return weir_error_option(err, "path",
                                 "a path with variable parts must begin with a constant directory, "
                                 "which it will never leave: \"%s\"",
                                 "/var/log/apps/${app}.log");
    return 0;
}

static int out_file_check(void *state, struct weir_error *err)
{
    struct out_file *self = state;
    struct fsync_policy policy;
    mode_t mode;
    int r = file_fsync_parse(self->fsync, &policy, err);
    if (r == 0)
        r = file_mode_parse(self->mode, &mode, err);
    return r < 0 ? r : check_path(self, err);
}

static const char *what_an_ack_is_worth(enum fsync_when when)
{
    switch (when) {
    case FSYNC_NEVER:
        return "A record is delivered when the kernel has all of it: killing the agent loses nothing, but "
               "when the host crashes the last seconds of the file may be missing.\n";
    case FSYNC_BATCH:
        return "A record is delivered when it is on stable storage, which is seen to after each batch.\n";
    case FSYNC_INTERVAL:
        return "A record is delivered when it is on stable storage, which is seen to at intervals: so much "
               "later its source may forget it.\n";
    }
    return "";
}

static void out_file_explain(const void *state, struct weir_bytes *out)
{
    const struct out_file *self = state;
    struct fsync_policy policy;
    if (file_fsync_parse(self->fsync, &policy, NULL) < 0)
        return;
    struct weir_str text = weir_str_of(what_an_ack_is_worth(policy.when));
    (void)!weir_bytes_add(out, text.ptr, text.len);
    text = WEIR_STR("What was written and not acked when the agent was killed is written again.\n");
    (void)!weir_bytes_add(out, text.ptr, text.len);
}

static bool is_constant(const struct out_file *self)
{
    return weir_template_is_constant(self->path);
}

static void reason(struct out_file *self, const struct weir_slice *slice, uint32_t at,
                   enum weir_outcome outcome, const char *what, const struct file *file)
{
    file_fates_set(&self->fates, slice, at, slice->first + slice->count, outcome, weir_str_of(what),
                   file->path);
}

/* A path that comes from a record and can be no file's must not stop the others. */
static enum weir_outcome outcome_of_open(const struct out_file *self, int error)
{
    return !is_constant(self) && file_place_error_is_lasting(error) ? WEIR_REJECTED : WEIR_RETRY;
}

static void write_slice(struct out_file *self, struct file *file, const struct weir_slice *slice)
{
    const uint32_t end = slice->first + slice->count;
    uint32_t at = slice->first;
    int r = file_table_ready(&self->files, file);
    if (r < 0) {
        reason(self, slice, at, outcome_of_open(self, r), file_place_error_text(r), file);
        return;
    }
    while (at < end) {
        uint64_t bytes;
        r = file_writer_append(&self->writer, &file->sink, slice, &at, &bytes);
        weir_output_bytes(self->host, bytes);
        self->waiting_bytes += bytes;
        if (r == WRITER_REJECTED) {
            at = weir_slice_next(slice, at);
            file_fates_set(&self->fates, slice, at, at + 1, WEIR_REJECTED,
                           weir_refusal(&self->writer.out, "the record is larger than 8 MiB"),
                           file->path);
            at++;
        } else if (r < 0) {
            reason(self, slice, at, WEIR_RETRY, strerrordesc_np(-r), file);
            return;
        }
    }
}

static void write_to_one_file(struct out_file *self, const struct weir_slice *slice)
{
    struct file *file = file_table_find(&self->files, weir_template_text(self->path));
    if (file)
        write_slice(self, file, slice);
    else
        file_fates_set(&self->fates, slice, slice->first, slice->first + slice->count, WEIR_RETRY,
                       WEIR_STR("out of memory"), "a path");
}

static void write_to_files(struct out_file *self, const struct weir_slice *slice)
{
    const uint32_t end = slice->first + slice->count;
    struct router *router = &self->router;
    if (file_router_begin(router, slice->batch->count) < 0) {
        file_fates_set(&self->fates, slice, slice->first, end, WEIR_RETRY,
                       WEIR_STR("out of memory"), "a batch");
        return;
    }
    for (uint32_t at = slice->first, next; at < end; at = next) {
        next = file_router_assign(router, &self->files, slice, at, &self->fates);
        for (unsigned i = 0; router->in_batch > 0; i++) {
            struct file *file = &self->files.entries[i];
            if (!file->in_batch)
                continue;
            struct weir_slice own = file_router_records_of(router, slice, at, next, i);
            write_slice(self, file, &own);
            file->in_batch = false;
            router->in_batch--;
        }
    }
}

/* Syncs, and settles all that waits for it. 0 or -errno. */
static int commit(struct out_file *self)
{
    int r = self->policy.when == FSYNC_NEVER ? 0 : file_table_sync(&self->files);
    file_table_commit(&self->files);
    if (self->waiting_count)
        weir_timer_cancel(self->timer);
    const unsigned count = self->waiting_count;
    self->waiting_count = 0;
    self->waiting_bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        struct weir_str why = r < 0 ? weir_str_of(strerrordesc_np(-r)) : WEIR_STR_NONE;
        weir_settle_all(self->waiting[i], r < 0 ? WEIR_RETRY : WEIR_DELIVERED, why);
    }
    return r;
}

static void wait_for_sync(struct out_file *self, struct weir_delivery *delivery)
{
    self->waiting[self->waiting_count++] = delivery;
    if (self->waiting_count == PARALLEL || self->waiting_bytes >= SYNC_BYTES_MAX)
        (void)commit(self);
    else if (self->waiting_bytes >= SYNC_BYTES_BUSY)
        weir_timer_set(self->timer, SYNC_QUIET_MS);
    else if (self->waiting_count == 1)
        weir_timer_set(self->timer, self->policy.interval);
}

static void out_file_deliver(void *state, struct weir_delivery *delivery)
{
    struct out_file *self = state;
    const struct weir_slice *slice = weir_delivery_slice(delivery);
    file_fates_begin(&self->fates);
    if (is_constant(self))
        write_to_one_file(self, slice);
    else
        write_to_files(self, slice);
    file_writer_shrink(&self->writer);
    if (self->policy.when == FSYNC_INTERVAL && !self->fates.mixed) {
        wait_for_sync(self, delivery);
        return;
    }
    int r = commit(self);
    if (r < 0)
        file_fates_withdraw(&self->fates, strerrordesc_np(-r), "fdatasync");
    file_fates_settle(&self->fates, delivery);
}

static void sync_is_due(void *state)
{
    struct out_file *self = state;
    (void)commit(self);
}

static void out_file_drain(void *state, weir_ms deadline)
{
    struct out_file *self = state;
    (void)deadline;
    if (self->waiting_count)
        (void)commit(self);
}

static void out_file_reopen(void *state)
{
    struct out_file *self = state;
    if (self->waiting_count)
        (void)commit(self);
    file_table_close(&self->files);
}

/* Finds out at start, for a person who is looking, what the first record would meet later. */
static void try_path(struct out_file *self)
{
    struct file *file = file_table_find(&self->files, weir_template_text(self->path));
    int r = file ? file_table_ready(&self->files, file) : -ENOMEM;
    if (r < 0)
        weir_warn(self->host, "cannot open the file, will retry",
                  weir_kv_text("path", weir_template_text(self->path)),
                  weir_kv_str("error", file_place_error_text(r)));
}

static int out_file_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_file *self = state;
    struct place place = { .root_fd = -1 };
    self->host = host;
    self->writer = (struct writer){ .codec = self->codec, .out = { .max = WRITER_RECORD_MAX } };
    int r = file_fsync_parse(self->fsync, &self->policy, err);
    if (r == 0)
        r = file_mode_parse(self->mode, &place.file_mode, err);
    if (r < 0)
        return r;
    place.directory_mode = file_directory_mode(place.file_mode);
    place.durable = self->policy.when != FSYNC_NEVER;
    if (!is_constant(self)) {
        r = file_router_init(&self->router, self->path);
        place.root = self->router.root;
    }
    if (r == 0)
        r = file_table_init(&self->files, host, place,
                            is_constant(self) ? 1 : (unsigned)self->open_files);
    self->timer = weir_timer_new(host, sync_is_due);
    if (r < 0 || !self->timer)
        return weir_error_set(err, -ENOMEM, "out of memory");
    if (is_constant(self))
        try_path(self);
    return 0;
}

static void out_file_close(void *state)
{
    struct out_file *self = state;
    self->timer = weir_timer_free(self->timer);
    file_table_deinit(&self->files);
    file_router_deinit(&self->router);
    file_fates_deinit(&self->fates);
    weir_bytes_free(&self->writer.out);
}

static struct weir_str out_file_writes(const void *state)
{
    const struct out_file *self = state;
    return weir_template_is_constant(self->path) ? weir_template_text(self->path) : WEIR_STR_NONE;
}

WEIR_PLUGIN(out_file) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "file",
    .summary = "Appends records to files.",
    .state_size = sizeof(struct out_file),
    .options = options,
    .check = out_file_check,
    .explain = out_file_explain,
    .open = out_file_open,
    .close = out_file_close,
    .output = { .window = WINDOW_BYTES,
                .parallel = PARALLEL,
                .deliver = out_file_deliver,
                .drain = out_file_drain,
                .reopen = out_file_reopen,
                .writes = out_file_writes },
};
