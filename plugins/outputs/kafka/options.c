/* SPDX-License-Identifier: Apache-2.0 */
/* The option table, and what its rows cannot say: what must go together. Values that are librdkafka's to
 * judge are judged by it, in conf.c. */
#include "options.h"

#include <errno.h>

#include "headers.h"
#include "topic.h"

#define AT(field) offsetof(struct kafka_options, field)

static const char *const partitioners[] = { "murmur2", "crc32", "fnv1a", "random", NULL };
static const char *const compressions[] = { "none", "gzip", "snappy", "lz4", "zstd", NULL };
static const char *const acks[] = { "all", "leader", NULL };
static const char *const mechanisms[] = { "none",          "plain",       "scram-sha-256",
                                          "scram-sha-512", "oauthbearer", NULL };

static const struct weir_option batch_options[] = {
    { .name = "max_bytes",
      .type = WEIR_SIZE,
      .offset = AT(batch.max_bytes),
      .def = "1MB",
      .min = "1KB",
      .max = "100MB",
      .help = "The largest batch of messages, before compression. The broker's limit is for the "
              "compressed batch; one that it finds too large is sent again in smaller ones." },
    { .name = "max_records",
      .type = WEIR_INT,
      .offset = AT(batch.max_records),
      .def = "10000",
      .min = "1",
      .max = "1000000",
      .help = "The most messages in a batch." },
    { .name = "linger",
      .type = WEIR_DURATION,
      .offset = AT(batch.linger),
      .def = "20ms",
      .min = "0s",
      .max = "1m",
      .help = "How long a message may wait for others to share a batch with." },
    { 0 },
};

static const struct weir_option queue_options[] = {
    { .name = "max_records",
      .type = WEIR_INT,
      .offset = AT(queue.max_records),
      .def = "8192",
      .min = "1",
      .max = "10000000",
      .help = "The most messages under way to the brokers. Each is charged with 700 bytes to "
              "service.memory_limit, which is about what librdkafka needs for it." },
    { .name = "max_bytes",
      .type = WEIR_SIZE,
      .offset = AT(queue.max_bytes),
      .def = "2MiB",
      .min = "64KiB",
      .max = "1GiB",
      .help = "The most bytes of messages under way. Twice of it are charged to "
              "service.memory_limit: librdkafka copies what it sends." },
    { 0 },
};

static const struct weir_option tls_options[] = {
    { .name = "enabled",
      .type = WEIR_BOOL,
      .offset = AT(tls.enabled),
      .def = "false",
      .help = "Whether to speak TLS with the brokers." },
    { .name = "ca",
      .type = WEIR_TEXT,
      .offset = AT(tls.ca),
      .help =
          "A file or directory of certificates (PEM) to check the brokers' with. Without it: the "
          "system's." },
    { .name = "cert",
      .type = WEIR_TEXT,
      .offset = AT(tls.cert),
      .help = "A file with the certificate (PEM) to show to brokers that ask for one." },
    { .name = "key",
      .type = WEIR_TEXT,
      .offset = AT(tls.key),
      .help = "A file with its private key (PEM)." },
    { .name = "key_password",
      .type = WEIR_TEXT,
      .offset = AT(tls.key_password),
      .secret = true,
      .help = "What the private key is encrypted with." },
    { .name = "verify",
      .type = WEIR_BOOL,
      .offset = AT(tls.verify),
      .def = "true",
      .help = "Whether a broker's certificate and the name in it must be right." },
    { 0 },
};

static const struct weir_option sasl_options[] = {
    { .name = "mechanism",
      .type = WEIR_ENUM,
      .offset = AT(sasl.mechanism),
      .def = "none",
      .choices = mechanisms,
      .help =
          "How to log in. `plain` and `oauthbearer` send the password or token as it is: use them with TLS." },
    { .name = "username", .type = WEIR_TEXT, .offset = AT(sasl.username), .help = "Who logs in." },
    { .name = "password",
      .type = WEIR_TEXT,
      .offset = AT(sasl.password),
      .secret = true,
      .help = "The password." },
    { .name = "password_file",
      .type = WEIR_TEXT,
      .offset = AT(sasl.password_file),
      .help = "A file that holds the password; read again when a broker refuses us." },
    { .name = "token_file",
      .type = WEIR_TEXT,
      .offset = AT(sasl.token_file),
      .help =
          "A file that holds the token of `oauthbearer`, a JSON Web Token with an expiry, which something else "
          "replaces in time." },
    { 0 },
};

const struct weir_option kafka_option_table[] = {
    { .name = "brokers",
      .type = WEIR_TEXT_LIST,
      .offset = AT(brokers),
      .required = true,
      .help = "HOST:PORT of one or more brokers, from which all others are learned." },
    { .name = "topic",
      .type = WEIR_TEMPLATE,
      .offset = AT(topic),
      .required = true,
      .help = "Where records go. In what comes from a field, characters that a topic's name cannot "
              "have become `_`; a record for which no name is left is rejected." },
    { .name = "key",
      .type = WEIR_TEMPLATE,
      .offset = AT(key),
      .help =
          "The message's key: messages of one key go to one partition, in order. Without it, or "
          "where it is empty or longer than 64 KiB, messages have none, and partitions take turns." },
    { .name = "headers",
      .type = WEIR_PAIRS,
      .offset = AT(headers),
      .help = "More headers: names to templates. One that comes out empty is left out." },
    { .name = "record_id_header",
      .type = WEIR_TEXT,
      .offset = AT(record_id_header),
      .def = "weir-id",
      .help = "The header with the record's id, by which to tell a repeat; empty: none." },
    { .name = "trace_header",
      .type = WEIR_TEXT,
      .offset = AT(trace_header),
      .def = "traceparent",
      .help =
          "The header with the record's trace context, as W3C has it, where the record has a trace "
          "and a span id; empty: none." },
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = AT(codec),
      .def = "json",
      .takes = WEIR_CODEC_BINARY | WEIR_CODEC_SCHEMA,
      .help = "How a record becomes the message's value, without a newline at its end." },
    { .name = "schema",
      .type = WEIR_GROUP,
      .group = kafka_schema_option_table,
      .help =
          "With codec avro: the schema, pinned by subject and version, and the registry that has it." },
    { .name = "partitioner",
      .type = WEIR_ENUM,
      .offset = AT(partitioner),
      .def = "murmur2",
      .choices = partitioners,
      .help =
          "How a key chooses its partition: `murmur2` as Java's producer does, `crc32` as librdkafka "
          "does by default, `fnv1a` as some Go clients do; `random` ignores the key." },
    { .name = "compression",
      .type = WEIR_ENUM,
      .offset = AT(compression),
      .def = "lz4",
      .choices = compressions,
      .help = "How batches are compressed." },
    { .name = "acks",
      .type = WEIR_ENUM,
      .offset = AT(acks),
      .def = "all",
      .choices = acks,
      .help =
          "Who must have a message before it counts as delivered: all replicas that are in sync, or "
          "the partition's leader, with whom it can be lost. `leader` needs `idempotence: false`." },
    { .name = "idempotence",
      .type = WEIR_BOOL,
      .offset = AT(idempotence),
      .def = "true",
      .help =
          "Whether brokers find out retries that repeat or reorder messages. Without it they can." },
    { .name = "max_message",
      .type = WEIR_SIZE,
      .offset = AT(max_message),
      .def = "1MB",
      .min = "1KB",
      .max = "100MB",
      .help = "The largest message. A record that is larger is rejected, alone." },
    { .name = "batch",
      .type = WEIR_GROUP,
      .group = batch_options,
      .help = "How messages share requests." },
    { .name = "queue",
      .type = WEIR_GROUP,
      .group = queue_options,
      .help = "What may be under way." },
    { .name = "timeout",
      .type = WEIR_DURATION,
      .offset = AT(timeout),
      .def = "30s",
      .min = "1s",
      .max = "5m",
      .help =
          "How long a broker may take to answer before it is asked again. Messages do not time out." },
    { .name = "statistics",
      .type = WEIR_DURATION,
      .offset = AT(statistics),
      .def = "10s",
      .min = "0s",
      .max = "1h",
      .help = "How often the metrics weir_kafka_* are brought up to date; 0s: never." },
    { .name = "client_id",
      .type = WEIR_TEXT,
      .offset = AT(client_id),
      .def = "weir",
      .help = "What brokers call this client in their logs and quotas." },
    { .name = "tls", .type = WEIR_GROUP, .group = tls_options, .help = "Encryption." },
    { .name = "sasl", .type = WEIR_GROUP, .group = sasl_options, .help = "Logging in." },
    { .name = "librdkafka",
      .type = WEIR_PAIRS,
      .offset = AT(librdkafka),
      .help =
          "Any other property of librdkafka by its name there. Those that would break what weir "
          "promises are refused." },
    { 0 },
};

static int check_tls(const struct kafka_options *options, struct weir_error *err)
{
    if (!options->tls.enabled && (options->tls.ca || options->tls.cert || options->tls.key))
        return weir_error_option(
            err, "tls.enabled",
            "certificates are given, but TLS is not enabled: write `enabled: true`");
    if (!options->tls.cert != !options->tls.key)
        return weir_error_option(
            err, options->tls.cert ? "tls.cert" : "tls.key",
            "a certificate needs its private key, and the key its certificate");
    return 0;
}

static int check_sasl(const struct kafka_options *options, struct weir_error *err)
{
    const bool password = options->sasl.password || options->sasl.password_file;
    const bool token = options->sasl.token_file != NULL;
    if (options->sasl.password && options->sasl.password_file)
        return weir_error_option(err, "sasl.password",
                                 "a secret comes from one place: itself or its file");
    switch ((enum kafka_sasl)options->sasl.mechanism) {
    case KAFKA_SASL_NONE:
        if (options->sasl.username || password || token)
            return weir_error_option(
                err, "sasl.mechanism",
                "a username, password or token is given, but no mechanism to log in with");
        break;
    case KAFKA_SASL_PLAIN:
    case KAFKA_SASL_SCRAM_256:
    case KAFKA_SASL_SCRAM_512:
        if (!options->sasl.username || !password || token)
            return weir_error_option(
                err, "sasl.mechanism",
                "it needs `username` and `password` or `password_file`, and nothing else");
        break;
    case KAFKA_SASL_OAUTHBEARER:
        if (!token || options->sasl.username || password)
            return weir_error_option(err, "sasl.mechanism",
                                     "it needs `token_file`, and nothing else");
        break;
    }
    return 0;
}

static int check_topic(const struct kafka_options *options, struct weir_error *err)
{
    if (!weir_template_is_constant(options->topic))
        return 0;
    const char *wrong = kafka_topic_wrong(weir_template_text(options->topic));
    return wrong ? weir_error_option(err, "topic", "it is no name of a topic: %s", wrong) : 0;
}

static int check_conf(const struct kafka_options *options, struct weir_error *err)
{
    const struct kafka_limits limits = kafka_limits_of(options);
    rd_kafka_conf_t *conf = kafka_conf_new(options, &limits, err);
    if (!conf)
        return -EINVAL;
    rd_kafka_conf_destroy(conf);
    return 0;
}

int kafka_options_check(const struct kafka_options *options, struct weir_error *err)
{
    if (options->acks != KAFKA_ACKS_ALL && options->idempotence)
        return weir_error_option(
            err, "acks",
            "`leader` needs `idempotence: false`: brokers can tell repeats only "
            "when all replicas answer");
    int r = check_topic(options, err);
    if (r == 0)
        r = kafka_schema_options_check(&options->schema, options->codec, err);
    if (r == 0)
        r = check_tls(options, err);
    if (r == 0)
        r = check_sasl(options, err);
    struct kafka_headers headers;
    if (r == 0)
        r = kafka_headers_init(&headers, options, err);
    if (r == 0)
        kafka_headers_deinit(&headers);
    return r < 0 ? r : check_conf(options, err);
}
