/* SPDX-License-Identifier: Apache-2.0 */
/* What freezing and thawing a batch of 256 KiB cost, one core, in source bytes a second:
 *
 *     gcc -O2 -D_GNU_SOURCE -Iinclude -Isrc -Itests tests/bench/frozen_bench.c \
 *         build/tests/support/libtest_support.a build/plugins/libweir.a \
 *         -lxxhash -llz4 -lzstd -lm -o frozen_bench
 *     ./frozen_bench
 *
 * memcpy  of the batch's bytes, for comparison
 * plain   lines of some 130 bytes
 * gaps    the same, every tenth dropped
 * json    objects of ten fields and some 250 bytes, parsed, two fields added
 *
 * Each as it is, with lz4, and with zstd; then the bytes of the frame for each of the source. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "buffer/frozen.h"
#include "support/make_batch.h"

enum { BYTES = 256 * 1024, ROUNDS = 100, REPEATS = 9 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Lines that differ, as many as fit. */
static struct batch *make_lines(const char *format)
{
    char *text = malloc(BYTES + 1024);
    size_t len = 0;
    for (unsigned i = 0;; i++) {
        const unsigned user = i * 2654435761u;
        int more = snprintf(text + len, 1024, format, i % 60, i % 1000, user % 251,
                            user / 251 % 251, user, user % 10007, i);
        if (len + (size_t)more > BYTES)
            break;
        len += (size_t)more;
    }
    text[len] = '\0';
    struct batch *batch = make_batch(text, 0);
    batch->routed = 1;
    free(text);
    return batch;
}

struct sides {
    double freeze, thaw;
    size_t bytes;
};

static struct sides measure(const struct batch *batch, enum frame_codec codec)
{
    struct weir_bytes out = { .max = (size_t)1 << 30 }, scratch = { .max = (size_t)1 << 30 };
    struct budget budget = { .max = SIZE_MAX };
    struct chunk_pool *chunks = chunk_pool_new((size_t)4 << 20, &budget);
    struct sides best = { 1e9, 1e9, 0 };
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        struct frame_head head;
        struct batch *thawed;
        double start = seconds();
        for (int round = 0; round < ROUNDS; round++)
            if (frozen_make(batch, NULL, 1, codec, &scratch, &out, &head) < 0)
                abort();
        double frozen = seconds();
        const uint8_t *bytes = (const uint8_t *)out.data;
        for (int round = 0; round < ROUNDS; round++) {
            if (frozen_thaw(&head, bytes + FRAME_HEAD_BYTES, bytes + head.head_bytes, NULL, chunks,
                            &thawed) < 0)
                abort();
            frozen_free(thawed);
        }
        const double freeze = (frozen - start) / ROUNDS, thaw = (seconds() - frozen) / ROUNDS;
        best.freeze = freeze < best.freeze ? freeze : best.freeze;
        best.thaw = thaw < best.thaw ? thaw : best.thaw;
    }
    best.bytes = out.len;
    weir_bytes_free(&out);
    weir_bytes_free(&scratch);
    chunk_pool_free(chunks);
    return best;
}

static void report(const char *name, const struct batch *batch)
{
    static const char *const codecs[] = { "", "lz4", "zstd" };
    const double source = batch->pub.ends[batch->pub.count - 1];
    for (enum frame_codec codec = FRAME_PLAIN; codec <= FRAME_ZSTD; codec++) {
        struct sides sides = measure(batch, codec);
        printf(
            "%-6s %-4s  freeze %6.1f us %6.2f GB/s   thaw %6.1f us %6.2f GB/s   %5.3f bytes a byte\n",
            name, codecs[codec], sides.freeze * 1e6, source / sides.freeze / 1e9, sides.thaw * 1e6,
            source / sides.thaw / 1e9, (double)sides.bytes / source);
    }
}

static void report_memcpy(const struct batch *batch)
{
    const size_t bytes = batch->pub.ends[batch->pub.count - 1];
    char *out = malloc(bytes);
    double best = 1e9;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        double start = seconds();
        for (int round = 0; round < ROUNDS; round++) {
            memcpy(out, batch->pub.data, bytes);
            __asm__ volatile("" : : "r"(out) : "memory");
        }
        double took = (seconds() - start) / ROUNDS;
        best = took < best ? took : best;
    }
    printf("%-12s %13.1f us %6.2f GB/s\n", "memcpy", best * 1e6, (double)bytes / best / 1e9);
    free(out);
}

int main(void)
{
    struct batch *batch = make_lines(
        "2026-03-02T08:15:%02u.%03uZ host app[17]: GET /api/v1/items/%u/%u user=%08x took %ums request %u accepted by the backend\n");
    report_memcpy(batch);
    report("plain", batch);
    for (uint32_t i = 0; i < batch->pub.count; i += 10)
        weir_batch_drop(&batch->pub, i);
    report("gaps", batch);
    made_batch_free(batch);

    batch = make_lines(
        "{\"ts\":\"2026-03-02T08:15:%02u.%03uZ\",\"level\":\"info\",\"service\":\"shop\",\"method\":\"GET\",\"path\":\"/api/v1/items/%u/%u\",\"user\":\"%08x\",\"ms\":%u,\"seq\":%u,\"status\":200,\"msg\":\"request accepted by the backend\"}\n");
    made_batch_parse_json(batch);
    for (uint32_t i = 0; i < batch->pub.count; i++) {
        made_batch_add(batch, i, "env", WEIR_VALUE_STRING, "prod");
        made_batch_add(batch, i, "host.name", WEIR_VALUE_STRING, "node-17.example");
    }
    report("json", batch);
    made_batch_free(batch);
    return 0;
}
