/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HTTP_H
#define WEIR_HTTP_H

/* What an author of an HTTP service reads: how a log is posted to a service that has an API of its own.
 *
 * A service is one file with three things in it: a table of options, an encoder that turns records into
 * the body of a request, and, where the status of the answer does not say everything, a reader of answers.
 * All the rest is the same for every service and is not its concern: connections, TLS, authentication,
 * compression, which records go into which request and how many requests are under way, what is sent again
 * and when, and how a record that the service will never take is found among thousands.
 *
 *     struct out_example {
 *         struct weir_http http;          // first: the options and the machinery of every service
 *         struct weir_encoder *codec;     // and its own
 *     };
 *     static const struct weir_option options[] = {
 *         WEIR_HTTP_OPTIONS,
 *         { .name = "codec", .type = WEIR_CODEC, .offset = offsetof(struct out_example, codec), ... },
 *         { 0 },
 *     };
 *     static const struct weir_http_service service = {
 *         .path = "/ingest", .content_type = content_type, .encode = encode, .read = read_answer };
 *     WEIR_HTTP_PLUGIN(out_example, "example", "Posts records to Example.", options, service);
 *
 * Callbacks run on the output's thread and never overlap. One body is encoded at a time: begin, encode as
 * often as it takes, end; so what belongs to the body that is being made may stand in the state. */

#include <weir/plugin.h>

/* What an answer means for the records it is about. */
enum weir_http_verdict {
    WEIR_HTTP_ACK,   /* the service has them */
    WEIR_HTTP_RETRY, /* not now: the same bytes again, later */
    WEIR_HTTP_SPLIT, /* too much at once: half of it; one record that is too much alone is rejected */
    WEIR_HTTP_POISON, /* something in it is wrong: halves, until the record at fault is found */
    WEIR_HTTP_PAUSE, /* a person must act (credentials, a missing table): nothing is lost, all is held */
    WEIR_HTTP_REJECT, /* of one record: the service will never take it */
    WEIR_HTTP_DROP, /* of one record: the service has refused it, and it is not sent again whatever happens */
};

/* An exception from the table of verdict.c. Of several that fit the first counts. */
struct weir_http_rule {
    int from, to; /* statuses, inclusive */
    const char *
        contains; /* the answer must contain this text, or, after a '^', begin with it; NULL: any */
    enum weir_http_verdict verdict;
};

/* An answer whose status is a success. */
struct weir_http_answer {
    int status;
    struct weir_str
        body;         /* its beginning, up to `answer_max` bytes; WEIR_BATCH_PADDING bytes follow */
    bool cut;         /* there was more */
    uint32_t records; /* in the request */
};

/* What a reader of answers says; made by the caller of `read`, all of it WEIR_HTTP_ACK at first. */
struct weir_http_verdicts;
/* Of record `index` among those in the body, in their order: ACK, RETRY, REJECT or PAUSE. Records that
 * are to be tried again are sent without the others. `why` is copied. */
WEIR_API void weir_http_record(struct weir_http_verdicts *verdicts, uint32_t index,
                               enum weir_http_verdict verdict, struct weir_str why);
/* The service has rejected `count` of them and does not say which, and wants none again: so many count as dropped, in place
 * of the last of the request, and the others as delivered. Nothing is said of single records then. */
WEIR_API void weir_http_some_rejected(struct weir_http_verdicts *verdicts, uint32_t count,
                                      struct weir_str why);
/* Of all of them: an answer that cannot be understood is WEIR_HTTP_RETRY, for nothing is known. */
WEIR_API void weir_http_all(struct weir_http_verdicts *verdicts, enum weir_http_verdict verdict,
                            struct weir_str why);

/* Adds `text` as it stands in an url's query: percent signs before all but letters, digits and -._~ (RFC 3986). 0,
 * -ENOSPC or -ENOMEM. */
WEIR_API WEIR_MUST_USE int weir_http_add_escaped(struct weir_bytes *out, struct weir_str text);

/* A service: constant. */
struct weir_http_service {
    /* Added to a `url` that has no path of its own; NULL: nothing is. */
    const char *path;
    /* The same, where it depends on the options. Optional. */
    const char *(*path_of)(const void *self);
    /* Adds what is asked for in every url's query, `name=value&name=value`, escaped as an URL wants it. Once, at
     * start: 0, -ENOSPC or -ENOMEM. Optional. */
    int (*query)(const void *self, struct weir_bytes *out);
    /* The name of an argument of the query that is the request's key, as Idempotency-Key is; NULL: none.
     * Optional. */
    const char *(*key_argument)(const void *self);
    /* Of the body. A constant, or text that lives as long as the state. */
    const char *(*content_type)(const void *self);
    /* Looks at the service's own options; see struct weir_plugin. Optional. */
    int (*check)(void *self, struct weir_error *err);
    int (*open)(void *self, struct weir_host *host, struct weir_error *err); /* optional */
    void (*close)(void *self);                                               /* optional */
    /* A sentence or two for `weir explain`, each ended by a newline: what may come twice. */
    const char *explain;

    /* What comes before the first record. 0, -ENOSPC or -ENOMEM. Optional. */
    int (*begin)(void *self, struct weir_bytes *body);
    /* As weir_encode(): records of `slice` from `at` on, whole or not at all, until the slice ends or the
     * body holds `want` bytes; returns the index of the first that was not encoded. Every record that it
     * passes is in the body, one after the other, for the verdicts count on it. A record that it refuses
     * (body->refused, as weir_encode() sets it) is rejected alone. */
    uint32_t (*encode)(void *self, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *body, size_t want);
    /* What comes after the last: at most WEIR_HTTP_END_BYTES, for which there is room. Optional. */
    int (*end)(void *self, struct weir_bytes *body);
    /* Compression of the service's own, in place of `compression`, which is applied when `packs` says so: from `body`
     * to `out`. 0, -ENOSPC or -ENOMEM. Both or none. */
    bool (*packs)(const void *self);
    int (*pack)(void *self, struct weir_str body, struct weir_bytes *out);

    /* Exceptions from the table; ended by a row of zeros. Optional. */
    const struct weir_http_rule *rules;
    /* Reads an answer that is a success by its status. Optional. */
    void (*read)(void *self, const struct weir_http_answer *answer,
                 struct weir_http_verdicts *verdicts);
    size_t answer_max; /* bytes of an answer that are kept for `read`; 0: 4 KiB */
};

#define WEIR_HTTP_END_BYTES 64

/* What every service has: the first member of its state. Options, filled in by the host, and the
 * machinery. */
struct weir_http {
    struct weir_texts url;
    struct weir_pairs headers;
    int compression; /* enum http_compression */
    int order;
    int on_reject; /* enum http_on_reject */
    char *concurrency, *proxy;
    weir_ms timeout, connect_timeout;
    struct {
        uint64_t max_bytes;
        int64_t max_records;
        weir_ms linger;
    } batch;
    struct {
        weir_ms first, max, pause;
    } retry;
    struct {
        char *user, *password, *password_file;
        char *token, *token_file, *scheme, *header;
        struct {
            char *url, *client_id, *client_secret, *client_secret_file, *scope;
        } oauth2;
    } auth;
    struct {
        char *ca, *cert, *key, *key_password, *key_password_file;
        bool verify;
    } tls;
    struct http_output *output; /* the machinery; NULL before `open` */
};

/* The tables of the options that are maps. */
extern const struct weir_option weir_http_auth_options[], weir_http_tls_options[],
    weir_http_batch_options[], weir_http_retry_options[];
extern const char *const weir_http_compressions[], *const weir_http_orders[],
                                                       *const weir_http_on_rejects[];

/* Rows for a service's option table. */
#define WEIR_HTTP_ROW(field, kind, ...)                                                            \
    {                                                                                              \
        .name = #field, .type = kind, .offset = offsetof(struct weir_http, field), __VA_ARGS__     \
    }
#define WEIR_HTTP_OPTIONS                                                                          \
    WEIR_HTTP_ROW(url, WEIR_TEXT_LIST, .required = true,                                           \
                  .help =                                                                          \
                      "Where to post to, http:// or https://; of several, each takes its share, "  \
                      "and the others that of one that is away. Behind the host it may be a "      \
                      "template."),                                                                \
        WEIR_HTTP_ROW(auth, WEIR_GROUP, .group = weir_http_auth_options,                           \
                      .help = "How to say who is posting."),                                       \
        WEIR_HTTP_ROW(tls, WEIR_GROUP, .group = weir_http_tls_options,                             \
                      .help = "Certificates, for https."),                                         \
        WEIR_HTTP_ROW(headers, WEIR_PAIRS,                                                         \
                      .help = "More headers for each request; their values may be templates."),    \
        WEIR_HTTP_ROW(compression, WEIR_ENUM, .def = "none", .choices = weir_http_compressions,    \
                      .help = "How the body is compressed."),                                      \
        WEIR_HTTP_ROW(batch, WEIR_GROUP, .group = weir_http_batch_options,                         \
                      .help = "How much goes into one request."),                                  \
        WEIR_HTTP_ROW(concurrency, WEIR_TEXT, .def = "auto",                                       \
                      .help =                                                                      \
                          "How many requests may be under way to each url at a time, 1 to 64; "    \
                          "auto: as many as the service takes well."),                             \
        WEIR_HTTP_ROW(order, WEIR_ENUM, .def = "stream", .choices = weir_http_orders,              \
                      .help =                                                                      \
                          "stream: what came from one source arrives in its order, so requests "   \
                          "that are under way at one time hold different sources. none: any "      \
                          "order, as fast as it goes."),                                           \
        WEIR_HTTP_ROW(on_reject, WEIR_ENUM, .def = "dead_letter", .choices = weir_http_on_rejects, \
                      .help = "What becomes of a record that the service will never take. "        \
                              "dead_letter: it is parked with the service's answer. drop: it is "  \
                              "dropped, and counted. hold: everything is held until somebody has " \
                              "looked."),                                                          \
        WEIR_HTTP_ROW(timeout, WEIR_DURATION, .def = "60s", .min = "100ms", .max = "1h",           \
                      .help =                                                                      \
                          "How long a request may take in all, after which it is tried again."),   \
        WEIR_HTTP_ROW(connect_timeout, WEIR_DURATION, .def = "5s", .min = "10ms", .max = "5m",     \
                      .help = "How long connecting may take, TLS included."),                      \
        WEIR_HTTP_ROW(proxy, WEIR_TEXT,                                                            \
                      .help = "The proxy to go through, as a URL; \"\" for none. By default what " \
                              "the environment says (http_proxy, HTTPS_PROXY, NO_PROXY)."),        \
        WEIR_HTTP_ROW(retry, WEIR_GROUP, .group = weir_http_retry_options,                         \
                      .help = "When something is tried again, which never ends.")

/* For WEIR_HTTP_PLUGIN(). @thread as the callbacks of struct weir_plugin. */
int weir_http_check(void *state, const struct weir_http_service *service, struct weir_error *err);
int weir_http_open(void *state, const struct weir_http_service *service, struct weir_host *host,
                   struct weir_error *err);
void weir_http_close(void *state, const struct weir_http_service *service);
void weir_http_explain(const void *state, const struct weir_http_service *service,
                       struct weir_bytes *out);
uint64_t weir_http_reserve(const void *state);
void weir_http_deliver(void *state, struct weir_delivery *delivery);
void weir_http_drain(void *state, weir_ms deadline);

#define WEIR_HTTP_WINDOW_BYTES ((size_t)8 * 1024 * 1024)
#define WEIR_HTTP_DELIVERIES 64

/* Makes a plugin of a service. `symbol` is out_ and the name, and the name of the struct too. */
#define WEIR_HTTP_PLUGIN(symbol, name_text, summary_text, option_table, service_)                  \
    static int symbol##_check(void *state, struct weir_error *err)                                 \
    {                                                                                              \
        return weir_http_check(state, &(service_), err);                                           \
    }                                                                                              \
    static int symbol##_open(void *state, struct weir_host *host, struct weir_error *err)          \
    {                                                                                              \
        return weir_http_open(state, &(service_), host, err);                                      \
    }                                                                                              \
    static void symbol##_close(void *state)                                                        \
    {                                                                                              \
        weir_http_close(state, &(service_));                                                       \
    }                                                                                              \
    static void symbol##_explain(const void *state, struct weir_bytes *out)                        \
    {                                                                                              \
        weir_http_explain(state, &(service_), out);                                                \
    }                                                                                              \
    _Static_assert(offsetof(struct symbol, http) == 0, "struct weir_http comes first");            \
    WEIR_PLUGIN(symbol) = {                                                                        \
        .abi = WEIR_PLUGIN_ABI,                                                                    \
        .kind = WEIR_OUTPUT,                                                                       \
        .name = name_text,                                                                         \
        .summary = summary_text,                                                                   \
        .state_size = sizeof(struct symbol),                                                       \
        .options = option_table,                                                                   \
        .check = symbol##_check,                                                                   \
        .explain = symbol##_explain,                                                               \
        .reserve = weir_http_reserve,                                                              \
        .open = symbol##_open,                                                                     \
        .close = symbol##_close,                                                                   \
        .output = { .window = WEIR_HTTP_WINDOW_BYTES,                                              \
                    .deliver = weir_http_deliver,                                                  \
                    .parallel = WEIR_HTTP_DELIVERIES,                                              \
                    .drain = weir_http_drain },                                                    \
    }

#endif
