/* SPDX-License-Identifier: Apache-2.0 */
/* What one record of six fields costs the codecs avro and json, in instructions:
 *
 *     gcc -O2 -D_GNU_SOURCE -Iinclude -Isrc -Itests -I. tests/bench/avro_codec_bench.c \
 *         build/tests/support/libtest_support.a build/plugins/libweir.a -ljansson -lxxhash -lm
 *     valgrind --tool=callgrind --toggle-collect=measure ./a.out avro        collected / 51200 records
 *
 * `avro`: as parse with format json leaves a record, by a schema of its fields and the event time; `json`: the same records,
 * printed field by field, since the object that they came from is no longer whole; `copied`: while it still is. */
#include <stdio.h>
#include <stdlib.h>

#include "record/encoder.h"
#include "support/make_batch.h"
#include "support/option_state.h"

extern const struct weir_plugin weir_plugin_codec_avro, weir_plugin_codec_json;

enum { RECORDS = 512, ROUNDS = 100 };

static const char schema[] =
    "{\"type\":\"record\",\"name\":\"Access\",\"fields\":["
    "{\"name\":\"time\",\"type\":{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}},"
    "{\"name\":\"method\",\"type\":\"string\"},{\"name\":\"path\",\"type\":\"string\"},"
    "{\"name\":\"status\",\"type\":\"int\"},{\"name\":\"took\",\"type\":[\"null\",\"double\"]},"
    "{\"name\":\"user\",\"type\":[\"null\",\"string\"],\"default\":null},{\"name\":\"bytes\",\"type\":\"long\"}]}";

void measure(struct weir_encoder *encoder, const struct weir_slice *slice, struct weir_bytes *out);

__attribute__((noinline)) void measure(struct weir_encoder *encoder, const struct weir_slice *slice,
                                       struct weir_bytes *out)
{
    for (int round = 0; round < ROUNDS; round++) {
        out->len = 0;
        if (weir_encode(encoder, slice, 0, out, SIZE_MAX) != slice->count)
            abort();
    }
}

static struct batch *records(bool whole)
{
    struct weir_bytes text = { .max = (size_t)1 << 24 };
    char line[256];
    for (int i = 0; i < RECORDS; i++) {
        int len = snprintf(
            line, sizeof(line),
            "{\"method\":\"GET\",\"path\":\"/api/v1/orders/%d/items\",\"status\":200,\"took\":0.%03d,"
            "\"user\":\"user-%d\",\"bytes\":%d}\n",
            100000 + i, i, i % 50, 1000 + i * 7);
        if (weir_bytes_add(&text, line, (size_t)len) < 0)
            abort();
    }
    struct batch *batch = make_batch_of((struct weir_str){ text.data, text.len }, 0);
    made_batch_parse_json(batch);
    for (uint32_t i = 0; i < batch->pub.count; i++) {
        batch->pub.records[i].event_time = MADE_OBSERVED + i;
        if (!whole)
            batch->pub.records[i].object_fields = 0;
    }
    return batch;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "avro";
    const bool avro = strcmp(what, "avro") == 0;
    const struct weir_plugin *plugin = avro ? &weir_plugin_codec_avro : &weir_plugin_codec_json;
    struct weir_encoder *encoder = encoder_new(plugin, option_state_new(plugin));
    const struct weir_schema given = { { schema, sizeof(schema) - 1 }, { "\0\0\0\0\x2a", 5 } };
    struct weir_error err = { 0 };
    struct weir_bytes out = { .max = (size_t)1 << 24 };
    struct batch *batch = records(strcmp(what, "copied") == 0);
    const struct weir_slice slice = made_batch_slice(batch);
    if (avro && weir_encoder_set_schema(encoder, &given, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    measure(encoder, &slice, &out);
    printf("%s: %zu bytes a record\n", what, out.len / RECORDS);
    return 0;
}
