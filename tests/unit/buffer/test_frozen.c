/* SPDX-License-Identifier: Apache-2.0 */
/* What comes back is compared by check_frozen(); here are the cases by name, what must be true of the bytes, and
 * what is refused. test_frozen_random.c has all the combinations. */
#include "buffer/frozen.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/compress.h"
#include "buffer/store.h"
#include "buffer/stream.h"
#include "support/check_frozen.h"
#include "support/check_main.h"
#include "support/fake_stream.h"
#include "support/make_batch.h"
#include "support/show_record.h"

#define BYTES_MAX ((size_t)1 << 30)

/* A frame, and what thawing it needs. */
struct frozen {
    struct weir_bytes bytes, scratch;
    struct frame_head head;
    struct budget budget;
    struct chunk_pool *chunks;
    struct batch *thawed;
};

static struct frozen freeze(const struct batch *batch, const uint64_t *without,
                            enum frame_codec codec)
{
    struct frozen frozen = { .bytes.max = BYTES_MAX, .scratch.max = BYTES_MAX };
    ck_assert_int_eq(frozen_make(batch, without, batch->routed, codec, &frozen.scratch,
                                 &frozen.bytes, &frozen.head),
                     0);
    return frozen;
}

static int thaw_with(struct frozen *frozen, const uint8_t *reader_bits)
{
    const uint8_t *bytes = (const uint8_t *)frozen->bytes.data;
    if (!frozen->chunks) {
        frozen->budget.max = SIZE_MAX;
        frozen->chunks = chunk_pool_new(0, &frozen->budget);
    }
    return frozen_thaw(&frozen->head, bytes + FRAME_HEAD_BYTES, bytes + frozen->head.head_bytes,
                       reader_bits, frozen->chunks, &frozen->thawed);
}

static struct batch *thaw(struct frozen *frozen)
{
    ck_assert_int_eq(thaw_with(frozen, NULL), 0);
    return frozen->thawed;
}

static void frozen_end(struct frozen *frozen)
{
    frozen_free(frozen->thawed);
    ck_assert_uint_eq(budget_used(&frozen->budget), 0);
    chunk_pool_free(frozen->chunks);
    weir_bytes_free(&frozen->bytes);
    weir_bytes_free(&frozen->scratch);
}

static struct frame_range range_of(const struct frozen *frozen, uint32_t i)
{
    struct frame_range range;
    frame_range_read((const uint8_t *)frozen->bytes.data + FRAME_HEAD_BYTES +
                         (size_t)i * FRAME_RANGE_BYTES,
                     &range);
    return range;
}

static struct batch *routed(struct batch *batch)
{
    batch->routed = 1;
    batch->observed = MADE_OBSERVED;
    return batch;
}

static void check_line(const struct batch *batch, uint32_t i, const char *want)
{
    struct weir_str line = weir_batch_line(&batch->pub, i);
    ck_assert_msg(weir_str_eq(line, weir_str_of(want)), "line %u: \"%.*s\" is not \"%s\"", i,
                  (int)line.len, line.ptr, want);
}

static void check_shown(struct batch *batch, uint32_t i, const char *want)
{
    char *text = show_record(&batch->pub, i);
    ck_assert_str_eq(text, want);
    free(text);
}

/* ---- plain lines -------------------------------------------------------------------------------------- */

START_TEST(lines_come_back)
{
    static const struct {
        const char *text;
        unsigned flags;
    } cases[] = {
        { "one\ntwo\nthree\n", 0 },      { "\n", 0 },
        { "\n\n\n", WEIR_RUN_STRIP_CR }, { "one\r\ntwo\n\r\nthree\r", WEIR_RUN_STRIP_CR },
        { "one\r\ntwo\r\n", 0 },         { "one\ncut he", WEIR_RUN_TRUNCATED },
        { "one\nno newline", 0 },        { "{\"a\":1}\n{\"b\":[2]}\n", 0 },
        { "\xff\xfe\n\x01\n", 0 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct batch *batch = routed(make_batch(cases[i].text, cases[i].flags));
        made_batch_describe(batch, "\"log.file.path\":\"/x\"", "log.file.offset");
        check_frozen(batch, NULL, 1);
        made_batch_free(batch);
    }
}
END_TEST

START_TEST(newlines_inside_stay_inside)
{
    const struct weir_str texts[] = { WEIR_STR("a\nb"), WEIR_STR("\n"), WEIR_STR("{\"a\":\n1}") };
    struct batch *batch = routed(make_batch_records(texts, 3, WEIR_RUN_NEWLINES));
    check_frozen(batch, NULL, 1);
    made_batch_parse_json(batch);
    check_frozen(batch, NULL, 1);
    made_batch_free(batch);
}
END_TEST

START_TEST(plain_lines_take_their_bytes_and_an_end)
{
    struct batch *batch = routed(make_batch("one\ntwo\nthree\nfour\n", 0));
    struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
    /* The head, the stream, four ends; offsets and clocks derive from them. */
    ck_assert_uint_le(frozen.head.raw_bytes, 56 + 16 + 16 + 19 + 7);
    ck_assert_uint_eq(frozen.head.ranges, 1);
    ck_assert_ptr_null(thaw(&frozen)->pub.offsets);
    ck_assert_ptr_null(frozen.thawed->pub.ticks);
    frozen_end(&frozen);
    made_batch_free(batch);
}
END_TEST

START_TEST(every_pattern_of_dropped_records)
{
    for (unsigned pattern = 0; pattern < 64; pattern++) {
        struct batch *batch = routed(make_batch("a\nbb\nccc\r\ndddd\neeeee\nf", WEIR_RUN_STRIP_CR));
        made_batch_split(batch, 2, WEIR_RUN_TRUNCATED);
        made_batch_split(batch, 4, WEIR_RUN_PARTIAL | WEIR_RUN_TRUNCATED);
        uint64_t without = 0;
        for (uint32_t i = 0; i < 6; i++)
            if (pattern >> i & 1) {
                if (i % 2)
                    without |= (uint64_t)1 << i;
                else
                    weir_batch_drop(&batch->pub, i);
            }
        check_frozen(batch, &without, 1);
        ck_assert_int_eq(weir_batch_open_records(&batch->pub), 0);
        check_frozen(batch, &without, 1);
        made_batch_free(batch);
    }
}
END_TEST

START_TEST(a_remark_about_the_last_record_goes_with_it)
{
    struct batch *batch = routed(make_batch("one\ntwo\ncut", WEIR_RUN_TRUNCATED));
    struct weir_line_record room;
    struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
    ck_assert_uint_eq(range_of(&frozen, 0).flags, WEIR_RUN_TRUNCATED | WEIR_RUN_PARTIAL);
    ck_assert_uint_eq(weir_batch_record(&thaw(&frozen)->pub, 2, &room)->count, 2);
    frozen_end(&frozen);
    weir_batch_drop(&batch->pub, 2);
    frozen = freeze(batch, NULL, FRAME_PLAIN);
    ck_assert_uint_eq(range_of(&frozen, 0).flags, 0);
    ck_assert_uint_eq(range_of(&frozen, 0).to, batch->pub.runs[0].to);
    ck_assert_uint_eq(weir_batch_record(&thaw(&frozen)->pub, 1, &room)->count, 1);
    frozen_end(&frozen);
    made_batch_free(batch);
}
END_TEST

START_TEST(a_run_without_records_keeps_its_range)
{
    struct batch *batch = routed(make_batch("one\ntwo\nthree\n", 0));
    made_batch_split(batch, 1, 0);
    made_batch_split(batch, 2, 0);
    weir_batch_drop(&batch->pub, 1);
    struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
    ck_assert_uint_eq(frozen.head.ranges, 3);
    ck_assert_uint_eq(range_of(&frozen, 1).count, 0);
    ck_assert_uint_eq(range_of(&frozen, 1).first, 1);
    ck_assert_uint_eq(range_of(&frozen, 1).from, MADE_FROM + 4);
    ck_assert_uint_eq(range_of(&frozen, 1).to, MADE_FROM + 8);
    ck_assert_uint_eq(thaw(&frozen)->pub.run_count, 2);
    check_line(frozen.thawed, 1, "three");
    ck_assert_uint_eq(weir_batch_position(&frozen.thawed->pub, 1), MADE_FROM + 8);
    ck_assert_uint_eq(weir_batch_clock(&frozen.thawed->pub, 1), MADE_CLOCK + 2);
    frozen_end(&frozen);
    made_batch_free(batch);
}
END_TEST

START_TEST(nothing_may_be_left)
{
    struct batch *batch = routed(make_batch("one\ntwo\n", 0));
    const uint64_t without = 3;
    ck_assert_uint_eq(frozen_count(batch, &without), 0);
    check_frozen(batch, &without, 1);
    ck_assert_int_eq(weir_batch_open_records(&batch->pub), 0);
    check_frozen(batch, &without, 1);
    made_batch_free(batch);
}
END_TEST

START_TEST(streams_are_told_apart)
{
    struct batch *batch = routed(make_batch("a\nb\nc\nd\n", 0));
    struct weir_stream *other = fake_stream_new("\"log.file.path\":\"/other\"", "at");
    made_batch_describe(batch, "\"log.file.path\":\"/one\"", "log.file.offset");
    other->head.id[0] = 1;
    for (uint32_t i = 1; i < 4; i++)
        made_batch_split(batch, i, 0);
    ((struct weir_run *)batch->pub.runs)[1].stream = other;
    ((struct weir_run *)batch->pub.runs)[3].stream = other;
    check_frozen(batch, NULL, 1);
    struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
    const struct weir_run *runs = thaw(&frozen)->pub.runs;
    ck_assert_ptr_eq(runs[0].stream, runs[2].stream);
    ck_assert_ptr_eq(runs[1].stream, runs[3].stream);
    ck_assert_str_eq(weir_stream_position_name(runs[1].stream), "at");
    frozen_end(&frozen);
    made_batch_free(batch);
    fake_stream_free(other);
}
END_TEST

/* ---- routes ------------------------------------------------------------------------------------------- */

START_TEST(outputs_get_theirs)
{
    struct batch *batch = make_batch("a\nb\nc\nd\n", 0);
    uint64_t first = 0x3, third = 0x6, *masks[64] = { &first, NULL, &third };
    batch->routed = 7;
    batch->masks = masks;
    check_frozen(batch, NULL, 7);
    check_frozen(batch, NULL, 5);
    batch->routed = 5; /* nobody takes the last one */
    batch->unrouted_count = 1;
    ck_assert_uint_eq(frozen_count(batch, NULL), 3);
    check_frozen(batch, NULL, 5);
    check_frozen(batch, NULL, 1);
    made_batch_free(batch);
}
END_TEST

START_TEST(a_mask_of_everything_is_none)
{
    struct batch *batch = make_batch("a\nb\nc\n", 0);
    uint64_t first = 0x3, second = 0x4, *masks[64] = { &first, &second };
    batch->routed = 3;
    batch->masks = masks;
    const uint64_t without = 0x4;
    struct frozen frozen = freeze(batch, &without, FRAME_PLAIN);
    ck_assert_ptr_null(thaw(&frozen)->masks[0]);
    ck_assert_uint_eq(frozen.thawed->masks[1][0], 0);
    frozen_end(&frozen);
    made_batch_free(batch);
}
END_TEST

START_TEST(bits_mean_what_they_meant)
{
    struct batch *batch = make_batch("a\nb\nc\n", 0);
    uint64_t first = 0x3, second = 0x4, *masks[64] = { &first, &second };
    uint8_t bits[64];
    batch->routed = 3;
    batch->masks = masks;
    struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
    memset(bits, STORE_READER_NONE, sizeof(bits));
    bits[0] = 5; /* the other is no more */
    frozen.head.readers = 1 << 5;
    ck_assert_int_eq(thaw_with(&frozen, bits), 0);
    ck_assert_uint_eq(frozen.thawed->routed, 1 << 5);
    ck_assert_uint_eq(frozen.thawed->masks[5][0], 0x3);
    ck_assert_ptr_null(frozen.thawed->masks[0]);
    ck_assert_ptr_null(frozen.thawed->masks[1]);
    frozen_end(&frozen);
    made_batch_free(batch);
}
END_TEST

START_TEST(bits_of_records_are_renumbered)
{
    struct batch *batch = routed(make_batch("a\nb\nc\nd\ne\n", 0));
    const uint64_t without = 0x2, bits = 0x1b;
    uint64_t out = UINT64_MAX;
    weir_batch_drop(&batch->pub, 0);
    frozen_renumber(batch, &without, &bits, &out);
    ck_assert_uint_eq(out, 0x6); /* of c, d, e the last two */
    made_batch_free(batch);
}
END_TEST

/* ---- opened records --------------------------------------------------------------------------------------- */

static struct batch *json_batch(void)
{
    struct batch *batch = routed(
        make_batch("{\"level\":\"info\",\"msg\":\"hi\",\"n\":1,\"in\":{\"a\":{\"b\":[1,\"}\"]}}}\n"
                   " {\"level\":\"warn\", \"m\\u0073g\":\"l\\n\\u00e9\", \"n\":-2.5} \n"
                   "no object\n"
                   "{\"x\":null,\"y\":true,\"z\":[],\"x\":2}\n"
                   "{}\n",
                   0));
    made_batch_describe(batch, "\"log.file.path\":\"/x\"", "log.file.offset");
    made_batch_parse_json(batch);
    return batch;
}

START_TEST(parsed_records_come_back)
{
    struct batch *batch = json_batch();
    check_frozen(batch, NULL, 1);
    struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
    thaw(&frozen);
    check_shown(frozen.thawed, 0,
                "object level=s:info msg=s:hi n=i:1 in=j:{\"a\":{\"b\":[1,\"}\"]}}");
    check_shown(frozen.thawed, 1, "object level=s:warn msg=s:l\\x0a\\xc3\\xa9 n=f:-2.5");
    check_shown(frozen.thawed, 2, "message=s:no object");
    check_shown(frozen.thawed, 3, "x=i:2 y=b:true z=j:[]");
    struct weir_field field;
    ck_assert(weir_record_lookup(&frozen.thawed->pub.records[0], WEIR_STR("in.a.b"), &field));
    ck_assert(
        weir_str_eq((struct weir_str){ field.value, field.value_len }, WEIR_STR("[1,\"}\"]")));
    frozen_end(&frozen);
    made_batch_free(batch);
}
END_TEST

START_TEST(edited_records_come_back)
{
    static struct weir_trace trace = { .trace_id = { 1 }, .span_id = { 2 }, .trace_flags = 1 };
    struct batch *batch = json_batch();
    char *own = weir_batch_alloc(&batch->pub, 8);
    memcpy(own, "in arena", 8);
    made_batch_add(batch, 0, "env", WEIR_VALUE_STRING, "prod\"\n");
    made_batch_add(batch, 1, "level", WEIR_VALUE_STRING, "error");
    made_batch_add(batch, 1, "empty", WEIR_VALUE_STRING, "");
    made_batch_add(batch, 2, "count", WEIR_VALUE_INT, "7");
    made_batch_add(batch, 4, "only", WEIR_VALUE_JSON, "{\"a\":\n1}");
    ck_assert_int_eq(weir_record_remove(&batch->pub, &batch->pub.records[3], 0), 0);
    batch->pub.records[3].fields[0].value = own;
    batch->pub.records[3].fields[0].value_len = 8;
    batch->pub.records[3].fields[0].type = WEIR_VALUE_STRING;
    batch->pub.records[0].severity = 24;
    batch->pub.records[1].severity = 1;
    batch->pub.records[1].event_time = 0;
    batch->pub.records[2].event_time = -1;
    batch->pub.records[2].trace = &trace;
    batch->pub.records[4].trace = &trace;
    check_frozen(batch, NULL, 1);
    weir_batch_drop(&batch->pub, 1);
    weir_batch_drop(&batch->pub, 2);
    check_frozen(batch, NULL, 1);
    made_batch_free(batch);
}
END_TEST

START_TEST(an_object_elsewhere_is_kept)
{
    static const char object[] = "{\"a\":1}";
    struct batch *batch = routed(make_batch("message with {\"a\":1}\n", 0));
    made_batch_parse_json(batch);
    struct weir_record *record = &batch->pub.records[0];
    record->fields[0] = (struct weir_field){ .name = object + 2,
                                             .name_len = 1,
                                             .value = object + 5,
                                             .value_len = 1,
                                             .type = WEIR_VALUE_INT };
    record->object = object;
    record->object_len = sizeof(object) - 1;
    record->object_fields = 1;
    check_frozen(batch, NULL, 1);
    made_batch_free(batch);
}
END_TEST

START_TEST(records_may_share_and_swap_lines)
{
    struct batch *batch = routed(make_batch("one\ntwo\nthree\n", 0));
    ck_assert_int_eq(weir_batch_open_records(&batch->pub), 0);
    batch->pub.records[0].line = 2;
    batch->pub.records[1].line = 2;
    struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
    check_line(thaw(&frozen), 0, "three");
    check_line(frozen.thawed, 1, "three");
    check_line(frozen.thawed, 2, "three");
    check_shown(frozen.thawed, 0, "message=s:one"); /* in a line that is not its own */
    for (uint32_t i = 0; i < 3; i++)
        ck_assert_uint_eq(weir_batch_position(&frozen.thawed->pub, i),
                          weir_batch_position(&batch->pub, i));
    frozen_end(&frozen);
    made_batch_free(batch);
}
END_TEST

START_TEST(what_is_added_to_all_is_there_once)
{
    enum { RECORDS = 1000 };
    static const char constant[] = "a value of some length that a filter adds to each record of it";
    static char text[RECORDS * 8 + 1];
    for (int i = 0; i < RECORDS; i++)
        memcpy(text + i * 8, "{\"n\":1}\n", 8);
    struct batch *batch = routed(make_batch(text, 0));
    made_batch_parse_json(batch);
    struct frozen bare = freeze(batch, NULL, FRAME_PLAIN);
    for (uint32_t i = 0; i < RECORDS; i++)
        made_batch_add(batch, i, "added", WEIR_VALUE_STRING, constant);
    struct frozen added = freeze(batch, NULL, FRAME_PLAIN);
    ck_assert_uint_le(added.head.raw_bytes,
                      bare.head.raw_bytes + RECORDS * 4 + sizeof(constant) + 64);
    frozen_end(&bare);
    frozen_end(&added);
    made_batch_free(batch);
}
END_TEST

START_TEST(records_may_be_long)
{
    enum { VALUE = 70000 };
    static char value[VALUE + 1], line[VALUE + 100];
    memset(value, 'v', VALUE);
    for (int more = -40000; more <= 0; more += 8000) { /* around what 16 bits can say */
        snprintf(line, sizeof(line), "{\"a\":1,\"long\":\"%s\",\"b\":[2]}\n{\"a\":1}\n",
                 value - more);
        struct batch *batch = routed(make_batch(line, 0));
        made_batch_parse_json(batch);
        check_frozen(batch, NULL, 1);
        made_batch_add(batch, 1, "elsewhere", WEIR_VALUE_STRING, value - more);
        made_batch_add(batch, 1, "after", WEIR_VALUE_STRING, "it");
        check_frozen(batch, NULL, 1);
        made_batch_free(batch);
    }
}
END_TEST

START_TEST(names_may_be_many)
{
    enum { NAMES = 70000, EACH = 1000 };
    static char text[NAMES * 12];
    size_t len = 0;
    for (int i = 0; i < NAMES; i++)
        len += (size_t)sprintf(text + len, "%c\"n%05d\":1%s", i % EACH ? ',' : '{', i,
                               (i + 1) % EACH ? "" : "}\n");
    struct batch *batch = routed(make_batch(text, 0));
    made_batch_parse_json(batch);
    ck_assert_uint_eq(batch->pub.records[69].count, EACH);
    check_frozen(batch, NULL, 1);
    made_batch_free(batch);
}
END_TEST

START_TEST(what_is_not_well_formed_is_plain_text)
{
    static const char *const escaped[] = { "\\", "x\\u12", "\\u12g4", "\\\\\\" };
    static const char *const json[] = { "{",          "{\"a\":1", "{a",        "{\"a\":\"}",
                                        "{\"\\\":1}", "{}}",      "{\"a\":1}," };
    for (size_t i = 0; i < sizeof(escaped) / sizeof(escaped[0]); i++) {
        struct batch *batch = routed(make_batch("x\n", 0));
        made_batch_add(batch, 0, "f", WEIR_VALUE_STRING, escaped[i]);
        batch->pub.records[0].fields[1].flags = WEIR_VALUE_ESCAPED;
        struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
        ck_assert_uint_eq(thaw(&frozen)->pub.records[0].fields[1].flags, 0);
        frozen_end(&frozen);
        made_batch_free(batch);
    }
    for (size_t i = 0; i < sizeof(json) / sizeof(json[0]); i++) {
        struct batch *batch = routed(make_batch("x\n", 0));
        made_batch_add(batch, 0, "f", WEIR_VALUE_JSON, json[i]);
        struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
        ck_assert_uint_eq(thaw(&frozen)->pub.records[0].fields[1].type, WEIR_VALUE_STRING);
        frozen_end(&frozen);
        made_batch_free(batch);
    }
}
END_TEST

START_TEST(notes_are_kept)
{
    struct batch *batch = routed(make_batch("x\n", 0));
    batch->note = WEIR_STR("{\"reason\":\"400\"}");
    check_frozen(batch, NULL, 1);
    made_batch_free(batch);
}
END_TEST

/* ---- what is refused, and what any bytes do --------------------------------------------------------------- */

START_TEST(noise_is_kept_as_it_is)
{
    enum { BYTES = 5000 };
    static char noise[BYTES];
    uint64_t state = 1;
    for (int i = 0; i < BYTES; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        noise[i] = (char)(state >> 56);
    }
    struct batch *batch =
        routed(make_batch_records((struct weir_str[]){ { noise, BYTES } }, 1, WEIR_RUN_NEWLINES));
    for (enum frame_codec codec = FRAME_LZ4; codec <= FRAME_ZSTD; codec++) {
        struct frozen frozen = freeze(batch, NULL, codec);
        ck_assert_uint_eq(frozen.head.codec, FRAME_PLAIN);
        ck_assert_uint_eq(frozen.head.stored_bytes, frozen.head.raw_bytes);
        frozen_end(&frozen);
    }
    made_batch_free(batch);
}
END_TEST

START_TEST(what_is_too_large_is_told)
{
    struct batch *batch = routed(make_batch("one\ntwo\n", 0));
    struct weir_bytes out = { 0 }, scratch = { 0 };
    struct frame_head head;
    for (enum frame_codec codec = FRAME_PLAIN; codec <= FRAME_ZSTD; codec++) {
        int r = -EMSGSIZE;
        for (size_t max = 0; r < 0; max++) { /* every size that is too small */
            out.max = scratch.max = max;
            r = frozen_make(batch, NULL, 1, codec, &scratch, &out, &head);
            ck_assert(r == 0 || (r == -EMSGSIZE && max < 1000));
            weir_bytes_free(&out);
            weir_bytes_free(&scratch);
        }
    }
    made_batch_free(batch);
}
END_TEST

START_TEST(what_is_unknown_is_told)
{
    struct batch *batch = routed(make_batch("one\n", 0));
    struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
    frozen.head.codec = FRAME_ZSTD + 1;
    ck_assert_int_eq(thaw_with(&frozen, NULL), -EPROTO);
    frozen.head.codec = FRAME_LZ4;
    ck_assert_int_eq(thaw_with(&frozen, NULL),
                     compression_is_built(COMPRESSION_LZ4) ? -EBADMSG : -ENOTSUP);
    frozen.head.codec = FRAME_PLAIN;
    frozen.bytes.data[frozen.head.head_bytes] = 2; /* the version */
    ck_assert_int_eq(thaw_with(&frozen, NULL), -EPROTO);
    frozen_end(&frozen);
    made_batch_free(batch);
}
END_TEST

/* Lengths that lie: what comes out is never more than the head says, and what the head says is never more than can be, so
 * that a few bytes neither take all memory nor write behind what they were given. */
START_TEST(spl_25_a_bomb_and_lengths_that_lie)
{
    static const char zeros[1 << 20];
    char packed[16384];
    for (unsigned codec = FRAME_LZ4; codec <= FRAME_ZSTD; codec++) {
        const enum compression how = (enum compression)codec;
        if (!compression_is_built(how))
            continue;
        const size_t stored = compress_block(how, zeros, sizeof(zeros), packed, sizeof(packed));
        ck_assert_uint_gt(stored, 0);
        const uint32_t lies[] = { 0,
                                  1,
                                  55,
                                  4096,
                                  sizeof(zeros) - 1,
                                  sizeof(zeros),
                                  sizeof(zeros) + 1,
                                  FRAME_PAYLOAD_MAX,
                                  FRAME_PAYLOAD_MAX + 1,
                                  UINT32_MAX };
        for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
            struct frozen frozen = { .bytes.max = BYTES_MAX };
            ck_assert_int_eq(weir_bytes_add(&frozen.bytes, zeros, FRAME_HEAD_BYTES), 0);
            ck_assert_int_eq(weir_bytes_add(&frozen.bytes, packed, stored), 0);
            frozen.head = (struct frame_head){ .head_bytes = FRAME_HEAD_BYTES,
                                               .stored_bytes = (uint32_t)stored,
                                               .raw_bytes = lies[i],
                                               .codec = (uint8_t)codec,
                                               .records = 1 };
            const int r = thaw_with(&frozen, NULL);
            ck_assert_msg(r == -EBADMSG || (r == -EPROTO && lies[i] == sizeof(zeros)), "%u: %d",
                          lies[i], r);
            frozen_end(&frozen);
        }
    }
}
END_TEST

/* Thaws a frame of exactly these bytes; what comes of it must be good for every codec. */
static void try_bytes(const char *bytes, size_t len, const struct frame_head *head)
{
    struct frozen frozen = { .head = *head };
    frozen.bytes.data = malloc(len);
    memcpy(frozen.bytes.data, bytes, len);
    int r = thaw_with(&frozen, NULL);
    ck_assert(r == 0 || r == -EBADMSG || r == -EPROTO);
    for (unsigned codec = 0; r == 0 && codec < CHECK_CODECS; codec++) {
        struct weir_bytes out = check_encode(codec, frozen.thawed, NULL);
        weir_bytes_free(&out);
    }
    frozen_end(&frozen);
}

START_TEST(any_bytes_are_safe)
{
    struct batch *batch = json_batch();
    uint64_t mask = 0x5, *masks[64] = { &mask };
    batch->masks = masks;
    made_batch_add(batch, 0, "env", WEIR_VALUE_STRING, "prod");
    weir_batch_drop(&batch->pub, 3);
    struct frozen frozen = freeze(batch, NULL, FRAME_PLAIN);
    char *bytes = frozen.bytes.data;
    static const unsigned char turns[] = { 0x01, 0x80, 0xff };
    for (size_t i = FRAME_HEAD_BYTES; i < frozen.bytes.len; i++)
        for (size_t turn = 0; turn < sizeof(turns); turn++) {
            bytes[i] ^= (char)turns[turn];
            try_bytes(bytes, frozen.bytes.len, &frozen.head);
            bytes[i] ^= (char)turns[turn];
        }
    for (uint32_t len = 0; len < frozen.head.raw_bytes; len++) {
        struct frame_head head = frozen.head;
        head.stored_bytes = head.raw_bytes = len;
        try_bytes(bytes, head.head_bytes + len, &head);
    }
    frozen_end(&frozen);
    made_batch_free(batch);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("frozen");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, lines_come_back);
    tcase_add_test(tc, newlines_inside_stay_inside);
    tcase_add_test(tc, plain_lines_take_their_bytes_and_an_end);
    tcase_add_test(tc, every_pattern_of_dropped_records);
    tcase_add_test(tc, a_remark_about_the_last_record_goes_with_it);
    tcase_add_test(tc, a_run_without_records_keeps_its_range);
    tcase_add_test(tc, nothing_may_be_left);
    tcase_add_test(tc, streams_are_told_apart);
    tcase_add_test(tc, outputs_get_theirs);
    tcase_add_test(tc, a_mask_of_everything_is_none);
    tcase_add_test(tc, bits_mean_what_they_meant);
    tcase_add_test(tc, bits_of_records_are_renumbered);
    tcase_add_test(tc, parsed_records_come_back);
    tcase_add_test(tc, edited_records_come_back);
    tcase_add_test(tc, an_object_elsewhere_is_kept);
    tcase_add_test(tc, records_may_share_and_swap_lines);
    tcase_add_test(tc, what_is_added_to_all_is_there_once);
    tcase_add_test(tc, records_may_be_long);
    tcase_add_test(tc, names_may_be_many);
    tcase_add_test(tc, what_is_not_well_formed_is_plain_text);
    tcase_add_test(tc, notes_are_kept);
    tcase_add_test(tc, noise_is_kept_as_it_is);
    tcase_add_test(tc, what_is_too_large_is_told);
    tcase_add_test(tc, what_is_unknown_is_told);
    tcase_add_test(tc, spl_25_a_bomb_and_lengths_that_lie);
    tcase_add_test(tc, any_bytes_are_safe);
    Suite *suite = suite_create("buffer/frozen");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
