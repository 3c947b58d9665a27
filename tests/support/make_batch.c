/* SPDX-License-Identifier: Apache-2.0 */
#include "support/make_batch.h"

#include <assert.h>
#include <stdlib.h>
#include <weir/json.h>

#include "support/fake_stream.h"

struct made {
    struct batch batch;
    struct budget budget;
    struct chunk_pool *pool;
    struct weir_stream *stream;
    struct weir_run runs[MADE_RUNS_MAX];
    uint32_t *ends;
    char *data;
};

static struct made *made_of(struct batch *batch)
{
    return (struct made *)batch;
}

static struct made *made_new(size_t bytes, uint32_t count, unsigned run_flags)
{
    struct made *made = calloc(1, sizeof(*made));
    assert(made && count > 0);
    made->budget.max = SIZE_MAX;
    made->pool = chunk_pool_new(0, &made->budget);
    made->stream = fake_stream_new("", NULL);
    made->data = calloc(bytes + WEIR_BATCH_PADDING, 1);
    made->ends = calloc(count, sizeof(*made->ends));
    assert(made->pool && made->data && made->ends);
    arena_init(&made->batch.arena, made->pool);
    made->runs[0] = (struct weir_run){ .stream = made->stream,
                                       .from = MADE_FROM,
                                       .to = MADE_FROM + bytes,
                                       .observed = MADE_OBSERVED,
                                       .clock = MADE_CLOCK,
                                       .count = count,
                                       .flags = run_flags };
    made->batch.pub = (struct weir_batch){
        .data = made->data, .ends = made->ends, .runs = made->runs, .count = count, .run_count = 1
    };
    return made;
}

struct batch *make_batch_records(const struct weir_str *texts, uint32_t count, unsigned run_flags)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < count; i++)
        bytes += texts[i].len + 1;
    struct made *made = made_new(bytes, count, run_flags);
    char *at = made->data;
    for (uint32_t i = 0; i < count; i++) {
        if (texts[i].len)
            memcpy(at, texts[i].ptr, texts[i].len);
        at += texts[i].len;
        *at++ = '\n';
        made->ends[i] = (uint32_t)(at - made->data);
    }
    return &made->batch;
}

struct batch *make_batch_of(struct weir_str text, unsigned run_flags)
{
    uint32_t count = 0;
    struct weir_str *lines = calloc(text.len + 1, sizeof(*lines));
    assert(lines && text.len > 0);
    const char *end = text.ptr + text.len;
    for (const char *at = text.ptr; at < end; count++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        lines[count] = (struct weir_str){ at, (size_t)((newline ? newline : end) - at) };
        at = newline ? newline + 1 : end;
    }
    if (end[-1] != '\n')
        run_flags |= WEIR_RUN_PARTIAL;
    struct batch *batch = make_batch_records(lines, count, run_flags);
    free(lines);
    return batch;
}

struct batch *make_batch(const char *text, unsigned run_flags)
{
    return make_batch_of(weir_str_of(text), run_flags);
}

void made_batch_split(struct batch *batch, uint32_t first, unsigned run_flags)
{
    struct made *made = made_of(batch);
    assert(batch->pub.run_count < MADE_RUNS_MAX);
    struct weir_run *last = &made->runs[batch->pub.run_count - 1], *run = last + 1;
    assert(first > last->first && first < batch->pub.count);
    const char *from = weir_batch_span(&batch->pub, last->first).ptr;
    *run = *last;
    run->first = first;
    run->count = last->first + last->count - first;
    run->from = last->from + (size_t)(weir_batch_span(&batch->pub, first).ptr - from);
    run->flags = run_flags;
    run->clock += first - last->first;
    last->count = first - last->first;
    last->to = run->from;
    batch->pub.run_count++;
}

void made_batch_describe(struct batch *batch, const char *attributes, const char *position_name)
{
    struct made *made = made_of(batch);
    fake_stream_free(made->stream);
    made->stream = fake_stream_new(attributes, position_name);
    for (uint32_t i = 0; i < batch->pub.run_count; i++)
        made->runs[i].stream = made->stream;
}

static void parse_record(struct weir_batch *pub, uint32_t i)
{
    struct weir_str line = weir_batch_line(pub, i);
    struct weir_field *fields = weir_batch_fields(pub, WEIR_JSON_MEMBERS_MAX);
    struct weir_record *record = &pub->records[i];
    struct weir_json json;
    assert(fields);
    int count = weir_json_object(line.ptr, line.len, fields, WEIR_JSON_MEMBERS_MAX, &json);
    if (count < 0) {
        int r = weir_record_set_message(pub, i);
        assert(r == 0);
        return;
    }
    uint32_t used = (uint32_t)count;
    if (json.repeats)
        used = weir_json_drop_repeated(fields, used);
    weir_record_keep_fields(pub, record, fields, used);
    if (!json.repeats) {
        record->object = json.object.ptr;
        record->object_len = (uint32_t)json.object.len;
        record->object_fields = used;
    }
}

void made_batch_parse_json(struct batch *batch)
{
    int r = weir_batch_open_empty(&batch->pub);
    assert(r == 0);
    for (uint32_t i = 0; i < batch->pub.count; i++)
        if (!weir_batch_is_dropped(&batch->pub, i))
            parse_record(&batch->pub, i);
}

void made_batch_add(struct batch *batch, uint32_t i, const char *name, enum weir_value type,
                    const char *text)
{
    const struct weir_field field = { .name = name,
                                      .name_len = (uint16_t)strlen(name),
                                      .value = text,
                                      .value_len = (uint32_t)strlen(text),
                                      .type = (uint8_t)type };
    int r = weir_batch_open_records(&batch->pub);
    if (r == 0)
        r = weir_record_set(&batch->pub, &batch->pub.records[i], &field);
    assert(r == 0);
}

void made_batch_free(struct batch *batch)
{
    struct made *made = made_of(batch);
    arena_reset(&batch->arena);
    assert(budget_used(&made->budget) == 0);
    chunk_pool_free(made->pool);
    fake_stream_free(made->stream);
    free(made->ends);
    free(made->data);
    free(made);
}
