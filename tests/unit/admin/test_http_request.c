/* SPDX-License-Identifier: Apache-2.0 */
#include "admin/http_request.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static bool str_is(struct weir_str got, const char *want)
{
    return weir_str_eq(got, weir_str_of(want));
}

START_TEST(good_requests_are_taken_apart)
{
    static const struct {
        const char *text, *path, *query, *host, *accept;
        bool is_head;
    } cases[] = {
        { "GET / HTTP/1.1\r\n\r\n", "/", "", "", "", false },
        { "GET /a?b=c&d HTTP/1.0\r\nHost: h:1\r\n\r\n", "/a", "b=c&d", "h:1", "", false },
        { "HEAD /a? HTTP/1.1\nACCEPT:\t text/plain \nhOsT:x\n\nrest", "/a", "", "x", "text/plain",
          true },
        { "\r\n\nGET /%2e%00 HTTP/1.9\r\nX-Y: \r\n\r\n", "/%2e%00", "", "", "", false },
        { "GET HTTP://[::1]:2020/metrics?x HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "/metrics", "x",
          "", "", false },
        { "GET /a?b?c HTTP/1.1\r\nAccept: \xc3\xa4\r\n\r\n", "/a", "b?c", "", "\xc3\xa4", false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_request request;
        ck_assert_int_eq(http_request_parse(weir_str_of(cases[i].text), &request), HTTP_OK);
        ck_assert(str_is(request.path, cases[i].path));
        ck_assert(str_is(request.query, cases[i].query));
        ck_assert(str_is(request.host, cases[i].host));
        ck_assert(str_is(request.accept, cases[i].accept));
        ck_assert(request.is_head == cases[i].is_head);
    }
}
END_TEST

START_TEST(a_post_has_its_body)
{
    struct http_request request;
    const char text[] = "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcdef";
    ck_assert_int_eq(http_request_parse(weir_str_of(text), &request), HTTP_OK);
    ck_assert(request.is_post && !request.is_head);
    ck_assert(str_is(request.body, "abc"));
    ck_assert_int_eq(
        http_request_parse(WEIR_STR("POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), &request),
        HTTP_OK);
    ck_assert_uint_eq(request.body.len, 0);
}
END_TEST

START_TEST(sec_06_bad_requests_get_their_status)
{
    static const struct {
        const char *text;
        int status;
    } cases[] = {
        { "\n\n", HTTP_INCOMPLETE },
        { "GET / HTTP/1.1\r\nHost: x\r\n", HTTP_INCOMPLETE },
        { "GET / HTTP/1.1\r\n\r\n", HTTP_OK },
        { "POST / HTTP/1.1\r\n\r\n", 411 },
        { "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nx", HTTP_INCOMPLETE },
        { "POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413 },
        { "POST / HTTP/1.1\r\nContent-Length: 18446744073709551617\r\n\r\n", 413 },
        { "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: \r\n\r\n", 400 },
        { "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400 },
        { "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413 },
        { "get / HTTP/1.1\r\n\r\n", 405 },
        { "BREW /pot HTTP/1.1\r\n\r\n", 405 },
        { "G\x01T / HTTP/1.1\r\n\r\n", 400 },
        { " GET / HTTP/1.1\r\n\r\n", 400 },
        { "GET  / HTTP/1.1\r\n\r\n", 400 },
        { "GET /a b HTTP/1.1\r\n\r\n", 400 },
        { "GET /\r\n\r\n", 400 },
        { "GET / HTTP/1.1 \r\n\r\n", 400 },
        { "GET / http/1.1\r\n\r\n", 400 },
        { "GET / HTTP/11.\r\n\r\n", 400 },
        { "GET / HTTP/2.0\r\n\r\n", 505 },
        { "GET / HTTP/1.x\r\n\r\n", 505 },
        { "GET * HTTP/1.1\r\n\r\n", 400 },
        { "GET relative HTTP/1.1\r\n\r\n", 400 },
        { "GET http:///a HTTP/1.1\r\n\r\n", 400 },
        { "GET http://host HTTP/1.1\r\n\r\n", 400 },
        { "GET /\xc3\xa4 HTTP/1.1\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nNoColon\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\n: v\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost : v\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nX: a\rb\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nX: a\x7f\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400 },
        { "GET / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 413 },
        { "GET / HTTP/1.1\r\nContent-Length: 00\r\n\r\n", HTTP_OK },
        { "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413 },
        { "\x16\x03\x01 hello\n\n", 400 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct http_request request;
        ck_assert_msg(http_request_parse(weir_str_of(cases[i].text), &request) == cases[i].status,
                      "case %zu: %s", i, cases[i].text);
    }
    struct http_request request;
    ck_assert_int_eq(http_request_parse(WEIR_STR("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"), &request),
                     400);
    ck_assert_int_eq(http_request_parse(WEIR_STR_NONE, &request), HTTP_INCOMPLETE);
}
END_TEST

START_TEST(sec_06_a_head_has_a_maximum)
{
    static char text[HTTP_REQUEST_BYTES_MAX + 64];
    struct http_request request;
    static const char start[] = "GET / HTTP/1.1\r\nX: ", end[] = "\r\n\r\n";
    for (int over = 0; over < 2; over++) {
        size_t len = HTTP_REQUEST_BYTES_MAX + (size_t)over;
        memset(text, 'x', sizeof(text));
        memcpy(text, start, strlen(start));
        memcpy(text + len - strlen(end), end, strlen(end));
        ck_assert_int_eq(http_request_parse((struct weir_str){ text, len }, &request),
                         over ? 431 : HTTP_OK);
        ck_assert_int_eq(http_request_parse((struct weir_str){ text, len - 1 }, &request),
                         over ? 431 : HTTP_INCOMPLETE);
    }
}
END_TEST

START_TEST(every_prefix_is_incomplete)
{
    static const char text[] = "\r\nGET /metrics?a HTTP/1.1\r\nHost: a\r\nAccept: b\r\n\r\n";
    struct http_request request;
    for (size_t len = 0; len < strlen(text); len++)
        ck_assert_int_eq(http_request_parse((struct weir_str){ text, len }, &request),
                         HTTP_INCOMPLETE);
    ck_assert_int_eq(http_request_parse(weir_str_of(text), &request), HTTP_OK);
}
END_TEST

START_TEST(query_parameters)
{
    static const struct {
        const char *query;
        bool has;
    } cases[] = {
        { "", false },          { "verbose", true },     { "verbose=", true },
        { "verbose=0", true },  { "a=b&verbose", true }, { "verbose2", false },
        { "a=verbose", false }, { "&&verbose&", true },  { "Verbose", false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert(http_query_has(weir_str_of(cases[i].query), WEIR_STR("verbose")) == cases[i].has);
}
END_TEST

START_TEST(only_names_that_dns_cannot_move_are_local)
{
    static const struct {
        const char *host;
        bool local;
    } cases[] = {
        { "", true },
        { "127.0.0.1", true },
        { "127.0.0.1:2020", true },
        { "10.1.2.3:80", true },
        { "localhost", true },
        { "LocalHost:2020", true },
        { "[::1]", true },
        { "[::1]:2020", true },
        { "[::1", false },
        { "evil.example", false },
        { "evil.example:2020", false },
        { "127.0.0.1.evil.example", false },
        { "localhost.evil.example", false },
        { "notlocalhost", false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        ck_assert_msg(http_host_is_local(weir_str_of(cases[i].host)) == cases[i].local, "%s",
                      cases[i].host);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("http_request");
    tcase_add_test(tc, good_requests_are_taken_apart);
    tcase_add_test(tc, a_post_has_its_body);
    tcase_add_test(tc, sec_06_bad_requests_get_their_status);
    tcase_add_test(tc, sec_06_a_head_has_a_maximum);
    tcase_add_test(tc, every_prefix_is_incomplete);
    tcase_add_test(tc, query_parameters);
    tcase_add_test(tc, only_names_that_dns_cannot_move_are_local);
    Suite *suite = suite_create("admin/http_request");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
