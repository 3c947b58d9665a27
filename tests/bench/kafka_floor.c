/* SPDX-License-Identifier: Apache-2.0 */
/* The floor of the output kafka: librdkafka's own produce loop on the lines of a file, with the output's settings (its
 * idempotence, batches, lz4) and a header of 32 bytes with each message, and nothing else: the file is in memory, no
 * position is kept, and the header is no hash of anything. Prints messages a second, from the first to the last report.
 *
 *     gcc -O2 -o kafka_floor tests/bench/kafka_floor.c -lrdkafka && ./kafka_floor BROKERS TOPIC FILE [IN_FLIGHT]
 *
 * IN_FLIGHT messages are under way at most (8192, the output's default). */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static uint64_t reported, failed;

static void report(rd_kafka_t *rk, const rd_kafka_message_t *message, void *opaque)
{
    (void)rk;
    (void)opaque;
    reported++;
    failed += message->err != 0;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static char *read_file(const char *path, size_t *ret_len)
{
    struct stat st;
    FILE *file = fopen(path, "r");
    if (!file || fstat(fileno(file), &st) < 0)
        exit(1);
    char *data = malloc((size_t)st.st_size);
    *ret_len = fread(data, 1, (size_t)st.st_size, file);
    fclose(file);
    return data;
}

static rd_kafka_t *producer(const char *brokers)
{
    static const char *const settings[][2] = {
        { "enable.idempotence", "true" },
        { "message.timeout.ms", "0" },
        { "compression.codec", "lz4" },
        { "linger.ms", "20" },
        { "partitioner", "murmur2_random" },
        { "queue.buffering.max.messages", "0" },
        { "queue.buffering.max.kbytes", "2147483647" },
    };
    char error[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        if (rd_kafka_conf_set(conf, settings[i][0], settings[i][1], error, sizeof(error)) != 0)
            exit(fprintf(stderr, "%s\n", error));
    rd_kafka_conf_set_dr_msg_cb(conf, report);
    return rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof(error));
}

/* 32 hexadecimal digits that compress no better than those of an id, which is a hash. */
static void make_id(uint64_t number, char id[32])
{
    for (size_t i = 0; i < 32; i++) {
        if (i % 16 == 0) { /* splitmix64 */
            number += 0x9e3779b97f4a7c15;
            number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
            number = (number ^ number >> 27) * 0x94d049bb133111eb;
            number ^= number >> 31;
        }
        id[i] = "0123456789abcdef"[number >> 4 * (i % 16) & 15];
    }
}

static void produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, const char *line, size_t len,
                    uint64_t number)
{
    char id[32];
    rd_kafka_headers_t *headers = rd_kafka_headers_new(1);
    make_id(number, id);
    rd_kafka_header_add(headers, "weir-id", 7, id, 32);
    rd_kafka_vu_t vus[] = {
        { .vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = topic },
        { .vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = { (void *)(uintptr_t)line, len } },
        { .vtype = RD_KAFKA_VTYPE_TIMESTAMP, .u.i64 = 1772323200000 },
        { .vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers },
    };
    rd_kafka_error_t *error = rd_kafka_produceva(rk, vus, 4);
    if (error)
        exit(fprintf(stderr, "%s\n", rd_kafka_error_string(error)));
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    const uint64_t in_flight = argc > 4 ? strtoull(argv[4], NULL, 10) : 8192;
    size_t len;
    char *data = read_file(argv[3], &len), *at = data;
    rd_kafka_t *rk = producer(argv[1]);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, argv[2], NULL);
    const double began = now();
    uint64_t produced = 0;
    for (char *end; at < data + len && (end = memchr(at, '\n', (size_t)(data + len - at)));
         at = end + 1) {
        produce(rk, topic, at, (size_t)(end - at), produced++);
        if (produced % 64 == 0)
            rd_kafka_poll(rk, 0);
        while (produced - reported >= in_flight)
            rd_kafka_poll(rk, 100);
    }
    while (reported < produced)
        rd_kafka_poll(rk, 100);
    const double seconds = now() - began;
    printf("%llu messages in %.3f s: %.0f a second, %llu failed\n", (unsigned long long)produced,
           seconds, (double)produced / seconds, (unsigned long long)failed);
    rd_kafka_topic_destroy(topic);
    rd_kafka_destroy(rk);
    free(data);
    return failed != 0;
}
