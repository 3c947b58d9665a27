/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/kafka/statistics.h"

#include <check.h>

#include "support/check_main.h"
#include "support/fake_host.h"

static struct kafka_statistics statistics;
static struct weir_host *host;

static void setup(void)
{
    host = fake_host_new();
    kafka_statistics_init(&statistics, host);
}

static void teardown(void)
{
    kafka_statistics_deinit(&statistics);
    fake_host_free(host);
}

static const char document[] =
    "{\"name\":\"weir#producer-1\",\"msg_cnt\":7,\"msg_size\":700,\"tx\":100,\"tx_bytes\":5000,\"txmsgs\":90,"
    "\"brokers\":{\"a:1/1\":{\"state\":\"UP\",\"txretries\":2,\"req_timeouts\":1,\"connects\":3,"
    "\"disconnects\":1,\"rtt\":{\"min\":1,\"p99\":400},\"toppars\":{}},"
    "\"b:1/2\":{\"state\":\"DOWN\",\"txretries\":5,\"rtt\":{\"p99\":900}}},\"topics\":{}}";

START_TEST(brokers_are_summed)
{
    kafka_statistics_take(&statistics, weir_str_of(document));
    ck_assert_int_eq(fake_host_counter(host, "kafka_queue_messages"), 7);
    ck_assert_int_eq(fake_host_counter(host, "kafka_requests_total"), 100);
    ck_assert_int_eq(fake_host_counter(host, "kafka_messages_total"), 90);
    ck_assert_int_eq(fake_host_counter(host, "kafka_request_retries_total"), 7);
    ck_assert_int_eq(fake_host_counter(host, "kafka_brokers_up"), 1);
    ck_assert_int_eq(fake_host_counter(host, "kafka_rtt_p99_microseconds"), 900);
}
END_TEST

START_TEST(counters_go_on_with_another_handle)
{
    kafka_statistics_take(&statistics, weir_str_of(document));
    kafka_statistics_renew(&statistics);
    kafka_statistics_take(&statistics, weir_str_of("{\"tx\":1,\"msg_cnt\":0}"));
    ck_assert_int_eq(fake_host_counter(host, "kafka_requests_total"), 101);
    ck_assert_int_eq(fake_host_counter(host, "kafka_queue_messages"), 0);
    ck_assert_int_eq(fake_host_counter(host, "kafka_request_retries_total"), 7);
}
END_TEST

START_TEST(what_is_not_as_expected_is_left)
{
    static const char *const texts[] = { "",
                                         "[]",
                                         "{",
                                         "{\"brokers\":7,\"tx\":\"x\"}",
                                         "{\"tx\":1e99}",
                                         "{\"brokers\":{\"a\":1,\"b\":{\"rtt\":3}}}" };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        kafka_statistics_take(&statistics, weir_str_of(texts[i]));
    ck_assert_int_eq(fake_host_counter(host, "kafka_requests_total"), 0);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("statistics");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, brokers_are_summed);
    tcase_add_test(tc, counters_go_on_with_another_handle);
    tcase_add_test(tc, what_is_not_as_expected_is_left);
    Suite *suite = suite_create("outputs/kafka/statistics");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
