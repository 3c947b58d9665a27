/* SPDX-License-Identifier: Apache-2.0 */
/* What filters cost, one core, a record, in the order of the command line:
 *
 *     gcc -O2 -D_GNU_SOURCE -Iinclude -Isrc -Itests tests/bench/filter_bench.c \
 *         build/tests/support/libtest_support.a build/plugins/libweir.a \
 *         -levent_core -lyaml -lpcre2-8 -lxxhash -lm -o filter_bench
 *     ./filter_bench FILE 'parse {format: json}' 'context {fields: {env: prod}}'
 *
 * The file goes through in batches of 256 KiB, as the agent would have them, in cache; the best of several
 * rounds. Under `valgrind --tool=callgrind --toggle-collect=filter_*_apply` (and ROUNDS=1 in the environment)
 * instructions are counted instead of time. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "support/make_batch.h"
#include "support/make_filter.h"

extern const struct weir_plugin weir_plugin_filter_context, weir_plugin_filter_grep,
    weir_plugin_filter_parse, weir_plugin_filter_trace;

enum { PIECE = 256 * 1024, FILTERS_MAX = 8, ROUNDS_DEFAULT = 7 };

static const struct weir_plugin *const plugins[] = { &weir_plugin_filter_context,
                                                     &weir_plugin_filter_grep,
                                                     &weir_plugin_filter_parse,
                                                     &weir_plugin_filter_trace };

struct bench {
    struct made_filter filters[FILTERS_MAX];
    size_t count;
    double seconds[FILTERS_MAX]; /* of the round in hand, and */
    double best[FILTERS_MAX];
    size_t records, bytes;
};

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec * 1e-9;
}

static void add_filter(struct bench *bench, const char *text)
{
    size_t len = strcspn(text, " ");
    for (size_t i = 0; i < sizeof(plugins) / sizeof(plugins[0]); i++)
        if (strlen(plugins[i]->name) == len && memcmp(plugins[i]->name, text, len) == 0) {
            bench->best[bench->count] = 1e9;
            bench->filters[bench->count++] = make_filter(plugins[i], text + len);
            return;
        }
    fprintf(stderr, "no such filter: %s\n", text);
    exit(2);
}

/* A batch of the lines that begin in the next PIECE bytes; returns how many bytes that is. */
static size_t run_piece(struct bench *bench, struct weir_str text)
{
    size_t len = text.len < PIECE ? text.len : PIECE;
    const char *newline = memrchr(text.ptr, '\n', len);
    if (newline)
        len = (size_t)(newline + 1 - text.ptr);
    struct batch *batch = make_batch_of((struct weir_str){ text.ptr, len }, 0);
    for (size_t i = 0; i < bench->count; i++) {
        double start = now();
        made_filter_apply(&bench->filters[i], &batch->pub);
        bench->seconds[i] += now() - start;
    }
    bench->records += batch->pub.count;
    bench->bytes += len;
    made_batch_free(batch);
    return len;
}

static void run_round(struct bench *bench, struct weir_str text)
{
    memset(bench->seconds, 0, sizeof(bench->seconds));
    bench->records = bench->bytes = 0;
    while (text.len) {
        size_t taken = run_piece(bench, text);
        text.ptr += taken;
        text.len -= taken;
    }
    for (size_t i = 0; i < bench->count; i++)
        if (bench->seconds[i] < bench->best[i])
            bench->best[i] = bench->seconds[i];
}

static struct weir_str read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) < 0) {
        perror(path);
        exit(2);
    }
    size_t len = (size_t)ftell(file);
    rewind(file);
    char *data = malloc(len + 1);
    if (!data || fread(data, 1, len, file) != len)
        exit(2);
    fclose(file);
    return (struct weir_str){ data, len };
}

int main(int argc, char **argv)
{
    struct bench bench = { 0 };
    const char *rounds_text = getenv("ROUNDS");
    long rounds = rounds_text ? strtol(rounds_text, NULL, 10) : ROUNDS_DEFAULT;
    if (argc < 3 || argc - 2 > FILTERS_MAX) {
        fprintf(stderr, "usage: %s FILE 'FILTER {OPTIONS}'...\n", argv[0]);
        return 2;
    }
    struct weir_str text = read_file(argv[1]);
    for (int i = 2; i < argc; i++)
        add_filter(&bench, argv[i]);
    for (long i = 0; i < rounds; i++)
        run_round(&bench, text);
    for (size_t i = 0; i < bench.count; i++)
        printf("%-40.40s %7.1f ns a record, %6.0f MB/s\n", argv[i + 2],
               bench.best[i] / (double)bench.records * 1e9,
               (double)bench.bytes / bench.best[i] / 1e6);
    return 0;
}
