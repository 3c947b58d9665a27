/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/kafka/schema_options.h"

#include <check.h>
#include <errno.h>

#include "record/encoder.h"
#include "support/check_main.h"
#include "support/option_state.h"

extern const struct weir_plugin weir_plugin_codec_avro, weir_plugin_codec_json;

static char good_url[] = "https://registry:8081/base", subject[] = "logs-value", file[] = "/x.avsc",
            some[] = "x";

static struct kafka_schema_options options_of(char **url)
{
    return (struct kafka_schema_options){ .registry = { url, *url ? 1 : 0 },
                                          .subject = subject,
                                          .version = 1 };
}

static void expect(const struct weir_plugin *codec, const struct kafka_schema_options *options,
                   const char *option, const char *why)
{
    struct weir_error err = { 0 };
    struct weir_encoder *encoder = encoder_new(codec, option_state_new(codec));
    int r = kafka_schema_options_check(options, encoder, &err);
    ck_assert_msg(r == (option ? -EINVAL : 0), "%s: %s", err.option, err.text);
    if (option) {
        ck_assert_str_eq(err.option, option);
        ck_assert_msg(strstr(err.text, why), "%s", err.text);
    }
    encoder_free(encoder);
}

START_TEST(codec_and_schema_belong_together)
{
    char *url = good_url;
    const struct kafka_schema_options none = { 0 }, given = options_of(&url);
    expect(&weir_plugin_codec_json, &none, NULL, "");
    expect(&weir_plugin_codec_avro, &given, NULL, "");
    expect(&weir_plugin_codec_json, &given, "schema", "writes by no schema");
    expect(&weir_plugin_codec_avro, &none, "schema.registry", "which registry has it");
}
END_TEST

START_TEST(a_pin_is_a_subject_and_a_version)
{
    char *url = good_url;
    struct kafka_schema_options options = options_of(&url);
    options.version = 0;
    expect(&weir_plugin_codec_avro, &options, "schema.version", "it is missing");
    options.mode = KAFKA_SCHEMA_LOOKUP;
    expect(&weir_plugin_codec_avro, &options, "schema.file", "of a `file`");
    options.file = file;
    expect(&weir_plugin_codec_avro, &options, NULL, "");
    options.version = 2;
    expect(&weir_plugin_codec_avro, &options, "schema.version", "whatever version");
    options = options_of(&url);
    options.subject = NULL;
    expect(&weir_plugin_codec_avro, &options, "schema.subject", "it is missing");
}
END_TEST

static char *const bad_urls[] = { (char[]){ "registry:8081" }, (char[]){ "ftp://registry" },
                                  (char[]){ "http://" },       (char[]){ "http:///x" },
                                  (char[]){ "http://r?x" },    (char[]){ "http://u:p@r" } };

START_TEST(addresses_are_checked)
{
    char *url = bad_urls[_i];
    const struct kafka_schema_options options = options_of(&url);
    expect(&weir_plugin_codec_avro, &options, "schema.registry", "");
}
END_TEST

START_TEST(credentials_are_whole)
{
    char *url = good_url, broken[] = "a\nb";
    struct kafka_schema_options options = options_of(&url);
    options.auth.user = some;
    expect(&weir_plugin_codec_avro, &options, "schema.auth", "needs one password");
    options.auth.password = some;
    expect(&weir_plugin_codec_avro, &options, NULL, "");
    options.auth.token = some;
    expect(&weir_plugin_codec_avro, &options, "schema.auth", "which is meant");
    options.auth.user = options.auth.password = NULL;
    expect(&weir_plugin_codec_avro, &options, NULL, "");
    options.auth.token = broken;
    expect(&weir_plugin_codec_avro, &options, "schema.auth.token", "line break");
    options.auth.token = NULL;
    options.tls.cert = some;
    expect(&weir_plugin_codec_avro, &options, "schema.tls.cert", "private key");
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("schema_options");
    tcase_add_test(tc, codec_and_schema_belong_together);
    tcase_add_test(tc, a_pin_is_a_subject_and_a_version);
    tcase_add_loop_test(tc, addresses_are_checked, 0, sizeof(bad_urls) / sizeof(bad_urls[0]));
    tcase_add_test(tc, credentials_are_whole);
    Suite *suite = suite_create("outputs/kafka/schema_options");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
