/* SPDX-License-Identifier: Apache-2.0 */
/* Streams, as an input sees them: opened from what the store remembers, moved on by answers, closed when
 * the source is gone.
 *
 * A stream is stored when it is opened, so that its identity is known before a record of it has left, and
 * each time its watermark moves. Streams of push inputs are not stored: there is nothing to read again,
 * and each start would leave one more entry. A stream that is closed lives on until its last batch has
 * come back, since that is when its last position is known. */
#include "pipeline/streams.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "pipeline/block.h"
#include "pipeline/pipeline.h"
#include "pipeline/sources.h"
#include "pipeline/tier.h"

/* An open stream, with its text. */
#define STREAM_BYTES ((int64_t)sizeof(struct weir_stream) + 512)

static int64_t stored_bytes(const struct input *input)
{
    return (int64_t)(input->stored_count * sizeof(input->stored[0]));
}

static void list_stored(struct input *input)
{
    struct weir_host *host = &input->host;
    if (positions_list(host->env->positions, host->owner, &input->stored, &input->stored_count) < 0)
        weir_error(host, "cannot look at the stored positions: files are read from the beginning",
                   weir_kv_str("error", "out of memory"));
    sources_charge(host->env, stored_bytes(input));
}

bool weir_stream_stored(struct weir_host *host, size_t index, struct weir_stream_state *ret)
{
    struct input *input = (struct input *)(void *)host;
    if (!input->stored)
        list_stored(input);
    if (index >= input->stored_count)
        return false;
    *ret = input->stored[index];
    /* What is safe on disk may be ahead of what was stored. */
    if (host->pipeline->tier)
        tier_stream_position(host->pipeline->tier, ret->id, &ret->position, &ret->check);
    return true;
}

void streams_stored_free(struct input *input)
{
    sources_charge(input->host.env, -stored_bytes(input));
    free(input->stored);
    input->stored = NULL;
    input->stored_count = 0;
}

void weir_stream_id(const struct weir_host *host, const void *identity, size_t len,
                    uint8_t ret_id[16])
{
    /* The owner is made of pipeline and input id. */
    uint8_t parts[16 + sizeof(host->owner) + 16] = { 0 };
    hash128(host->env->identity->host_id, strlen(host->env->identity->host_id), parts);
    for (size_t i = 0; i < sizeof(host->owner); i++)
        parts[16 + i] = (uint8_t)(host->owner >> (8 * i));
    hash128(identity, len, parts + 16 + sizeof(host->owner));
    hash128(parts, sizeof(parts), ret_id);
}

static void stream_store(struct weir_stream *stream)
{
    struct input *input = stream->input;
    if (!input->replayable || stream->forgotten)
        return;
    stream->state.updated = clock_wall();
    int r = positions_put(input->host.env->positions, &stream->key, &stream->state);
    if (r < 0)
        weir_error(&input->host, "cannot keep a position: after a crash its records are read again",
                   weir_kv_str("error", strerror(-r)));
}

struct weir_stream *weir_stream_open(struct weir_host *host, const struct weir_stream_state *state,
                                     void *owner)
{
    struct input *input = (struct input *)(void *)host;
    struct weir_stream *stream = NULL;
    if (!stream_table_is_open(&input->stream_table, state->id))
        stream = calloc(1, sizeof(*stream));
    if (!stream)
        return NULL;
    memcpy(stream->head.id, state->id, sizeof(stream->head.id));
    if (stream_table_add(&input->stream_table, stream) < 0) {
        free(stream);
        return NULL;
    }
    sources_charge(host->env, STREAM_BYTES);
    stream->input = input;
    stream->owner = owner;
    stream->key.owner = host->owner;
    memcpy(stream->key.id, state->id, sizeof(stream->key.id));
    stream->state = *state;
    stream->next = input->streams;
    if (stream->next)
        stream->next->prev = stream;
    input->streams = stream;
    stream_store(stream);
    return stream;
}

int weir_stream_note(struct weir_stream *stream, const void *note, size_t len, bool sync)
{
    assert(len <= WEIR_NOTE_MAX);
    if (len)
        memcpy(stream->state.note, note, len);
    stream->state.note_len = (uint16_t)len;
    stream_store(stream);
    return sync && stream->input->replayable ? positions_sync(stream->input->host.env->positions)
                                             : 0;
}

uint64_t weir_stream_committed(const struct weir_stream *stream)
{
    return stream->state.position;
}

bool weir_stream_is_idle(const struct weir_stream *stream)
{
    return !stream_is_busy(stream);
}

void *weir_stream_owner(const struct weir_stream *stream)
{
    return stream->owner;
}

int weir_stream_describe(struct weir_stream *stream, const struct weir_attribute *attributes,
                         size_t count, const char *position_name)
{
    return stream_describe(stream, attributes, count, position_name);
}

static void stream_free(struct weir_stream *stream)
{
    struct input *input = stream->input;
    stream_table_remove(&input->stream_table, stream);
    /* It may have been opened again before the last batch was back: then the position is that one's. */
    if (stream->forgotten && input->replayable &&
        !stream_table_is_open(&input->stream_table, stream->head.id))
        positions_remove(input->host.env->positions, &stream->key);
    if (stream->prev)
        stream->prev->next = stream->next;
    else
        input->streams = stream->next;
    if (stream->next)
        stream->next->prev = stream->prev;
    stream_texts_free(stream, true);
    sources_charge(input->host.env, -STREAM_BYTES);
    free(stream);
}

void weir_stream_close(struct weir_stream *stream)
{
    stream->closed = true;
    if (!stream_is_busy(stream) && !stream->moved)
        stream_free(stream);
}

void weir_stream_forget(struct weir_stream *stream)
{
    stream->forgotten = true;
    weir_stream_close(stream);
}

void stream_moved(struct weir_stream *stream)
{
    if (stream->moved)
        return;
    stream->moved = true;
    stream->next_moved = stream->input->moved;
    stream->input->moved = stream;
}

static void stream_commit(struct weir_stream *stream)
{
    struct input *input = stream->input;
    const struct weir_plugin *plugin = input->host.config->plugin;
    struct run_state *done = watermark_advance(&stream->watermark);
    if (!done)
        return;
    const struct run_state *last = done;
    while (last->next)
        last = last->next;
    stream->state.position = last->to;
    stream->state.check = last->check;
    run_states_give(&input->states, done);
    stream_store(stream);
    stream_texts_free(stream, false);
    if (!stream->closed && input->host.opened && plugin->input.committed)
        plugin->input.committed(input->host.config->state, stream, stream->state.position);
}

void streams_commit(struct input *input)
{
    struct weir_stream *stream;
    while ((stream = input->moved)) {
        input->moved = stream->next_moved;
        stream_commit(stream); /* `moved` still stands: the plugin may close it in there */
        stream->moved = false;
        if (stream->closed && !stream_is_busy(stream))
            stream_free(stream);
    }
}

void streams_free(struct input *input)
{
    while (input->streams) {
        struct weir_stream *stream = input->streams;
        stream->forgotten = false;
        for (struct run_state *state = stream->watermark.first, *next; state; state = next) {
            next = state->next;
            free(state);
        }
        stream_free(stream);
    }
    stream_table_deinit(&input->stream_table);
}
