/* SPDX-License-Identifier: Apache-2.0 */
/* Lines from standard input: the smallest real input.
 *
 *     split.c    which lines are short enough         acks.c    telling the writer what is safe
 *     stdin.c    reading into blocks, and handing them on
 *
 * Standard input is a push input: what was read cannot be read again, so nothing about it is kept across
 * restarts. Its stream's id is drawn anew at each start; positions are bytes since then.
 *
 * It is read into the block itself, behind what an incomplete last line left there:
 *
 *     block   | taken lines | rest of a line | room ...
 *
 * When a block goes to the pipeline, the rest is put aside (`carry`) and into the next one. One turn reads
 * what is there, up to about a block, and hands it on at once; under load the watch is moderated, so
 * turns become few and large by themselves. A pipe or terminal is watched; a file cannot be, and is read
 * a turn at a time until its end.
 *
 * A line longer than `max_line` is cut there, marked, and left as soon as it is known to be too long; the rest
 * of it is passed over. */
#include <weir/plugin.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "acks.h"
#include "split.h"

#define TURN_BYTES ((size_t)512 * 1024)    /* read before others on this thread have their turn */
#define READ_BYTES_MIN ((size_t)16 * 1024) /* less room is not worth a read */
#define PIPE_BYTES (1024 * 1024)           /* what we ask a pipe to hold: fewer, larger reads */

struct in_stdin {
    uint64_t max_line;
    bool strip_cr;
    int64_t ack_fd;

    struct weir_host *host;
    struct weir_stream *stream;
    struct weir_watch *watch, *ack_watch;
    struct acks acks;
    struct weir_block *block;
    size_t rest; /* bytes of an incomplete line at the start of the block's room */
    char *carry; /* the same between two blocks; as large as a block can be */
    size_t carry_len;
    uint64_t position; /* of the first byte that is not taken */
    uint64_t lost;     /* bytes of long lines, not reported yet */
    bool skipping;     /* within a line that was too long */
    bool behind;       /* the rest holds lines that the block's index had no room for */
    bool watchable;
    bool ended;
};

static const struct weir_option options[] = {
    { .name = "max_line",
      .type = WEIR_SIZE,
      .offset = offsetof(struct in_stdin, max_line),
      .def = "1MiB",
      .min = "1KiB",
      .max = "64MiB",
      .help = "A longer line is cut there and marked as truncated; the rest of it is lost." },
    { .name = "strip_cr",
      .type = WEIR_BOOL,
      .offset = offsetof(struct in_stdin, strip_cr),
      .def = "true",
      .help = "Takes a carriage return before the newline for a part of the line's end." },
    { .name = "ack_fd",
      .type = WEIR_INT,
      .offset = offsetof(struct in_stdin, ack_fd),
      .def = "-1",
      .min = "-1",
      .max = "1048575",
      .help =
          "An open descriptor on which the number of taken records is printed, a line each time that "
          "it has grown; -1: none." },
    { 0 },
};

static size_t block_bytes(const struct in_stdin *self)
{
    size_t want = 2 * self->carry_len + READ_BYTES_MIN;
    return want > WEIR_BLOCK_BYTES ? want : WEIR_BLOCK_BYTES;
}

/* The largest block there can be: before it a block with a line of max_line at most, or a full one. */
static size_t carry_bytes(const struct in_stdin *self)
{
    size_t largest = self->max_line > WEIR_BLOCK_BYTES ? self->max_line : WEIR_BLOCK_BYTES;
    return 2 * largest + READ_BYTES_MIN;
}

static unsigned line_flags(const struct in_stdin *self)
{
    return self->strip_cr ? WEIR_RUN_STRIP_CR : 0;
}

/* ---- taking lines ------------------------------------------------------------------------------------ */

static void left(struct in_stdin *self, uint64_t bytes, uint64_t records)
{
    self->position += bytes;
    if (self->acks.pending)
        stdin_acks_add(&self->acks, self->position, records);
}

/* Passes over the first `skip` of the `len` bytes in the room. */
static size_t pass_over(struct in_stdin *self, size_t skip, size_t len)
{
    size_t room;
    char *data = weir_block_room(self->block, &room);
    memmove(data, data + skip, len - skip);
    self->position += skip;
    return len - skip;
}

/* Passes over what is left of a line that was too long. */
static size_t skip_line(struct in_stdin *self, size_t len)
{
    size_t room;
    const char *data = weir_block_room(self->block, &room);
    const char *newline = memchr(data, '\n', len);
    size_t skip = newline ? (size_t)(newline - data) + 1 : len;
    self->skipping = !newline;
    self->lost += skip - (newline ? 1 : 0);
    return pass_over(self, skip, len);
}

/* Takes the head of the long line that the room begins with. False when the block's index is full. */
static bool take_long(struct in_stdin *self, const struct stdin_split *split, size_t *len)
{
    const size_t line = split->long_len + split->long_ends;
    if (!weir_block_record(self->block, self->stream, self->position, self->position + line, 0,
                           split->long_cut, WEIR_RUN_TRUNCATED))
        return false;
    left(self, line, 1);
    self->lost += split->long_len - split->long_cut;
    self->skipping = !split->long_ends;
    /* The record has taken its bytes and one for the newline; the rest of the line stands in the room. */
    const uint64_t position = self->position;
    *len = pass_over(self, line - split->long_cut - 1, *len - split->long_cut - 1);
    self->position = position;
    return true;
}

/* Takes the lines of the `len` bytes in the room; what is left is `rest`. False when the block's index is
 * full, and more lines may be left than an incomplete one. */
static bool take(struct in_stdin *self, size_t len)
{
    bool fits = true;
    while (fits && len > 0) {
        if (self->skipping) {
            len = skip_line(self, len);
            continue;
        }
        size_t room;
        struct stdin_split split =
            stdin_split(weir_block_room(self->block, &room), len, self->max_line);
        struct weir_lines lines = { 0 };
        if (split.lines)
            lines = weir_block_lines(self->block, self->stream, self->position, split.lines,
                                     line_flags(self), NULL);
        left(self, lines.bytes, lines.count);
        len -= lines.bytes;
        fits = lines.bytes == split.lines ||
               !memchr(weir_block_room(self->block, &room), '\n', split.lines - lines.bytes);
        if (!split.is_long)
            break;
        fits = fits && take_long(self, &split, &len);
    }
    self->rest = len;
    self->behind = !fits;
    return fits;
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

static void put_aside(struct in_stdin *self)
{
    size_t room;
    assert(self->rest <= carry_bytes(self));
    memcpy(self->carry, weir_block_room(self->block, &room), self->rest);
    self->carry_len = self->rest;
    self->rest = 0;
}

static void hand_over(struct in_stdin *self)
{
    if (!self->block)
        return;
    put_aside(self);
    weir_emit(self->host, self->block);
    self->block = NULL;
    if (self->lost)
        weir_input_lost(self->host, "max_line", 0, self->lost);
    self->lost = 0;
}

/* Makes sure of a block with room to read into, in which what was left before stands. False: the pipeline
 * is full. */
static bool have_block(struct in_stdin *self)
{
    for (;;) {
        size_t room;
        if (self->block) {
            weir_block_room(self->block, &room);
            if (room - self->rest > READ_BYTES_MIN / 2)
                return true;
            hand_over(self);
        }
        self->block = weir_block_new(self->host, block_bytes(self));
        if (!self->block)
            return false;
        char *data = weir_block_room(self->block, &room);
        memcpy(data, self->carry, self->carry_len);
        if (!take(self, self->carry_len))
            hand_over(self);
        else
            self->carry_len = 0;
    }
}

/* ---- reading ------------------------------------------------------------------------------------------- */

static void stop_watching(struct in_stdin *self)
{
    self->watch = weir_watch_stop(self->watch);
}

/* The incomplete last line is a record too. False: the pipeline is full. */
static bool take_last_line(struct in_stdin *self)
{
    if (!have_block(self))
        return false;
    while (self->rest > 0) {
        /* At most max_line bytes, or take() had taken it. */
        if (weir_block_record(self->block, self->stream, self->position,
                              self->position + self->rest, 0, self->rest,
                              line_flags(self) | WEIR_RUN_PARTIAL)) {
            left(self, self->rest, 1);
            self->rest = 0;
            break;
        }
        hand_over(self);
        if (!have_block(self))
            return false;
    }
    hand_over(self);
    return true;
}

static void end(struct in_stdin *self)
{
    stop_watching(self);
    self->ended = true;
    if (take_last_line(self))
        weir_input_end(self->host);
}

/* Reads once: how many bytes; 0 when there is nothing to be read now, or ever. */
static size_t read_once(struct in_stdin *self)
{
    size_t room;
    char *data = weir_block_room(self->block, &room);
    /* One byte stays free for the newline that the last record may need. */
    ssize_t n = read(STDIN_FILENO, data + self->rest, room - self->rest - 1);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n < 0)
        weir_error(self->host, "cannot read standard input, which ends here",
                   weir_kv_str("error", strerrordesc_np(errno)));
    if (n <= 0) {
        end(self);
        return 0;
    }
    if (!take(self, self->rest + (size_t)n))
        hand_over(self);
    return (size_t)n;
}

static bool can_read_more(void)
{
    struct pollfd poll_fd = { .fd = STDIN_FILENO, .events = POLLIN };
    return poll(&poll_fd, 1, 0) > 0;
}

/* Lets go of every line that is here. False: the pipeline is full. */
static bool hand_on(struct in_stdin *self)
{
    for (;;) {
        if (self->block && !weir_block_is_empty(self->block))
            hand_over(self);
        if (!self->behind)
            return true;
        if (!have_block(self))
            return false;
    }
}

static void in_stdin_work(void *state)
{
    struct in_stdin *self = state;
    size_t total = 0, n;
    if (self->ended)
        return;
    do {
        if (!have_block(self)) { /* the host calls resume() */
            stop_watching(self);
            return;
        }
        n = read_once(self);
        total += n;
    } while (n > 0 && total < TURN_BYTES && can_read_more());
    if (self->ended)
        return;
    if (!hand_on(self))
        stop_watching(self);
    else if (!self->watchable)
        weir_input_again(self->host);
}

/* True when it is watched, or need not be. */
static bool watch(struct in_stdin *self)
{
    if (self->watchable && !self->watch)
        self->watch = weir_watch_start(self->host, STDIN_FILENO, WEIR_READABLE | WEIR_MODERATED,
                                       in_stdin_work);
    return !self->watchable || self->watch;
}

static void in_stdin_resume(void *state)
{
    struct in_stdin *self = state;
    if (self->ended) {
        end(self);
        return;
    }
    if (!hand_on(self))
        return;
    if (!watch(self))
        weir_error(self->host, "cannot watch standard input any more",
                   weir_kv_str("error", strerrordesc_np(errno)));
    if (!self->watchable)
        weir_input_again(self->host);
}

/* What was read cannot be read again: it goes with the rest, newline or not. */
static void in_stdin_stop(void *state)
{
    struct in_stdin *self = state;
    stop_watching(self);
    self->ended = true;
    if (!take_last_line(self))
        weir_input_lost(self->host, "stopped", 1, self->carry_len);
}

/* ---- acks ------------------------------------------------------------------------------------------------ */

static void write_acks(void *state)
{
    struct in_stdin *self = state;
    int r = stdin_acks_write(&self->acks);
    if (r == -EAGAIN && !self->ack_watch)
        self->ack_watch = weir_watch_start(self->host, self->acks.fd, WEIR_WRITABLE, write_acks);
    if (r == 0)
        self->ack_watch = weir_watch_stop(self->ack_watch);
    if (r == 0 || r == -EAGAIN)
        return;
    weir_warn(self->host, "cannot print the number of taken records, and will not again",
              weir_kv_str("error", strerrordesc_np(-r)));
    self->ack_watch = weir_watch_stop(self->ack_watch);
    stdin_acks_deinit(&self->acks);
}

static void in_stdin_committed(void *state, struct weir_stream *stream, uint64_t position)
{
    struct in_stdin *self = state;
    (void)stream;
    if (!self->acks.pending)
        return;
    stdin_acks_commit(&self->acks, position);
    write_acks(self);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

/* Whether a descriptor was there when the process began. The agent's own are closed on exec, those that it was given are
 * not; a number that it was not given may by now be that of a file of its own, which must not be written to. */
static bool is_inherited(int fd)
{
    const int flags = fcntl(fd, F_GETFD);
    return flags >= 0 && !(flags & FD_CLOEXEC);
}

static int in_stdin_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct in_stdin *self = state;
    self->host = host;
    if (self->ack_fd >= 0 && !is_inherited((int)self->ack_fd))
        return weir_error_option(err, "ack_fd", "descriptor %lld is not open",
                                 (long long)self->ack_fd);
    self->carry = malloc(carry_bytes(self));
    int r = self->ack_fd >= 0 ? stdin_acks_init(&self->acks, (int)self->ack_fd) : 0;
    return self->carry && r == 0 ? 0 : weir_error_set(err, -ENOMEM, "out of memory");
}

static int in_stdin_start(void *state)
{
    struct in_stdin *self = state;
    struct weir_stream_state stream = { 0 };
    uint8_t incarnation[16];
    if (getrandom(incarnation, sizeof(incarnation), 0) != sizeof(incarnation))
        return -errno;
    weir_stream_id(self->host, incarnation, sizeof(incarnation), stream.id);
    self->stream = weir_stream_open(self->host, &stream, self);
    if (!self->stream)
        return -ENOMEM;
    int pipe_bytes = fcntl(STDIN_FILENO, F_GETPIPE_SZ);
    if (pipe_bytes > 0 && pipe_bytes < PIPE_BYTES)
        (void)fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_BYTES); /* as large as it was is fine, too */
    self->watchable = true;
    if (watch(self))
        return 0;
    if (errno != EPERM)
        return -errno;
    self->watchable = false; /* a regular file */
    weir_input_again(self->host);
    return 0;
}

static void in_stdin_close(void *state)
{
    struct in_stdin *self = state;
    stop_watching(self);
    self->ack_watch = weir_watch_stop(self->ack_watch);
    if (self->acks.pending)
        (void)!stdin_acks_write(&self->acks); /* the last chance for a reader that was slow */
    stdin_acks_deinit(&self->acks);
    free(self->carry);
    self->carry = NULL;
}

static void in_stdin_explain(const void *state, struct weir_bytes *out)
{
    static const char text[] =
        "Standard input cannot be read again: what is in memory is lost when the agent is killed.\n";
    (void)state;
    (void)!weir_bytes_add(out, text, sizeof(text) - 1);
}

WEIR_PLUGIN(in_stdin) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_INPUT,
    .name = "stdin",
    .summary = "Reads lines from standard input.",
    .state_size = sizeof(struct in_stdin),
    .options = options,
    .explain = in_stdin_explain,
    .open = in_stdin_open,
    .close = in_stdin_close,
    .input = { .start = in_stdin_start,
               .work = in_stdin_work,
               .resume = in_stdin_resume,
               .committed = in_stdin_committed,
               .stop = in_stdin_stop },
};
