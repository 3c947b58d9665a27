/* SPDX-License-Identifier: Apache-2.0 */
/* A store beside plain write(2) and read(2) of the same bytes in the same pieces, without a sync, in one directory:
 *
 *     gcc -O2 -D_GNU_SOURCE -Iinclude -Isrc tests/bench/store_bench.c build/plugins/libweir.a -lxxhash -lm
 *     ./a.out DIR [FRAME_BYTES [MIB]]        262144 and 512 when not given
 *
 * The best of three rounds each, in turns. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "buffer/store.h"

enum { ROUNDS = 3 };

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void check(bool good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

static void note(double *best, double took)
{
    if (*best == 0 || took < *best)
        *best = took;
}

static void plain(const char *dir, const char *data, size_t bytes, size_t count, double best[2])
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/plain", dir);
    char *in = malloc(bytes);
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(fd >= 0 && in, path);
    double begin = seconds();
    for (size_t i = 0; i < count; i++)
        check(write(fd, data, bytes) == (ssize_t)bytes, "write");
    note(&best[0], seconds() - begin);
    lseek(fd, 0, SEEK_SET);
    begin = seconds();
    for (size_t i = 0; i < count; i++)
        check(read(fd, in, bytes) == (ssize_t)bytes, "read");
    note(&best[1], seconds() - begin);
    close(fd);
    unlink(path);
    free(in);
}

static void stored(const char *dir, char *data, size_t bytes, size_t count, double best[2])
{
    static const char *const readers[] = { "a" };
    const struct store_options options = { .disk = disk_real(),
                                           .data_dir = dir,
                                           .name = "bench",
                                           .kind = STORE_BUFFER,
                                           .readers = readers,
                                           .reader_count = 1,
                                           .never_sync = true,
                                           .size_max = (uint64_t)64 << 30 };
    struct store *store = NULL;
    struct store_found found;
    struct store_frame frame;
    struct weir_bytes buffer = { .max = 1 << 30 };
    struct weir_error err = { 0 };
    if (store_open(&options, &store, &found, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    double begin = seconds();
    for (size_t i = 0; i < count; i++) {
        struct frame_head head = { .head_bytes = FRAME_HEAD_BYTES,
                                   .stored_bytes = (uint32_t)(bytes - FRAME_HEAD_BYTES),
                                   .records = 1,
                                   .readers = 1 };
        check(store_append(store, (uint8_t *)data, bytes, &head) == 0, "append");
    }
    note(&best[0], seconds() - begin);
    check(store_sync(store) == 0, "sync");
    begin = seconds();
    uint64_t answered = 0;
    for (size_t i = 0; i < count; i++) {
        check(store_next(store, 0, &buffer, &frame) == 1 && !frame.damaged, "next");
        answered += store_ack(store, 0, frame.head.sequence, frame.end, 1);
    }
    note(&best[1], seconds() - begin);
    check(answered == count, "answers");
    store_trim(store, 1);
    store_close(store);
    weir_bytes_free(&buffer);
}

int main(int argc, char **argv)
{
    check(argc > 1, "usage: a.out DIR [FRAME_BYTES [MIB]]");
    size_t bytes = argc > 2 ? strtoul(argv[2], NULL, 10) / 8 * 8 : 262144;
    size_t count = ((argc > 3 ? strtoul(argv[3], NULL, 10) : 512) << 20) / bytes;
    char *data = malloc(bytes + FRAME_ALIGN);
    double plainly[2] = { 0 }, store[2] = { 0 }, mib = (double)(bytes * count) / (1 << 20);
    check(data != NULL, "memory");
    for (size_t i = 0; i < bytes; i++)
        data[i] = (char)(i * 31);
    for (int i = 0; i < ROUNDS; i++) {
        plain(argv[1], data, bytes, count, plainly);
        stored(argv[1], data, bytes, count, store);
    }
    printf("%zu frames of %zu bytes\n", count, bytes);
    printf("write  plain %6.0f MiB/s   store %6.0f MiB/s   %.2f\n", mib / plainly[0],
           mib / store[0], plainly[0] / store[0]);
    printf("read   plain %6.0f MiB/s   store %6.0f MiB/s   %.2f\n", mib / plainly[1],
           mib / store[1], plainly[1] / store[1]);
    free(data);
    return 0;
}
