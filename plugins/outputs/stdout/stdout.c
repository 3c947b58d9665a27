/* SPDX-License-Identifier: Apache-2.0 */
/* Records to standard output: for a look at what a pipeline makes, and for containers whose runtime
 * collects it.
 *
 * A batch is written in chunks: what the codec leaves as it stands in the batch at once, the rest encoded
 * into a buffer. Between chunks, and in the middle of one, the reader may be slow; then the delivery
 * stays where it is until the descriptor can be written to again. A record is settled as delivered when
 * its last byte has been written. A reader that has gone is told by the host's messages, and tried again
 * like any sink that is away.
 *
 * What was written cannot be taken back from a pipe. When a write fails in the middle of a record, a newline
 * comes before the next one, so that two halves are never read as a line. */
#include <weir/plugin.h>

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "channel.h"

#define WINDOW_BYTES ((size_t)1024 * 1024)
#define CHUNK_BYTES ((size_t)64 * 1024)
#define RECORD_BYTES_MAX ((size_t)8 * 1024 * 1024)
/* How long before the deadline of a stop what was written is settled, the rest given back. */
#define LAST_MOMENT_MS 50

struct out_stdout {
    struct weir_encoder *codec;
    struct weir_host *host;
    struct channel channel;
    struct weir_watch *watch; /* while the reader is waited for */
    struct weir_timer *last_moment;
    struct weir_bytes out;
    bool stopped; /* the time to stop is over */
    bool torn;    /* the last byte written stands within a record */

    struct weir_delivery *delivery; /* under way, or NULL */
    struct weir_slice slice;        /* its */
    uint32_t settled;               /* records before it are */
    uint32_t from, to;              /* the records that are being written: */
    struct weir_str chunk;          /* their bytes that are left, */
    size_t written;                 /* and how many were written */
};

static const struct weir_option options[] = {
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = offsetof(struct out_stdout, codec),
      .def = "json",
      .help = "How a record is written." },
    { 0 },
};

static uint32_t slice_end(const struct out_stdout *self)
{
    return self->slice.first + self->slice.count;
}

/* Settles what is left before `end`. When that is the last of it the delivery is gone. */
static void settle_to(struct out_stdout *self, uint32_t end, enum weir_outcome outcome,
                      struct weir_str why)
{
    const uint32_t first = weir_slice_next(&self->slice, self->settled);
    struct weir_delivery *delivery = self->delivery;
    if (first >= end)
        return;
    self->settled = end;
    if (weir_slice_next(&self->slice, end) == slice_end(self))
        self->delivery = NULL;
    weir_settle(delivery, first, end - first, outcome, why);
}

/* Makes the next chunk; false when there is none. Records that fit nowhere are rejected on the way. */
static bool next_chunk(struct out_stdout *self)
{
    while (self->delivery && self->to < slice_end(self)) {
        struct weir_str view;
        self->from = self->to;
        self->written = 0;
        self->out.len = 0;
        self->out.starved = false;
        self->to = weir_encode_view(self->codec, &self->slice, self->from, &view);
        if (self->to == self->from) {
            self->to = weir_encode(self->codec, &self->slice, self->from, &self->out, CHUNK_BYTES);
            view = (struct weir_str){ self->out.data, self->out.len };
        }
        self->chunk = view;
        if (view.len)
            return true;
        if (self->to == slice_end(self))
            return false;
        self->to = weir_slice_next(&self->slice, self->to);
        settle_to(self, self->to, WEIR_DELIVERED, WEIR_STR_NONE);
        if (self->out.starved) {
            settle_to(self, slice_end(self), WEIR_RETRY, WEIR_STR("out of memory"));
            return false;
        }
        settle_to(self, ++self->to, WEIR_REJECTED,
                  weir_refusal(&self->out, "the record is larger than 8 MiB"));
    }
    return false;
}

static void stop_waiting(struct out_stdout *self)
{
    self->watch = weir_watch_stop(self->watch);
}

/* The first record of the chunk that has not been written in full: they are encoded once more, one at a
 * time, and their lengths compared. */
static uint32_t first_unwritten(struct out_stdout *self)
{
    size_t whole = 0;
    uint32_t at = self->from;
    self->torn |= self->written > 0;
    while (at < self->to && whole < self->written) {
        self->out.len = 0;
        uint32_t next = weir_encode(self->codec, &self->slice, at, &self->out, 1);
        if (next == at || whole + self->out.len > self->written)
            break;
        whole += self->out.len;
        self->torn = whole < self->written;
        at = next;
    }
    return at;
}

static void give_back(struct out_stdout *self, const char *why)
{
    stop_waiting(self);
    settle_to(self, first_unwritten(self), WEIR_DELIVERED, WEIR_STR_NONE);
    if (self->delivery)
        settle_to(self, slice_end(self), WEIR_RETRY, weir_str_of(why));
}

static ssize_t write_chunk(struct out_stdout *self)
{
    ssize_t n;
    if (self->torn) {
        n = stdout_channel_write(&self->channel, "\n", 1);
        if (n < 0)
            return n;
        self->torn = false;
    }
    n = stdout_channel_write(&self->channel, self->chunk.ptr, self->chunk.len);
    if (n < 0)
        return n;
    self->chunk.ptr += n;
    self->chunk.len -= (size_t)n;
    self->written += (size_t)n;
    weir_output_bytes(self->host, (uint64_t)n);
    return n;
}

static void write_on(void *state);

static bool wait_for_reader(struct out_stdout *self)
{
    if (!self->watch)
        self->watch = weir_watch_start(self->host, self->channel.fd, WEIR_WRITABLE, write_on);
    return self->watch != NULL;
}

/* Writes until the delivery is done, or the reader must be waited for. */
static void write_on(void *state)
{
    struct out_stdout *self = state;
    while (self->chunk.len || next_chunk(self)) {
        ssize_t n = write_chunk(self);
        if (n == -EAGAIN && wait_for_reader(self))
            return;
        if (n < 0) {
            give_back(self, strerrordesc_np((int)-n));
            return;
        }
    }
    stop_waiting(self);
    if (self->delivery)
        settle_to(self, slice_end(self), WEIR_DELIVERED, WEIR_STR_NONE);
}

static void out_stdout_deliver(void *state, struct weir_delivery *delivery)
{
    struct out_stdout *self = state;
    if (self->stopped) {
        weir_settle_all(delivery, WEIR_RETRY, WEIR_STR("stopped"));
        return;
    }
    self->delivery = delivery;
    self->slice = *weir_delivery_slice(delivery);
    self->settled = self->from = self->to = self->slice.first;
    self->chunk = WEIR_STR_NONE;
    write_on(self);
}

static void give_up(void *state)
{
    struct out_stdout *self = state;
    self->stopped = true;
    if (self->delivery)
        give_back(self, "stopped before the reader of standard output took it");
}

/* The reader has until the deadline. */
static void out_stdout_drain(void *state, weir_ms deadline)
{
    struct out_stdout *self = state;
    weir_timer_set(self->last_moment, deadline > LAST_MOMENT_MS ? deadline - LAST_MOMENT_MS : 0);
}

static void out_stdout_explain(const void *state, struct weir_bytes *out)
{
    static const char text[] =
        "A record is delivered when the pipe, terminal or file has it, not when a reader has.\n";
    (void)state;
    (void)!weir_bytes_add(out, text, sizeof(text) - 1);
}

/* What was started without a standard output has this in its place. */
static bool leads_nowhere(void)
{
    struct stat st, null;
    return fstat(STDOUT_FILENO, &st) == 0 && S_ISCHR(st.st_mode) && stat("/dev/null", &null) == 0 &&
           st.st_rdev == null.st_rdev;
}

static int out_stdout_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct out_stdout *self = state;
    self->host = host;
    self->out.max = RECORD_BYTES_MAX;
    int r = stdout_channel_open(&self->channel, STDOUT_FILENO);
    if (r < 0)
        return weir_error_set(err, r, "standard output is closed");
    if (leads_nowhere())
        weir_warn(host, "standard output is closed or /dev/null: what is written there is gone",
                  weir_kv_int("fd", STDOUT_FILENO));
    self->last_moment = weir_timer_new(host, give_up);
    return self->last_moment ? 0 : weir_error_set(err, -ENOMEM, "out of memory for a timer");
}

static void out_stdout_close(void *state)
{
    struct out_stdout *self = state;
    stop_waiting(self);
    self->last_moment = weir_timer_free(self->last_moment);
    if (self->host)
        stdout_channel_close(&self->channel);
    weir_bytes_free(&self->out);
}

WEIR_PLUGIN(out_stdout) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "stdout",
    .summary = "Writes records to standard output.",
    .state_size = sizeof(struct out_stdout),
    .options = options,
    .explain = out_stdout_explain,
    .open = out_stdout_open,
    .close = out_stdout_close,
    .output = { .window = WINDOW_BYTES, .deliver = out_stdout_deliver, .drain = out_stdout_drain },
};
