/* SPDX-License-Identifier: Apache-2.0 */
/* librdkafka has threads of its own: one that runs the client, and one for each broker. What they have to
 * say (delivery reports, errors, its log, statistics) they put into one queue, and we look at it on the
 * output's thread: so nothing here needs a lock. An eventfd ties the queue to the output's event loop;
 * librdkafka writes to it when the queue was empty and no longer is. */
#include "producer.h"

#include <errno.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

int kafka_producer_init(struct kafka_producer *producer, struct weir_error *err)
{
    *producer = (struct kafka_producer){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    if (producer->fd < 0)
        return weir_error_set(err, -errno, "cannot make an eventfd: %s", strerrordesc_np(errno));
    return 0;
}

void kafka_producer_deinit(struct kafka_producer *producer)
{
    kafka_producer_close(producer);
    if (producer->fd >= 0)
        close(producer->fd);
    producer->fd = -1;
}

int kafka_producer_open(struct kafka_producer *producer, const struct kafka_options *options,
                        struct kafka_credentials *credentials, const struct kafka_limits *limits,
                        struct weir_error *err)
{
    static const uint64_t one = 1;
    const char *password;
    char words[256];
    int r = kafka_credentials_begin(credentials, &password, err);
    if (r < 0)
        return r;
    rd_kafka_conf_t *conf = kafka_conf_new(options, limits, err);
    if (!conf)
        return -EINVAL;
    if (password)
        rd_kafka_conf_set(conf, "sasl.password", password, NULL, 0);
    producer->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, words, sizeof(words));
    if (!producer->rk) {
        rd_kafka_conf_destroy(conf);
        return weir_error_set(err, -EINVAL, "librdkafka cannot start: %s", words);
    }
    rd_kafka_set_log_queue(producer->rk, NULL);
    producer->queue = rd_kafka_queue_get_main(producer->rk);
    rd_kafka_queue_io_event_enable(producer->queue, producer->fd, &one, sizeof(one));
    kafka_producer_wake(producer); /* for what was queued before */
    return 0;
}

void kafka_producer_close(struct kafka_producer *producer)
{
    if (!producer->rk)
        return;
    rd_kafka_queue_io_event_enable(producer->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(producer->queue);
    rd_kafka_destroy_flags(producer->rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    producer->queue = NULL;
    producer->rk = NULL;
}

rd_kafka_resp_err_t kafka_producer_fatal(const struct kafka_producer *producer)
{
    return rd_kafka_fatal_error(producer->rk, NULL, 0);
}

void kafka_producer_wake(struct kafka_producer *producer)
{
    const uint64_t one = 1;
    (void)!write(producer->fd, &one, sizeof(one));
}

void kafka_producer_rest(struct kafka_producer *producer)
{
    uint64_t count;
    (void)!read(producer->fd, &count, sizeof(count));
}
