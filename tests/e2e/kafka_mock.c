/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka's mock cluster of three brokers as a program: brokers that fail as they are told to. Prints where they
 * are, then does what stdin says, a line each, and answers each with "ok".
 *
 *     topic NAME PARTITIONS     errors APIKEY CODE COUNT   the next COUNT requests fail so
 *                               clear APIKEY               none does any more
 *     rtt MS                    topic_error NAME CODE      0: no longer
 *     down ID   up ID           leader NAME PARTITION ID
 */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdio.h>
#include <string.h>

enum { BROKERS = 3 };

static int obey(rd_kafka_mock_cluster_t *cluster, const char *line)
{
    char name[250];
    int a, b, c;
    if (sscanf(line, "topic %249s %d", name, &a) == 2)
        return rd_kafka_mock_topic_create(cluster, name, a, 1);
    if (sscanf(line, "topic_error %249s %d", name, &a) == 2) {
        rd_kafka_mock_topic_set_error(cluster, name, (rd_kafka_resp_err_t)a);
        return 0;
    }
    if (sscanf(line, "errors %d %d %d", &a, &b, &c) == 3) {
        while (c-- > 0)
            rd_kafka_mock_push_request_errors(cluster, (int16_t)a, 1, b);
        return 0;
    }
    if (sscanf(line, "clear %d", &a) == 1) {
        rd_kafka_mock_clear_request_errors(cluster, (int16_t)a);
        return 0;
    }
    if (sscanf(line, "leader %249s %d %d", name, &a, &b) == 3)
        return rd_kafka_mock_partition_set_leader(cluster, name, a, b);
    if (sscanf(line, "down %d", &a) == 1)
        return rd_kafka_mock_broker_set_down(cluster, a);
    if (sscanf(line, "up %d", &a) == 1)
        return rd_kafka_mock_broker_set_up(cluster, a);
    if (sscanf(line, "rtt %d", &a) == 1) {
        for (b = 1, c = 0; b <= BROKERS; b++)
            c |= rd_kafka_mock_broker_set_rtt(cluster, b, a);
        return c;
    }
    return -1;
}

int main(void)
{
    char line[512];
    rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, NULL, 0);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(rk, BROKERS);
    if (!cluster)
        return 1;
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    while (fgets(line, sizeof(line), stdin)) {
        puts(obey(cluster, line) == 0 ? "ok" : "bad");
        fflush(stdout);
    }
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(rk);
    return 0;
}
