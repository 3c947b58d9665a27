/* SPDX-License-Identifier: Apache-2.0 */
/* Topics by name. A constant name has one handle; with a template the handle of the last name is kept, since
 * neighbours mostly share one, and librdkafka finds the others by name.
 *
 * Names are the brokers' (Kafka's Topic.java): letters, digits, '.', '_' and '-', 249 bytes at most, and
 * neither "." nor "..". What a field brings is made to fit, byte by byte; what is then still no name is the
 * record's fault. */
#include "topic.h"

static bool is_legal(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

const char *kafka_topic_wrong(struct weir_str name)
{
    if (name.len == 0)
        return "the topic's name is empty";
    if (name.len > KAFKA_TOPIC_BYTES_MAX)
        return "the topic's name is longer than 249 bytes";
    if (weir_str_eq(name, WEIR_STR(".")) || weir_str_eq(name, WEIR_STR("..")))
        return "the topic's name is \".\" or \"..\"";
    for (size_t i = 0; i < name.len; i++)
        if (!is_legal(name.ptr[i]))
            return "the topic's name has other characters than a-z, A-Z, 0-9, \".\", \"_\" and \"-\"";
    return NULL;
}

static int clean(struct weir_bytes *out, struct weir_str text)
{
    char *room = weir_bytes_room(out, text.len);
    if (!room)
        return -1;
    for (size_t i = 0; i < text.len; i++)
        room[i] = is_legal(text.ptr[i]) ? text.ptr[i] : '_';
    out->len += text.len;
    return 0;
}

void kafka_topic_init(struct kafka_topic *topic, const struct weir_template *name)
{
    *topic = (struct kafka_topic){ .name = name };
    topic->last.max = topic->text.max = 4096;
}

void kafka_topic_use(struct kafka_topic *topic, rd_kafka_t *rk)
{
    if (topic->handle)
        rd_kafka_topic_destroy(topic->handle);
    topic->handle = NULL;
    topic->rk = rk;
}

void kafka_topic_deinit(struct kafka_topic *topic)
{
    kafka_topic_use(topic, NULL);
    weir_bytes_free(&topic->last);
    weir_bytes_free(&topic->text);
}

static rd_kafka_topic_t *open_topic(struct kafka_topic *topic, struct weir_str name)
{
    char text[KAFKA_TOPIC_BYTES_MAX + 1];
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    if (topic->handle)
        rd_kafka_topic_destroy(topic->handle);
    topic->handle = rd_kafka_topic_new(topic->rk, text, NULL);
    return topic->handle;
}

rd_kafka_topic_t *kafka_topic_of(struct kafka_topic *topic, const struct weir_batch *batch,
                                 uint32_t i, const char **ret_wrong)
{
    *ret_wrong = NULL;
    if (weir_template_is_constant(topic->name)) /* checked when the configuration was */
        return topic->handle ? topic->handle : open_topic(topic, weir_template_text(topic->name));
    topic->text.len = 0;
    if (weir_template_render(topic->name, batch, i, clean, &topic->text) < 0) {
        *ret_wrong = topic->text.starved ? NULL : "the topic's name is longer than 249 bytes";
        topic->text.starved = false;
        return NULL;
    }
    struct weir_str name = { topic->text.data, topic->text.len };
    if (topic->handle && weir_str_eq(name, (struct weir_str){ topic->last.data, topic->last.len }))
        return topic->handle;
    *ret_wrong = kafka_topic_wrong(name);
    if (*ret_wrong || !open_topic(topic, name))
        return NULL;
    const struct weir_bytes other = topic->last; /* the name stays, its memory is used in turns */
    topic->last = topic->text;
    topic->text = other;
    return topic->handle;
}
