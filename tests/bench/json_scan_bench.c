/* SPDX-License-Identifier: Apache-2.0 */
/* How fast lines are found and JSON is read, one core, each version that this machine can run:
 *
 *     gcc -O2 -D_GNU_SOURCE -Iinclude -Isrc tests/bench/json_scan_bench.c build/plugins/libweir.a -lm
 *     ./a.out FILE        FILE: lines of JSON, some 50 MB
 *
 * The best of several rounds over the file in 256 KiB pieces, as the agent would meet them: in cache. */
#include "base/json_scan.h"
#include "base/simd.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PIECE = 256 * 1024, ROUNDS = 5, REPEATS = 4, FIELDS = 256 };

struct totals {
    size_t bytes, lines, fields, bad;
};

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void read_lines(const struct simd *simd, const char *data, const uint32_t *ends,
                       size_t count, struct totals *totals)
{
    static struct weir_field fields[FIELDS];
    uint32_t start = 0;
    for (size_t i = 0; i < count; start = ends[i++]) {
        struct weir_json json;
        int n = json_scan_object(simd, data + start, ends[i] - start - 1, fields, FIELDS, &json);
        totals->lines++;
        totals->fields += n > 0 ? (size_t)n : 0;
        totals->bad += n < 0;
    }
}

static void measure(const struct simd *simd, const char *data, size_t size)
{
    static uint32_t ends[PIECE];
    double best_lines = 1e9, best_json = 1e9;
    struct totals totals;
    for (int round = 0; round < ROUNDS; round++) {
        double lines = 0, json = 0;
        totals = (struct totals){ 0 };
        for (size_t at = 0, taken = 1; at < size && taken; at += taken) {
            size_t len = size - at < PIECE ? size - at : PIECE, count = 0;
            double start = seconds();
            for (int i = 0; i < REPEATS; i++)
                count = simd->lines_find(data + at, len, 0, ends, PIECE, &taken);
            lines += (seconds() - start) / REPEATS;
            start = seconds();
            read_lines(simd, data + at, ends, count, &totals);
            json += seconds() - start;
            totals.bytes += taken;
        }
        best_lines = lines < best_lines ? lines : best_lines;
        best_json = json < best_json ? json : best_json;
    }
    printf("%-7s lines %6.2f GB/s   json %5.2f GB/s  %4.0f ns a line of %zu bytes, %zu bad\n",
           simd->name, (double)totals.bytes / best_lines / 1e9,
           (double)totals.bytes / best_json / 1e9, best_json / (double)totals.lines * 1e9,
           totals.bytes / totals.lines, totals.bad);
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (!file) {
        fprintf(stderr, "usage: %s FILE\n", argv[0]);
        return 2;
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    char *data = calloc(size + WEIR_BATCH_PADDING, 1);
    if (!data || fread(data, 1, size, file) != size)
        return 1;
    fclose(file);
    const struct simd *simd;
    for (size_t i = 0; (simd = simd_list(i)); i++)
        measure(simd, data, size);
    free(data);
    return 0;
}
