/* SPDX-License-Identifier: Apache-2.0 */
/* Batches of all kinds, made at random: lines that are JSON or not, with what bytes there are; runs of several
 * streams, with every flag; opened or not, edited as filters do; dropped, routed and left out in every pattern. See
 * check_frozen.h for what must hold. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "buffer/stream.h"
#include "support/check_frozen.h"
#include "support/check_main.h"
#include "support/disk_sim.h"
#include "support/fake_stream.h"
#include "support/make_batch.h"
#include "support/sanitized.h"

enum {
    ROUNDS = TEST_SANITIZED ? 1000 : 3000,
    RECORDS_MAX = 200,
    STREAMS = 3,
    OUTPUTS = 4,
    LINE_MAX = 400
};

struct world {
    uint64_t random;
    struct weir_stream *streams[STREAMS];
    struct batch *batch;
    uint64_t *masks[64];
};

static uint32_t below(struct world *world, uint32_t bound)
{
    return (uint32_t)(sim_random(&world->random) % bound);
}

static bool one_in(struct world *world, uint32_t chance)
{
    return below(world, chance) == 0;
}

/* ---- lines -------------------------------------------------------------------------------------------- */

static const char *const values[] = { "1",
                                      "-2.5e3",
                                      "null",
                                      "true",
                                      "\"\"",
                                      "\"text\"",
                                      "\"\\u00e9\\n\\\"\"",
                                      "\"caf\xc3\xa9\"",
                                      "{\"a\":{\"b\":[1,2]}}",
                                      "[]",
                                      "[{\"x\":\"\\\\\"}]",
                                      "{}" };
static const char *const names[] = { "level",    "msg", "t\\u0065st", "time", "a b",
                                     "\xc3\xa4", "id",  "http",       "",     "service.name" };
#define PICK(world, list) list[below(world, sizeof(list) / sizeof(list[0]))]

static size_t make_json(struct world *world, char *out)
{
    size_t len = 0;
    len += (size_t)sprintf(out, "%s{", one_in(world, 4) ? " " : "");
    for (uint32_t i = 0, count = below(world, 8); i < count; i++)
        len += (size_t)sprintf(out + len, "%s\"%s%s\"%s:%s", i ? "," : "", PICK(world, names),
                               one_in(world, 3) ? "x" : "", one_in(world, 5) ? " " : "",
                               PICK(world, values));
    return len + (size_t)sprintf(out + len, "}%s", one_in(world, 8) ? "\r" : "");
}

static size_t make_line(struct world *world, char *out)
{
    if (!one_in(world, 3))
        return make_json(world, out);
    size_t len = below(world, one_in(world, 4) ? LINE_MAX : 40);
    for (size_t i = 0; i < len; i++) {
        out[i] = one_in(world, 10) ? (char)below(world, 256) : (char)('a' + i % 26);
        if (out[i] == '\n')
            out[i] = '\r';
    }
    return len;
}

static struct batch *make_lines(struct world *world)
{
    static char text[RECORDS_MAX][LINE_MAX];
    struct weir_str lines[RECORDS_MAX];
    const uint32_t count = one_in(world, 3) ? 1 + below(world, RECORDS_MAX) : 1 + below(world, 8);
    const bool newlines = one_in(world, 3);
    for (uint32_t i = 0; i < count; i++) {
        size_t len = make_line(world, text[i]);
        if (newlines && len && one_in(world, 3) && text[i][0] != '{')
            text[i][below(world, (uint32_t)len)] = '\n';
        lines[i] = (struct weir_str){ text[i], len };
    }
    return make_batch_records(lines, count, newlines ? WEIR_RUN_NEWLINES : 0);
}

/* ---- runs --------------------------------------------------------------------------------------------- */

static void make_runs(struct world *world)
{
    struct batch *batch = world->batch;
    const unsigned always = batch->pub.runs[0].flags & WEIR_RUN_NEWLINES;
    for (uint32_t at = 1 + below(world, 20);
         at < batch->pub.count && batch->pub.run_count < MADE_RUNS_MAX; at += 1 + below(world, 40))
        made_batch_split(batch, at, 0);
    for (uint32_t i = 0; i < batch->pub.run_count; i++) {
        struct weir_run *run = (struct weir_run *)&batch->pub.runs[i];
        run->flags = always | below(world, WEIR_RUN_NEWLINES);
        run->stream = PICK(world, world->streams);
        run->from = sim_random(&world->random) >> below(world, 40);
        run->to = run->from + below(world, 100000);
        run->check = sim_random(&world->random);
        run->observed = (int64_t)(sim_random(&world->random) >> 2);
        run->clock = sim_random(&world->random) >> 1;
    }
    batch->observed = batch->pub.runs[0].observed;
}

/* ---- what filters do ------------------------------------------------------------------------------------ */

static void add_field(struct world *world, uint32_t i)
{
    static const char *const constants[] = { "prod", "x\"y\\\n", "", "{\"k\":{\"v\":1}}" };
    struct batch *batch = world->batch;
    struct weir_field field = { .name = "added", .name_len = 5, .type = WEIR_VALUE_STRING };
    const char *value = PICK(world, constants);
    field.value_len = (uint32_t)strlen(value);
    field.value = value;
    if (one_in(world, 3)) {
        field.name = one_in(world, 2) ? "level" : "another.one";
        field.name_len = (uint16_t)strlen(field.name);
    }
    if (one_in(world, 3) && field.value_len) { /* in the arena */
        char *copy = weir_batch_alloc(&batch->pub, field.value_len);
        memcpy(copy, value, field.value_len);
        field.value = copy;
    }
    if (value[0] == '{')
        field.type = WEIR_VALUE_JSON;
    if (one_in(world, 4)) { /* what stands in some other record's line */
        struct weir_str span = weir_batch_span(&batch->pub, below(world, batch->pub.count));
        field.value = span.ptr;
        field.value_len = (uint32_t)span.len - 1;
        field.type = WEIR_VALUE_STRING;
    }
    ck_assert_int_eq(weir_record_set(&batch->pub, &batch->pub.records[i], &field), 0);
}

static void edit_record(struct world *world, uint32_t i)
{
    struct weir_batch *pub = &world->batch->pub;
    struct weir_record *record = &pub->records[i];
    for (uint32_t more = below(world, 3); more > 0; more--)
        add_field(world, i);
    if (record->count && one_in(world, 4))
        ck_assert_int_eq(weir_record_remove(pub, record, below(world, record->count)), 0);
    if (one_in(world, 3))
        record->severity = (uint8_t)below(world, 25);
    if (one_in(world, 3))
        record->event_time = (int64_t)sim_random(&world->random);
    if (one_in(world, 3)) {
        record->trace = weir_batch_alloc(pub, sizeof(*record->trace));
        for (size_t byte = 0; byte < sizeof(*record->trace); byte++)
            ((uint8_t *)record->trace)[byte] = (uint8_t)below(world, 256);
    }
}

static void filter(struct world *world)
{
    struct batch *batch = world->batch;
    const uint32_t drops = one_in(world, 2) ? 0 : 1 + below(world, 6);
    for (uint32_t i = 0; drops && i < batch->pub.count; i++)
        if (one_in(world, drops))
            weir_batch_drop(&batch->pub, i);
    if (one_in(world, 3))
        return;
    if (one_in(world, 4))
        ck_assert_int_eq(weir_batch_open_records(&batch->pub), 0);
    else
        made_batch_parse_json(batch);
    const uint32_t edits = 1 + below(world, 3);
    for (uint32_t i = 0; i < batch->pub.count; i++)
        if (one_in(world, edits))
            edit_record(world, i);
}

/* ---- routes --------------------------------------------------------------------------------------------- */

static uint64_t *random_bits(struct world *world)
{
    uint64_t *bits = batch_bitmap(world->batch);
    const uint32_t chance = 1 + below(world, 5);
    for (uint32_t i = 0; i < world->batch->pub.count; i++)
        if (one_in(world, chance) && !weir_batch_is_dropped(&world->batch->pub, i))
            bits[i / 64] |= (uint64_t)1 << i % 64;
    return bits;
}

static void route(struct world *world)
{
    struct batch *batch = world->batch;
    const uint32_t count = batch->pub.count;
    uint64_t *any = batch_bitmap(batch);
    bool all_have = true;
    batch->routed = (1 << OUTPUTS) - 1;
    if (one_in(world, 3))
        return;
    memset(world->masks, 0, sizeof(world->masks));
    for (unsigned i = 0; i < OUTPUTS; i++) {
        world->masks[i] = one_in(world, 5) ? NULL : random_bits(world);
        all_have = all_have && world->masks[i];
        for (size_t word = 0; world->masks[i] && word < bitmap_words(count); word++)
            any[word] |= world->masks[i][word];
    }
    batch->masks = world->masks;
    if (all_have)
        batch->unrouted_count = count - batch->dropped_count - bitmap_count(any, count);
}

static void round_of(struct world *world)
{
    static const char *const notes[] = { "", "refused: too large", "{\"reason\":\"\xff\"}" };
    world->batch = make_lines(world);
    make_runs(world);
    filter(world);
    route(world);
    world->batch->note = weir_str_of(PICK(world, notes));
    const uint64_t *without = one_in(world, 2) ? random_bits(world) : NULL;
    const uint64_t readers =
        world->batch->routed & (one_in(world, 2) ? UINT64_MAX : below(world, 16));
    check_frozen(world->batch, without, readers);
    made_batch_free(world->batch);
}

START_TEST(any_batch_comes_back_as_it_was)
{
    const char *seed = getenv("WEIR_TEST_SEED");
    struct world world = { .random = seed ? strtoull(seed, NULL, 10) : 1 };
    world.streams[0] = fake_stream_new("\"log.file.path\":\"/var/log/a\"", "log.file.offset");
    world.streams[1] = fake_stream_new("\"log.file.path\":\"/var/log/b\",\"id\":7", NULL);
    world.streams[2] = fake_stream_new("", "position");
    for (int i = 0; i < STREAMS; i++)
        world.streams[i]->head.id[3] = (uint8_t)i;
    for (int round = 0; round < ROUNDS; round++)
        round_of(&world);
    for (int i = 0; i < STREAMS; i++)
        fake_stream_free(world.streams[i]);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("frozen");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, any_batch_comes_back_as_it_was);
    Suite *suite = suite_create("buffer/frozen_random");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
