/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/kafka/options.h"

#include <check.h>

#include "plugins/outputs/kafka/errors.h"
#include "support/check_main.h"

#define TEXT(text) ((char *)(uintptr_t)(text)) /* options are not const */

static char a[] = "a:9092", b[] = "b:9093", *broker_list[] = { a, b };
static struct kafka_options options;
static struct weir_error err;

static void setup(void)
{
    options = (struct kafka_options){
        .brokers = { broker_list, 2 },
        .idempotence = true,
        .max_message = 1000000,
        .compression = 3,
        .batch = { 1000000, 10000, 20 },
        .queue = { 16384, 4 << 20 },
        .timeout = 30000,
        .client_id = TEXT("weir"),
        .tls = { .verify = true },
    };
    err = (struct weir_error){ 0 };
}

static void expect(const char *name, const char *want)
{
    const struct kafka_limits limits = kafka_limits_of(&options);
    rd_kafka_conf_t *conf = kafka_conf_new(&options, &limits, &err);
    char value[512];
    size_t size = sizeof(value);
    ck_assert_msg(conf != NULL, "%s: %s", err.option, err.text);
    ck_assert_int_eq(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK);
    ck_assert_str_eq(value, want);
    rd_kafka_conf_destroy(conf);
}

START_TEST(what_delivery_depends_on_is_set)
{
    expect("bootstrap.servers", "a:9092,b:9093");
    expect("enable.idempotence", "true");
    expect("message.timeout.ms", "0");
    expect("request.required.acks", "-1");
    expect("queue.buffering.max.messages", "0");
    expect("compression.codec", "lz4");
    expect("partitioner", "murmur2_random");
    expect("security.protocol", "plaintext");
}
END_TEST

START_TEST(kaf_17_the_queue_is_bounded_by_weir)
{
    /* librdkafka's own limit is out of the way, so that it can never refuse what weir has let in. */
    expect("queue.buffering.max.messages", "0");
    expect("queue.buffering.max.kbytes", "2147483647");
    expect("batch.size", "1000000");
}
END_TEST

START_TEST(without_idempotence_one_request_is_in_flight)
{
    options.idempotence = false;
    options.acks = KAFKA_ACKS_LEADER;
    expect("enable.idempotence", "false");
    expect("max.in.flight.requests.per.connection", "1");
    expect("message.send.max.retries", "2147483647");
    expect("request.required.acks", "1");
}
END_TEST

START_TEST(tls_and_sasl_make_the_protocol)
{
    options.tls.enabled = true;
    options.tls.ca = TEXT("/etc/ca.pem");
    expect("security.protocol", "ssl");
    expect("ssl.ca.location", "/etc/ca.pem");
    expect("ssl.endpoint.identification.algorithm", "https");
    options.sasl.mechanism = KAFKA_SASL_SCRAM_512;
    options.sasl.username = TEXT("me");
    options.sasl.password = TEXT("secret");
    expect("security.protocol", "sasl_ssl");
    expect("sasl.mechanisms", "SCRAM-SHA-512");
    options.tls.enabled = false;
    expect("security.protocol", "sasl_plaintext");
    options.sasl.mechanism = KAFKA_SASL_OAUTHBEARER;
    expect("sasl.mechanisms", "OAUTHBEARER");
}
END_TEST

static void expect_refused(const char *name, const char *value, const char *want)
{
    struct weir_pair pair = { TEXT(name), TEXT(value), false };
    options.librdkafka = (struct weir_pairs){ &pair, 1 };
    const struct kafka_limits limits = kafka_limits_of(&options);
    ck_assert_ptr_null(kafka_conf_new(&options, &limits, &err));
    ck_assert_str_eq(err.option, "librdkafka");
    ck_assert_msg(strstr(err.text, want) != NULL, "%s: %s", name, err.text);
}

START_TEST(scram_needs_a_librdkafka_that_does_it_right)
{
    const bool old = rd_kafka_version() < 0x02060100;
    options.sasl.mechanism = KAFKA_SASL_SCRAM_256;
    ck_assert(old == (kafka_scram_wrong(&options) != NULL));
    options.sasl.mechanism = KAFKA_SASL_OAUTHBEARER;
    ck_assert_ptr_null(kafka_scram_wrong(&options));
}
END_TEST

START_TEST(properties_that_break_promises_are_refused)
{
    static const char *const names[] = {
        "acks",
        "delivery.timeout.ms",
        "enable.idempotence",
        "message.timeout.ms",
        "retries",
        "sasl.password",
        "bootstrap.servers",
        "transactional.id",
        "plugin.library.paths",
        "max.in.flight",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        ck_assert_ptr_nonnull(kafka_property_refused(names[i]));
        expect_refused(names[i], "1", "is refused: ");
    }
    ck_assert_ptr_null(kafka_property_refused("socket.nagle.disable"));
}
END_TEST

START_TEST(cfg_08_other_properties_are_librdkafka_s_to_judge_and_their_values_stay_hidden)
{
    expect_refused("no.such.property", "x", "librdkafka has no property \"no.such.property\"");
    expect_refused("socket.send.buffer.bytes", "hunter2", "does not take this value");
    ck_assert_ptr_null(strstr(err.text, "hunter2"));
    struct weir_pair pair = { TEXT("socket.nagle.disable"), TEXT("true"), false };
    options.librdkafka = (struct weir_pairs){ &pair, 1 };
    expect("socket.nagle.disable", "true");
}
END_TEST

START_TEST(errors_have_fates)
{
    static const struct {
        rd_kafka_resp_err_t err;
        enum kafka_fate want;
    } cases[] = {
        { RD_KAFKA_RESP_ERR_NO_ERROR, KAFKA_DONE },
        { RD_KAFKA_RESP_ERR__PURGE_QUEUE, KAFKA_BACK },
        { RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, KAFKA_SHRINK },
        { RD_KAFKA_RESP_ERR_INVALID_RECORD, KAFKA_ISOLATE },
        { RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, KAFKA_RENEW },
        { RD_KAFKA_RESP_ERR__FATAL, KAFKA_RENEW },
        { RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, KAFKA_HELD },
        { RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, KAFKA_HELD },
        { RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, KAFKA_HELD },
        { (rd_kafka_resp_err_t)31999, KAFKA_HELD }, /* of a later version */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_int_eq(kafka_fate_of(cases[i].err), cases[i].want);
    ck_assert(kafka_error_is_refusal(RD_KAFKA_RESP_ERR__AUTHENTICATION));
    ck_assert(!kafka_error_is_refusal(RD_KAFKA_RESP_ERR__TRANSPORT));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("conf");
    tcase_add_checked_fixture(tc, setup, NULL);
    tcase_add_test(tc, what_delivery_depends_on_is_set);
    tcase_add_test(tc, kaf_17_the_queue_is_bounded_by_weir);
    tcase_add_test(tc, without_idempotence_one_request_is_in_flight);
    tcase_add_test(tc, tls_and_sasl_make_the_protocol);
    tcase_add_test(tc, scram_needs_a_librdkafka_that_does_it_right);
    tcase_add_test(tc, properties_that_break_promises_are_refused);
    tcase_add_test(tc,
                   cfg_08_other_properties_are_librdkafka_s_to_judge_and_their_values_stay_hidden);
    tcase_add_test(tc, errors_have_fates);
    Suite *suite = suite_create("outputs/kafka/conf");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
