/* SPDX-License-Identifier: Apache-2.0 */
/* The rate of the compressors behind the outputs that post, with nothing around them: see http_compression.py.
 *
 *     compress_floor gzip|zstd FILE      FILE holds a body of 1 MiB or more
 *
 * It compresses the file's bodies of 1 MiB over and over for a second, and prints MB/s. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugins/outputs/http/compress.h"

enum { BODY = 1 << 20, BODIES = 64 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    FILE *in = argc == 3 ? fopen(argv[2], "r") : NULL;
    char *data = malloc((size_t)BODY * BODIES);
    struct weir_bytes out = { .max = (size_t)4 * BODY };
    struct http_compressor *compressor = http_compressor_new();
    size_t bodies = in && data ? fread(data, BODY, BODIES, in) : 0, done = 0;
    if (!bodies || !compressor)
        return 2;
    const enum http_compression how = strcmp(argv[1], "gzip") == 0 ? HTTP_GZIP : HTTP_ZSTD;
    const double began = seconds();
    while (seconds() - began < 1) {
        const struct weir_str body = { data + (done++ % bodies) * BODY, BODY };
        if (http_compress(compressor, how, body, &out) < 0)
            return 1;
    }
    printf("%.1f\n", (double)done * BODY / (seconds() - began) / 1e6);
    return 0;
}
