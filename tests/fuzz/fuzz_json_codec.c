/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever records hold, the json codec prints one valid object a line, whose names differ.
 *
 * The input: a byte of choices, a line that is the name and the value of a field to add, then records, one a
 * line, or with NEWLINES, ended by NUL bytes. */
#include <assert.h>
#include <stdlib.h>

#include "json_oracle.h"
#include "record/encoder.h"
#include "support/make_batch.h"
#include "support/option_state.h"

enum {
    PARSE = 1,
    ADD = 2,
    BUILTINS = 4,
    SOURCE = 8,
    NEWLINES = 16,
    NUMBERS = 32,
    RECORDS_MAX = 64
};

extern const struct weir_plugin weir_plugin_codec_json;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct weir_str take_until(struct weir_str *rest, char end)
{
    const char *at = rest->len ? memchr(rest->ptr, end, rest->len) : NULL;
    struct weir_str piece = { rest->ptr, at ? (size_t)(at - rest->ptr) : rest->len };
    const size_t used = piece.len + (at != NULL);
    *rest = (struct weir_str){ rest->ptr + used, rest->len - used };
    return piece;
}

static struct batch *make(unsigned choices, struct weir_str rest)
{
    struct weir_str texts[RECORDS_MAX];
    uint32_t count = 0;
    do
        texts[count++] = take_until(&rest, choices & NEWLINES ? '\0' : '\n');
    while (rest.len && count < RECORDS_MAX);
    return make_batch_records(texts, count, choices & NEWLINES ? WEIR_RUN_NEWLINES : 0);
}

static void edit(struct batch *batch, unsigned choices, struct weir_str text)
{
    static struct weir_trace trace = { .trace_id = { 1 }, .span_id = { 2 }, .trace_flags = 3 };
    if (choices & PARSE)
        made_batch_parse_json(batch);
    else if (weir_batch_open_records(&batch->pub) < 0)
        abort();
    for (uint32_t i = 0; i < batch->pub.count; i++) {
        struct weir_record *record = &batch->pub.records[i];
        const struct weir_field field = { .name = text.ptr,
                                          .name_len = (uint16_t)text.len,
                                          .value = text.ptr,
                                          .value_len = (uint32_t)text.len,
                                          .type = WEIR_VALUE_STRING };
        if ((choices & ADD) && text.len <= UINT16_MAX &&
            weir_record_set(&batch->pub, record, &field) < 0)
            abort();
        if (choices & BUILTINS) {
            record->event_time = INT64_C(1772323200500000000) + i;
            record->severity = (uint8_t)i;
            record->trace = &trace;
        }
    }
}

static void check_line(struct weir_str line)
{
    static struct weir_field fields[WEIR_JSON_MEMBERS_MAX];
    struct weir_json json;
    assert(oracle_judge(line.ptr, line.len) != ORACLE_INVALID);
    char *padded = calloc(1, line.len + WEIR_BATCH_PADDING);
    memcpy(padded, line.ptr, line.len);
    int count = weir_json_object(padded, line.len, fields, WEIR_JSON_MEMBERS_MAX, &json);
    assert(count >= 0 && !json.repeats);
    free(padded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 65536)
        return 0;
    const unsigned choices = data[0];
    struct weir_str rest = { (const char *)data + 1, size - 1 };
    const struct weir_str text = take_until(&rest, '\n');
    struct batch *batch = make(choices, rest);
    made_batch_describe(batch, "\"log.file.path\":\"/x\",\"host.n\\u0061me\":\"h\"",
                        "log.file.offset");
    if (choices & (PARSE | ADD | BUILTINS))
        edit(batch, choices, text);
    void *state = option_state_new(&weir_plugin_codec_json);
    if (choices & SOURCE)
        option_state_set(&weir_plugin_codec_json, state, "source", "true");
    if (choices & NUMBERS) {
        option_state_set(&weir_plugin_codec_json, state, "time_format", "unix");
        option_state_set(&weir_plugin_codec_json, state, "severity_format", "number");
        option_state_set(&weir_plugin_codec_json, state, "record_id_key", "id");
        option_state_set(&weir_plugin_codec_json, state, "clock_key", "host.name");
        option_state_set(&weir_plugin_codec_json, state, "observed_time_key", "log.file.path");
    }
    struct weir_encoder *encoder = encoder_new(&weir_plugin_codec_json, state);
    struct weir_slice slice = made_batch_slice(batch);
    struct weir_bytes out = { .max = (size_t)1 << 28 };
    uint32_t end = weir_encode(encoder, &slice, 0, &out, SIZE_MAX), lines = 0;
    assert(end == batch->pub.count);
    for (struct weir_str left = { out.data, out.len }; left.len; lines++)
        check_line(take_until(&left, '\n'));
    assert(lines == batch->pub.count);
    encoder_free(encoder);
    weir_bytes_free(&out);
    made_batch_free(batch);
    return 0;
}
