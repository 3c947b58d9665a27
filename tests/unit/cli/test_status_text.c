/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status_text.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/check_main.h"

static char *print(const char *json, int want)
{
    json_error_t bad;
    json_t *status = json_loads(json, 0, &bad);
    ck_assert_msg(status, "%s", bad.text);
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    ck_assert_int_eq(status_text_print(status, out), want);
    fclose(out);
    json_decref(status);
    return text;
}

START_TEST(a_whole_document)
{
    char *text = print(
        "{\"version\":1,\"agent\":{\"version\":\"0.1.0\",\"pid\":4711,\"uptime_seconds\":3725.5,"
        "\"state\":\"running\",\"memory\":{\"limit_bytes\":67108864,\"used_bytes\":1310720}},"
        "\"checks\":[{\"name\":\"positions\",\"pipeline\":\"\",\"ok\":true,\"reason\":\"\"},"
        "{\"name\":\"progress\",\"pipeline\":\"app\",\"ok\":false,\"reason\":\"no ack\"}],"
        "\"pipelines\":[{\"name\":\"app\",\"ledger\":{\"read\":1000,\"delivered\":900,"
        "\"filtered\":{\"grep\":39,\"route\":1},\"dropped\":{\"rejected\":3},\"held\":57,\"residue\":0},"
        "\"buffer\":{\"memory_bytes\":16777216,\"memory_used_bytes\":262144},"
        "\"inputs\":[{\"id\":\"tail\",\"type\":\"tail\",\"state\":\"reading\",\"records\":1000,"
        "\"bytes\":120000,\"lag_bytes\":0,\"backpressure_seconds\":0.5}],"
        "\"filters\":[{\"id\":\"grep\",\"type\":\"grep\",\"records\":1000,\"filtered\":39,\"added\":0}],"
        "\"outputs\":[{\"id\":\"file\",\"type\":\"file\",\"state\":\"retrying\",\"reason\":"
        "\"disk \\u001b[31mfull\",\"records\":900,\"bytes\":108000,\"rejected\":3,\"retries\":2,"
        "\"pending_records\":57,\"lag_seconds\":1.25}]}]}",
        0);
    ck_assert_str_eq(
        text,
        "weir 0.1.0, pid 4711, running for 1 h 2 min; memory 1.2 MiB of 64.0 MiB\n"
        "not ready: app: progress: no ack\n"
        "\n"
        "pipeline app: read 1,000, delivered 900, filtered 40, dropped 3, held 57\n"
        "  buffer 256.0 KiB of 16.0 MiB\n"
        "  INPUT  TYPE  STATE    RECORDS      BYTES  WAITING  BLOCKED  REASON\n"
        "  tail   tail  reading    1,000  117.2 KiB      0 B   500 ms\n"
        "  FILTER  TYPE  RECORDS  FILTERED  ADDED\n"
        "  grep    grep    1,000        39      0\n"
        "  OUTPUT  TYPE  STATE     RECORDS      BYTES  REJECTED  RETRIES  PENDING    LAG  REASON\n"
        "  file    file  retrying      900  105.5 KiB         3        2       57  1.2 s  disk "
        "\\x1b[31mfull\n");
    free(text);
}
END_TEST

START_TEST(what_is_unaccounted_for_shows)
{
    char *text =
        print("{\"agent\":{},\"pipelines\":[{\"name\":\"p\",\"ledger\":{\"residue\":-2}}]}", 0);
    ck_assert_ptr_nonnull(strstr(text, "UNACCOUNTED -2"));
    free(text);
}
END_TEST

START_TEST(other_documents_are_refused)
{
    static const char *const documents[] = { "{}", "[]", "{\"agent\":{}}",
                                             "{\"agent\":1,\"pipelines\":[]}" };
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        free(print(documents[i], -EPROTO));
    /* Members of the wrong type are as good as missing. */
    free(print(
        "{\"agent\":{\"pid\":\"x\",\"version\":[]},\"checks\":3,\"pipelines\":[1,{\"name\":{},"
        "\"ledger\":[],\"inputs\":[7],\"outputs\":{}}]}",
        0));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("status_text");
    tcase_add_test(tc, a_whole_document);
    tcase_add_test(tc, what_is_unaccounted_for_shows);
    tcase_add_test(tc, other_documents_are_refused);
    Suite *suite = suite_create("cli/status_text");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
