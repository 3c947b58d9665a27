/* SPDX-License-Identifier: Apache-2.0 */
/* What one record costs the json codec, one core:
 *
 *     gcc -O2 -D_GNU_SOURCE -Iinclude -Isrc -Itests tests/bench/json_codec_bench.c \
 *         build/tests/support/libtest_support.a build/plugins/libweir.a -lxxhash
 *     ./a.out
 *
 * copied    an object of some 500 bytes, as it came, and two fields added
 * builtins  the same with time, severity and ids
 * printed   a dozen short fields, as a regular expression yields them
 * plain     lines of some 150 bytes
 * memcpy    the bytes of `copied`, for comparison */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "record/encoder.h"
#include "support/make_batch.h"
#include "support/option_state.h"

extern const struct weir_plugin weir_plugin_codec_json;

enum { RECORDS = 512, ROUNDS = 200, REPEATS = 7 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void report(const char *name, double best, size_t bytes)
{
    printf("%-9s %6.1f ns a record of %4zu bytes, %5.2f GB/s\n", name, best / RECORDS * 1e9,
           bytes / RECORDS, (double)bytes / best / 1e9);
}

static void measure(const char *name, const struct batch *batch)
{
    struct weir_encoder *encoder =
        encoder_new(&weir_plugin_codec_json, option_state_new(&weir_plugin_codec_json));
    struct weir_slice slice = made_batch_slice(batch);
    struct weir_bytes out = { .max = (size_t)1 << 24 };
    double best = 1e9;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double start = seconds();
        for (int round = 0; round < ROUNDS; round++) {
            out.len = 0;
            weir_encode(encoder, &slice, 0, &out, SIZE_MAX);
        }
        double took = (seconds() - start) / ROUNDS;
        best = took < best ? took : best;
    }
    report(name, best, out.len);
    weir_bytes_free(&out);
    encoder_free(encoder);
}

static void measure_memcpy(const struct batch *batch)
{
    const size_t bytes = batch->pub.ends[batch->pub.count - 1];
    char *out = malloc(bytes);
    double best = 1e9;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double start = seconds();
        for (int round = 0; round < ROUNDS; round++)
            for (uint32_t i = 0; i < RECORDS; i++) {
                struct weir_str line = weir_batch_span(&batch->pub, i);
                memcpy(out + (line.ptr - batch->pub.data), line.ptr, line.len);
            }
        double took = (seconds() - start) / ROUNDS;
        best = took < best ? took : best;
    }
    report("memcpy", best, bytes);
    free(out);
}

static struct batch *repeat_line(const char *line)
{
    size_t len = strlen(line);
    char *text = malloc(len * RECORDS + 1);
    for (size_t i = 0; i < RECORDS; i++)
        memcpy(text + i * len, line, len);
    text[len * RECORDS] = '\0';
    struct batch *batch = make_batch(text, 0);
    free(text);
    return batch;
}

static const char *object_line(void)
{
    static char line[1024];
    size_t len = (size_t)snprintf(line, sizeof(line), "{\"ts\":\"2026-03-02T08:15:11.123Z\"");
    for (int i = 0; len < 480; i++)
        len += (size_t)snprintf(line + len, sizeof(line) - len, ",\"field_%02d\":\"some value %d\"",
                                i, i);
    snprintf(line + len, sizeof(line) - len, "}\n");
    return line;
}

int main(void)
{
    static struct weir_trace trace = { .trace_id = { 1 }, .span_id = { 2 } };
    struct batch *batch = repeat_line(object_line());
    measure_memcpy(batch);
    made_batch_parse_json(batch);
    for (uint32_t i = 0; i < RECORDS; i++) {
        made_batch_add(batch, i, "service.name", WEIR_VALUE_STRING, "shop-frontend");
        made_batch_add(batch, i, "env", WEIR_VALUE_STRING, "prod");
        struct weir_record *record = &batch->pub.records[i];
        for (uint32_t field = record->object_fields; field < record->count; field++)
            record->fields[field].flags = WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN;
    }
    measure("copied", batch);
    for (uint32_t i = 0; i < RECORDS; i++) {
        batch->pub.records[i].event_time = MADE_OBSERVED + i * 1000000;
        batch->pub.records[i].severity = 9;
        batch->pub.records[i].trace = &trace;
    }
    measure("builtins", batch);
    made_batch_free(batch);

    static const char *const fields[][2] = {
        { "client", "203.0.113.7" },
        { "user", "-" },
        { "method", "GET" },
        { "path", "/api/v1/orders/1234567/items?limit=20" },
        { "status", "200" },
        { "bytes", "5123" },
        { "referer", "https://shop.example/" },
        { "agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101" },
    };
    batch = repeat_line("x\n");
    for (uint32_t i = 0; i < RECORDS; i++)
        for (size_t field = 0; field < sizeof(fields) / sizeof(fields[0]); field++)
            made_batch_add(batch, i, fields[field][0], WEIR_VALUE_STRING, fields[field][1]);
    measure("printed", batch);
    made_batch_free(batch);

    batch = repeat_line(
        "203.0.113.7 - - [02/Mar/2026:08:15:11 +0000] GET /api/v1/orders/1234567/items?limit=20 HTTP/1.1 200 5123 https://shop.example/ Mozilla/5.0 (X11; Linux x86_64)\n");
    measure("plain", batch);
    made_batch_free(batch);
    return 0;
}
