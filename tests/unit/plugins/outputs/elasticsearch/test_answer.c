/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/elasticsearch/answer.h"

#include <check.h>
#include <stdio.h>

#include "plugins/outputs/http/verdict.h"
#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define ITEM(status) "{\"create\":{\"status\":" #status "}}"

/* Of three documents each: a = ack, r = retry, j = reject, p = pause. */
static const struct {
    const char *text, *verdicts, *reason;
    uint32_t duplicates;
} rows[] = {
    { "{\"took\":5,\"errors\":false,\"items\":[]}", "aaa", "", 0 },
    { "{\"errors\":true,\"items\":[" ITEM(201) "," ITEM(409) "," ITEM(200) "]}", "aaa", "", 1 },
    { "{\"errors\":true,\"items\":[" ITEM(429) "," ITEM(201) "," ITEM(503) "]}", "rar", "429 ", 0 },
    { "{\"errors\":true,\"items\":[" ITEM(403) "," ITEM(404) "," ITEM(401) "]}", "ppp", "403 ", 0 },
    { "{\"errors\":true,\"items\":[" ITEM(
          201) ",{\"create\":{\"status\":400,\"error\":{\"type\":"
               "\"document_parsing_exception\",\"reason\":\"[1:2] no, } \\\" ]\"}}}," ITEM(
                   422) "]}",
      "ajj", "400 document_parsing_exception: [1:2] no, } \" ]", 0 },
    { " { \"items\" : [ " ITEM(201) " , " ITEM(429) " , " ITEM(201) " ] , \"errors\" : true } ",
      "ara", "429 ", 0 },
    { "{\"errors\":true,\"items\":[" ITEM(201) "," ITEM(201) "]}", "rrr", NULL, 0 },
    { "{\"errors\":true,\"items\":[" ITEM(400) "," ITEM(201) "," ITEM(201) "," ITEM(201) "]}",
      "rrr", NULL, 0 },
    { "{\"errors\":true,\"items\":[" ITEM(201) ",7," ITEM(201) "]}", "rrr", NULL, 0 },
    { "{\"errors\":true,\"items\":[" ITEM(201) ","
                                               "{\"create\":{\"status\":\"400\"}}"
                                               "," ITEM(201) "]}",
      "rrr", NULL, 0 },
    { "{\"errors\":true,\"items\":{}}", "rrr", NULL, 0 },
    { "{\"errors\":\"no\"}", "rrr", NULL, 0 },
    { "{\"errors\":true}", "rrr", NULL, 0 },
    { "{}", "rrr", NULL, 0 },
    { "[]", "rrr", NULL, 0 },
    { "", "rrr", NULL, 0 },
    { "<html>200 OK</html>", "rrr", NULL, 0 },
    { "{\"errors\":false,\"items\":[", "rrr", NULL, 0 },
};

START_TEST(htp_05_htp_06_answers)
{
    char text[1024] = { 0 };
    struct weir_http_verdicts verdicts = { .count = 3 };
    snprintf(text, sizeof(text), "%s", rows[_i].text);
    const struct weir_http_answer answer = { .status = 200,
                                             .body = { text, strlen(text) },
                                             .records = 3 };
    ck_assert_uint_eq(elasticsearch_read(&answer, &verdicts), rows[_i].duplicates);
    for (uint32_t i = 0; i < 3; i++) {
        static const char letters[] = { [WEIR_HTTP_ACK] = 'a',
                                        [WEIR_HTTP_RETRY] = 'r',
                                        [WEIR_HTTP_REJECT] = 'j',
                                        [WEIR_HTTP_PAUSE] = 'p' };
        ck_assert_int_eq(letters[http_verdict_of(&verdicts, i)], rows[_i].verdicts[i]);
    }
    ck_assert_str_eq(verdicts.reason, rows[_i].reason ? rows[_i].reason
                                                      : "the answer is not that of a bulk request");
    http_verdicts_deinit(&verdicts);
}
END_TEST

START_TEST(htp_06_an_answer_that_was_cut_says_nothing)
{
    char text[128] = "{\"errors\":false}";
    struct weir_http_verdicts verdicts = { .count = 3 };
    const struct weir_http_answer answer = {
        .status = 200, .body = { text, strlen(text) }, .cut = true, .records = 3
    };
    elasticsearch_read(&answer, &verdicts);
    ck_assert_int_eq(verdicts.all, WEIR_HTTP_RETRY);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("answer");
    TCase *tcase = tcase_create("answer");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, htp_05_htp_06_answers, 0, COUNT_OF(rows));
    tcase_add_test(tcase, htp_06_an_answer_that_was_cut_says_nothing);
    return check_main(suite);
}
