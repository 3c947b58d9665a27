/* SPDX-License-Identifier: Apache-2.0 */
/* Every few seconds librdkafka prints a JSON document of what it did: for itself, for each broker, topic and
 * partition. (STATISTICS.md of librdkafka has the fields.) What of it becomes metrics is a table here, summed
 * over the brokers, so that a cluster of a hundred brokers has as many series as one of three.
 *
 * A handle that takes the place of another begins at 0; counters go on from where they were. */
#include "statistics.h"

#include <stdlib.h>
#include <weir/json.h>

enum where { OF_CLIENT, OF_BROKERS, OF_BROKERS_MOST, BROKERS_UP };

static const struct {
    enum where where;
    const char *group, *member; /* within the client or a broker; `group` may be NULL */
    bool counts;                /* a counter, else a gauge */
    const char *name, *help;
} rows[KAFKA_STATISTICS] = {
    { BROKERS_UP, NULL, "state", false, "kafka_brokers_up",
      "Brokers with a connection that works." },
    { OF_CLIENT, NULL, "msg_cnt", false, "kafka_queue_messages",
      "Messages under way to the brokers." },
    { OF_CLIENT, NULL, "msg_size", false, "kafka_queue_bytes", "Their bytes." },
    { OF_CLIENT, NULL, "txmsgs", true, "kafka_messages_total", "Messages sent, repeats included." },
    { OF_CLIENT, NULL, "tx", true, "kafka_requests_total", "Requests sent." },
    { OF_CLIENT, NULL, "tx_bytes", true, "kafka_sent_bytes_total", "Bytes sent, compressed." },
    { OF_BROKERS, NULL, "txretries", true, "kafka_request_retries_total", "Requests sent again." },
    { OF_BROKERS, NULL, "req_timeouts", true, "kafka_request_timeouts_total",
      "Requests that no broker answered in time." },
    { OF_BROKERS, NULL, "connects", true, "kafka_connects_total", "Connections tried." },
    { OF_BROKERS, NULL, "disconnects", true, "kafka_disconnects_total", "Connections lost." },
    { OF_BROKERS_MOST, "rtt", "p99", false, "kafka_rtt_p99_microseconds",
      "How long the slowest broker takes for 99 of 100 requests." },
};

void kafka_statistics_init(struct kafka_statistics *statistics, struct weir_host *host)
{
    *statistics = (struct kafka_statistics){ .text.max = (size_t)8 * 1024 * 1024 };
    for (size_t i = 0; i < KAFKA_STATISTICS; i++)
        statistics->counters[i] = weir_counter_new(host, rows[i].name, rows[i].help);
}

void kafka_statistics_deinit(struct kafka_statistics *statistics)
{
    weir_bytes_free(&statistics->text);
}

static struct weir_str text_of(const struct weir_field *field)
{
    return (struct weir_str){ field->value, field->value_len };
}

static int64_t number_of(const struct weir_field *field)
{
    char text[24] = "";
    if (field->type == WEIR_VALUE_INT && field->value_len < sizeof(text))
        memcpy(text, field->value, field->value_len);
    return strtoll(text, NULL, 10);
}

/* What a row says about a client or a broker; 0 when it says nothing. */
static int64_t read_row(size_t row, struct weir_str json)
{
    struct weir_field field;
    if (rows[row].group && !weir_json_member(json, weir_str_of(rows[row].group), &field))
        return 0;
    if (rows[row].group)
        json = text_of(&field);
    if (!weir_json_member(json, weir_str_of(rows[row].member), &field))
        return 0;
    if (rows[row].where == BROKERS_UP)
        return weir_str_eq(text_of(&field), WEIR_STR("UP"));
    return number_of(&field);
}

static void take_broker(int64_t *sums, struct weir_str broker)
{
    for (size_t i = 0; i < KAFKA_STATISTICS; i++) {
        const int64_t value = rows[i].where == OF_CLIENT ? 0 : read_row(i, broker);
        if (rows[i].where != OF_BROKERS_MOST)
            sums[i] += value;
        else if (value > sums[i])
            sums[i] = value;
    }
}

static void take_brokers(int64_t *sums, struct weir_str brokers)
{
    enum { BROKERS_MAX = 512 };
    struct weir_field fields[BROKERS_MAX];
    struct weir_json json;
    int count = weir_json_object(brokers.ptr, brokers.len, fields, BROKERS_MAX, &json);
    for (int i = 0; i < count; i++)
        if (fields[i].type == WEIR_VALUE_JSON)
            take_broker(sums, text_of(&fields[i]));
}

void kafka_statistics_take(struct kafka_statistics *statistics, struct weir_str json)
{
    enum { MEMBERS_MAX = 64 };
    struct weir_field members[MEMBERS_MAX], brokers;
    struct weir_json top;
    struct weir_bytes *text = &statistics->text;
    text->len = 0;
    char *copy = weir_bytes_room(text, json.len + WEIR_BATCH_PADDING);
    if (!copy)
        return;
    memcpy(copy, json.ptr, json.len);
    memset(copy + json.len, 0, WEIR_BATCH_PADDING);
    if (weir_json_object(copy, json.len, members, MEMBERS_MAX, &top) < 0)
        return;
    memset(statistics->sums, 0, sizeof(statistics->sums));
    for (size_t i = 0; i < KAFKA_STATISTICS; i++)
        if (rows[i].where == OF_CLIENT)
            statistics->sums[i] = read_row(i, top.object);
    if (weir_json_member(top.object, WEIR_STR("brokers"), &brokers) &&
        brokers.type == WEIR_VALUE_JSON)
        take_brokers(statistics->sums, text_of(&brokers));
    for (size_t i = 0; i < KAFKA_STATISTICS; i++)
        weir_counter_set(statistics->counters[i], statistics->base[i] + statistics->sums[i]);
}

void kafka_statistics_renew(struct kafka_statistics *statistics)
{
    for (size_t i = 0; i < KAFKA_STATISTICS; i++) {
        if (rows[i].counts)
            statistics->base[i] += statistics->sums[i];
        statistics->sums[i] = 0;
    }
}
