/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/kafka/topic.h"

#include <check.h>

#include "support/check_main.h"
#include "support/make_batch.h"

static rd_kafka_t *rk;
static struct kafka_topic topic;
static struct weir_template *tpl;

static void setup(void)
{
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, NULL, NULL, 0);
    ck_assert_ptr_nonnull(rk);
}

static void teardown(void)
{
    kafka_topic_deinit(&topic);
    weir_template_free(tpl);
    rd_kafka_destroy(rk);
}

static void use(const char *text)
{
    struct weir_error err = { 0 };
    tpl = weir_template_new(text, &err);
    ck_assert_msg(tpl != NULL, "%s", err.text);
    kafka_topic_init(&topic, tpl);
    kafka_topic_use(&topic, rk);
}

START_TEST(names_are_the_brokers_kind)
{
    static const struct {
        const char *name;
        bool good;
    } cases[] = {
        { "a", true },    { "App-logs_2.x", true }, { "...", true },
        { "", false },    { ".", false },           { "..", false },
        { "a/b", false }, { "a b", false },         { "\xc3\xa4", false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(!kafka_topic_wrong(weir_str_of(cases[i].name)) == cases[i].good, "%s",
                      cases[i].name);
    char longest[251];
    memset(longest, 'x', sizeof(longest));
    ck_assert_ptr_null(kafka_topic_wrong((struct weir_str){ longest, 249 }));
    ck_assert_ptr_nonnull(kafka_topic_wrong((struct weir_str){ longest, 250 }));
}
END_TEST

START_TEST(kaf_13_a_field_makes_a_name_or_none)
{
    struct batch *batch = make_batch("{\"app\":\"web\"}\n{\"app\":\"a/b c\"}\n{\"app\":\"\"}\n"
                                     "{\"app\":\"web\"}\n{}\n",
                                     0);
    static const char *const want[] = { "web", "a_b_c", NULL, "web", NULL };
    made_batch_parse_json(batch);
    use("${app}");
    for (uint32_t i = 0; i < 5; i++) {
        const char *why;
        rd_kafka_topic_t *found = kafka_topic_of(&topic, &batch->pub, i, &why);
        if (want[i]) {
            ck_assert_ptr_nonnull(found);
            ck_assert_str_eq(rd_kafka_topic_name(found), want[i]);
        } else {
            ck_assert_ptr_null(found);
            ck_assert_str_eq(why, "the topic's name is empty");
        }
    }
    made_batch_free(batch);
}
END_TEST

START_TEST(kaf_13_a_very_long_field_makes_none)
{
    static char text[8001] = "";
    memset(text, 'x', 8000);
    struct batch *batch = make_batch(text, 0);
    const char *why;
    use("${message}");
    ck_assert_ptr_null(kafka_topic_of(&topic, &batch->pub, 0, &why));
    ck_assert_str_eq(why, "the topic's name is longer than 249 bytes");
    made_batch_free(batch);
}
END_TEST

START_TEST(a_constant_has_one_handle)
{
    struct batch *batch = make_batch("a\nb\n", 0);
    const char *why;
    use("logs");
    rd_kafka_topic_t *first = kafka_topic_of(&topic, &batch->pub, 0, &why);
    ck_assert_str_eq(rd_kafka_topic_name(first), "logs");
    ck_assert_ptr_eq(kafka_topic_of(&topic, &batch->pub, 1, &why), first);
    made_batch_free(batch);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("topic");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, names_are_the_brokers_kind);
    tcase_add_test(tc, kaf_13_a_field_makes_a_name_or_none);
    tcase_add_test(tc, kaf_13_a_very_long_field_makes_none);
    tcase_add_test(tc, a_constant_has_one_handle);
    Suite *suite = suite_create("outputs/kafka/topic");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
