/* SPDX-License-Identifier: Apache-2.0 */
#include "support/fake_lines.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static int open_lines(void *state, struct weir_host *host, struct weir_error *err)
{
    struct fake_lines *self = state;
    self->host = host;
    atomic_fetch_add(&self->opened, 1);
    return self->open_error ? weir_error_set(err, self->open_error, "told to fail") : 0;
}

static void put_lines(struct fake_lines *self, char *at, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        char line[FAKE_LINE_BYTES + 1];
        snprintf(line, sizeof(line), "%031lld\n", (long long)(self->first + self->next + i));
        memcpy(at + i * FAKE_LINE_BYTES, line, FAKE_LINE_BYTES);
    }
}

static void work(void *state)
{
    struct fake_lines *self = state;
    if (self->begin_after && !atomic_load(self->begin_after)) {
        weir_input_again(self->host);
        return;
    }
    if (self->next == self->lines) {
        weir_input_end(self->host);
        return;
    }
    struct weir_block *block = weir_block_new(self->host, WEIR_BLOCK_BYTES);
    if (!block)
        return; /* until resume */
    size_t room;
    char *at = weir_block_room(block, &room);
    int64_t count = self->per_block;
    if (count > self->lines - self->next)
        count = self->lines - self->next;
    put_lines(self, at, count);
    struct weir_lines taken =
        weir_block_lines(block, self->stream, (uint64_t)(self->next * FAKE_LINE_BYTES),
                         (size_t)(count * FAKE_LINE_BYTES), 0, NULL);
    self->next += taken.count;
    atomic_store(&self->emitted, self->next);
    weir_emit(self->host, block);
    weir_input_again(self->host);
}

static int start(void *state)
{
    struct fake_lines *self = state;
    const char *source = self->source ? self->source : "test";
    struct weir_stream_state stored = { 0 }, state_of;
    atomic_fetch_add(&self->started, 1);
    if (self->start_error)
        return self->start_error;
    weir_stream_id(self->host, source, strlen(source), stored.id);
    for (size_t i = 0; weir_stream_stored(self->host, i, &state_of); i++)
        if (memcmp(state_of.id, stored.id, sizeof(stored.id)) == 0)
            stored = state_of;
    self->next = (int64_t)stored.position / FAKE_LINE_BYTES;
    atomic_store(&self->committed, self->next);
    self->stream = weir_stream_open(self->host, &stored, self);
    weir_input_again(self->host);
    return self->stream ? 0 : -ENOMEM;
}

static void committed(void *state, struct weir_stream *stream, uint64_t position)
{
    struct fake_lines *self = state;
    int64_t line = (int64_t)position / FAKE_LINE_BYTES, before = atomic_load(&self->committed);
    self->failed |= line <= before;
    for (int64_t i = before; self->is_answered && i < line; i++)
        self->failed |= !self->is_answered(self->arg, self->first + i);
    atomic_store(&self->committed, line);
    if (!self->closes || line < self->lines)
        return;
    self->stream = NULL;
    if (self->forgets)
        weir_stream_forget(stream);
    else
        weir_stream_close(stream);
}

static void close_lines(void *state)
{
    struct fake_lines *self = state;
    atomic_fetch_add(&self->closed, 1);
    if (self->stream)
        weir_stream_close(self->stream);
}

#define FAKE_LINES(what)                                                                           \
    {                                                                                              \
        .abi = WEIR_PLUGIN_ABI, .kind = WEIR_INPUT, .name = "lines",                               \
        .state_size = sizeof(struct fake_lines), .open = open_lines, .close = close_lines,         \
        .input = {                                                                                 \
            .flags = (what), .start = start, .work = work, .resume = work, .committed = committed  \
        },                                                                                         \
    }
const struct weir_plugin fake_lines_plugin = FAKE_LINES(WEIR_REPLAYABLE);
const struct weir_plugin fake_lines_push_plugin = FAKE_LINES(0);

int64_t fake_line_number(const struct weir_batch *batch, uint32_t i)
{
    struct weir_str line = weir_batch_line(batch, i);
    char text[FAKE_LINE_BYTES] = { 0 };
    assert(line.len == FAKE_LINE_BYTES - 1);
    memcpy(text, line.ptr, line.len);
    return strtoll(text, NULL, 10);
}
