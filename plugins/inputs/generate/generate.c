/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered lines at a given rate, or as fast as the pipeline takes them: load for tests and benchmarks.
 *
 * The stream is made, not read, and can be made again from any position (line.c). So this is a replayable
 * input: after a restart it goes on behind the last line that every output has acked, and nothing is
 * missing or made twice but what was under way. Which stream it is, seed, size and template say:
 * change one of them and it begins anew; `weir positions reset` begins the same one again.
 *
 * A rate is kept by the clock: each time the timer fires as many lines are made as are due since the
 * last time. At high rates it fires every few milliseconds and makes many. When the pipeline was full,
 * what became due meanwhile is made up for, but for no more than a second. */
#include <weir/plugin.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>

#include "line.h"

#define TICK_MS 5        /* between two bursts at high rates */
#define CATCH_UP_MS 1000 /* of lines that are due at once */

struct in_generate {
    int64_t count, seed;
    double rate;
    uint64_t size;
    char *template;

    struct weir_host *host;
    struct weir_stream *stream;
    struct weir_timer *timer;
    struct generate_line *line;
    uint64_t next; /* the number of the next line */
    weir_ms since; /* when counting what is due began, */
    uint64_t made; /* and how many were made from then on */
    bool ended;
};

static const struct weir_option options[] = {
    { .name = "count",
      .type = WEIR_INT,
      .offset = offsetof(struct in_generate, count),
      .def = "0",
      .min = "0",
      .unit = "lines",
      .help = "How many lines there are; 0: no end." },
    { .name = "rate",
      .type = WEIR_NUMBER,
      .offset = offsetof(struct in_generate, rate),
      .def = "1",
      .min = "0",
      .max = "1e9",
      .unit = "lines/s",
      .help = "How many lines are made in a second; 0: as many as the pipeline takes." },
    { .name = "size",
      .type = WEIR_SIZE,
      .offset = offsetof(struct in_generate, size),
      .def = "100B",
      .min = "1B",
      .max = "64KiB",
      .help = "Length of a line, without its newline." },
    { .name = "seed",
      .type = WEIR_INT,
      .offset = offsetof(struct in_generate, seed),
      .def = "1",
      .help = "What the filler is drawn from." },
    { .name = "template",
      .type = WEIR_TEXT,
      .offset = offsetof(struct in_generate, template),
      .def = "seq={seq} {pad}",
      .help =
          "The line: {seq} is its number from 0 with 12 digits, {n} the number as it is, and {pad} (or its "
          "end) what fills it up." },
    { 0 },
};

static struct generate_line *make_line(const struct in_generate *self, struct weir_error *err)
{
    return generate_line_new(self->template, self->size, (uint64_t)self->seed, err);
}

static int in_generate_check(void *state, struct weir_error *err)
{
    struct generate_line *line = make_line(state, err);
    int r = line ? 0 : -EINVAL;
    generate_line_free(line);
    return r;
}

static size_t line_bytes(const struct in_generate *self)
{
    return self->size + 1;
}

/* How many lines are due now. */
static uint64_t due(const struct in_generate *self)
{
    if (self->rate == 0)
        return UINT64_MAX;
    double total = (double)(weir_now(self->host) - self->since) * self->rate / 1000;
    return total > (double)self->made ? (uint64_t)total - self->made : 0;
}

static bool is_at_end(const struct in_generate *self)
{
    return self->count && self->next >= (uint64_t)self->count;
}

/* Makes a block of lines, `most` at most; false when the pipeline is full. */
static bool make_block(struct in_generate *self, uint64_t most)
{
    size_t room;
    struct weir_block *block = weir_block_new(self->host, WEIR_BLOCK_BYTES);
    if (!block)
        return false;
    char *data = weir_block_room(block, &room);
    const size_t bytes = line_bytes(self);
    uint64_t lines = room / bytes < most ? room / bytes : most;
    if (self->count && lines > (uint64_t)self->count - self->next)
        lines = (uint64_t)self->count - self->next;
    for (uint64_t i = 0; i < lines; i++)
        generate_line_put(self->line, self->next + i, data + i * bytes);
    struct weir_lines taken =
        weir_block_lines(block, self->stream, self->next * bytes, lines * bytes, 0, NULL);
    assert(taken.bytes == taken.count * bytes);
    self->next += taken.count;
    self->made += taken.count;
    weir_emit(self->host, block);
    return true;
}

/* When more is due: at the next line, or at the next tick if that is later. */
static void set_timer(struct in_generate *self)
{
    double at = (double)(self->made + 1) * 1000 / self->rate;
    weir_ms wait = self->since + (weir_ms)at + 1 - weir_now(self->host);
    weir_timer_set(self->timer, wait > TICK_MS ? wait : TICK_MS);
}

static void in_generate_work(void *state)
{
    struct in_generate *self = state;
    if (self->ended)
        return;
    uint64_t most = due(self);
    if (most > 0 && !is_at_end(self) && !make_block(self, most))
        return; /* the host calls resume() */
    if (is_at_end(self)) {
        self->ended = true;
        weir_input_end(self->host);
    } else if (self->rate == 0 || due(self) > 0) {
        weir_input_again(self->host);
    } else {
        set_timer(self);
    }
}

static void in_generate_resume(void *state)
{
    struct in_generate *self = state;
    if (self->rate > 0 && (double)due(self) > self->rate * CATCH_UP_MS / 1000) {
        self->since = weir_now(self->host) - CATCH_UP_MS;
        self->made = 0;
    }
    weir_input_again(self->host);
}

static int in_generate_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct in_generate *self = state;
    self->host = host;
    self->line = make_line(self, err);
    if (!self->line)
        return -EINVAL;
    self->timer = weir_timer_new(host, in_generate_work);
    return self->timer ? 0 : weir_error_set(err, -ENOMEM, "out of memory");
}

/* The stream of this seed, size and template as an earlier run left it, or a new one. */
static struct weir_stream_state find_stream(struct in_generate *self)
{
    char identity[512];
    struct weir_stream_state state = { 0 }, stored;
    int len = snprintf(identity, sizeof(identity), "%lld %llu %s", (long long)self->seed,
                       (unsigned long long)self->size, self->template);
    size_t used = (size_t)len < sizeof(identity) ? (size_t)len : sizeof(identity) - 1;
    weir_stream_id(self->host, identity, used, state.id);
    for (size_t i = 0; weir_stream_stored(self->host, i, &stored); i++)
        if (memcmp(stored.id, state.id, sizeof(state.id)) == 0)
            return stored;
    return state;
}

static int in_generate_start(void *state)
{
    struct in_generate *self = state;
    struct weir_stream_state stream = find_stream(self);
    self->stream = weir_stream_open(self->host, &stream, self);
    if (!self->stream)
        return -ENOMEM;
    self->next = stream.position / line_bytes(self);
    self->since = weir_now(self->host);
    if (is_at_end(self))
        weir_info(self->host, "all lines were made in an earlier run",
                  weir_kv_int("count", self->count));
    weir_input_again(self->host);
    return 0;
}

static void in_generate_stop(void *state)
{
    struct in_generate *self = state;
    weir_timer_cancel(self->timer);
    self->ended = true;
}

static void in_generate_close(void *state)
{
    struct in_generate *self = state;
    self->timer = weir_timer_free(self->timer);
    self->line = generate_line_free(self->line);
}

WEIR_PLUGIN(in_generate) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_INPUT,
    .name = "generate",
    .summary = "Makes numbered lines, as many and as fast as is asked for.",
    .state_size = sizeof(struct in_generate),
    .options = options,
    .check = in_generate_check,
    .open = in_generate_open,
    .close = in_generate_close,
    .input = { .flags = WEIR_REPLAYABLE,
               .start = in_generate_start,
               .work = in_generate_work,
               .resume = in_generate_resume,
               .stop = in_generate_stop },
};
