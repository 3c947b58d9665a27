/* SPDX-License-Identifier: Apache-2.0 */
/* A strict reader for the few requests that an admin endpoint gets.
 *
 * It looks at a head only when all of it is there, so it has no state between reads: with at most 8 KiB
 * there is nothing to be gained by a parser that stops and goes on. What RFC 9112 lets a server refuse
 * is refused (folded lines, control characters, space before a colon, a second Host), because two
 * programs that read one request differently are how requests get smuggled. Only one thing is taken
 * that the grammar does not have: a line may end in a bare '\n', for people at a terminal. */
#include "admin/http_request.h"

#include <strings.h>

static bool is_token_byte(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct weir_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_token_byte((unsigned char)text.ptr[i]))
            return false;
    return text.len > 0;
}

static bool equals_ignoring_case(struct weir_str text, const char *literal)
{
    return text.len == strlen(literal) && strncasecmp(text.ptr, literal, text.len) == 0;
}

/* Splits at the first `separator`: returns what is before it and leaves what is behind in *rest, which
 * becomes empty with a NULL pointer when there is none. */
static struct weir_str split(struct weir_str *rest, char separator)
{
    struct weir_str before = *rest;
    const char *at = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
    if (!at) {
        *rest = WEIR_STR_NONE;
        return before;
    }
    before.len = (size_t)(at - rest->ptr);
    *rest = (struct weir_str){ at + 1, rest->len - before.len - 1 };
    return before;
}

static struct weir_str next_line(struct weir_str *rest)
{
    struct weir_str line = split(rest, '\n');
    if (line.len && line.ptr[line.len - 1] == '\r')
        line.len--;
    return line;
}

static struct weir_str trim(struct weir_str text)
{
    while (text.len && (*text.ptr == ' ' || *text.ptr == '\t'))
        text = (struct weir_str){ text.ptr + 1, text.len - 1 };
    while (text.len && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t'))
        text.len--;
    return text;
}

/* The head with its empty last line, or nothing while that has not arrived. Empty lines before the
 * request line are skipped, as RFC 9112 2.2 advises. */
static struct weir_str find_head(struct weir_str data)
{
    while (data.len && (*data.ptr == '\r' || *data.ptr == '\n'))
        data = (struct weir_str){ data.ptr + 1, data.len - 1 };
    struct weir_str rest = data;
    while (rest.ptr) {
        struct weir_str line = next_line(&rest);
        if (rest.ptr && line.len == 0)
            return (struct weir_str){ data.ptr, (size_t)(rest.ptr - data.ptr) };
    }
    return WEIR_STR_NONE;
}

/* "/path?query", or a proxy's "http://host/path?query". */
static bool parse_target(struct weir_str target, struct http_request *ret)
{
    const struct weir_str scheme = WEIR_STR("http://");
    for (size_t i = 0; i < target.len; i++)
        if ((unsigned char)target.ptr[i] <= ' ' || (unsigned char)target.ptr[i] >= 0x7f)
            return false;
    if (target.len > scheme.len && strncasecmp(target.ptr, scheme.ptr, scheme.len) == 0) {
        target = (struct weir_str){ target.ptr + scheme.len, target.len - scheme.len };
        const char *path = memchr(target.ptr, '/', target.len);
        if (!path || path == target.ptr)
            return false;
        target = (struct weir_str){ path, target.len - (size_t)(path - target.ptr) };
    }
    ret->query = target;
    ret->path = split(&ret->query, '?');
    return ret->path.len > 0 && ret->path.ptr[0] == '/';
}

/* "GET /path HTTP/1.1": exactly one space between the parts. */
static int parse_request_line(struct weir_str line, struct http_request *ret)
{
    ret->method = split(&line, ' ');
    struct weir_str target = split(&line, ' ');
    if (!is_token(ret->method) || line.len != strlen("HTTP/1.1") ||
        strncmp(line.ptr, "HTTP/", 5) != 0 || line.ptr[6] != '.')
        return 400;
    if (line.ptr[5] != '1' || line.ptr[7] < '0' || line.ptr[7] > '9')
        return 505;
    ret->is_head = weir_str_eq(ret->method, WEIR_STR("HEAD"));
    ret->is_post = weir_str_eq(ret->method, WEIR_STR("POST"));
    if (!ret->is_head && !ret->is_post && !weir_str_eq(ret->method, WEIR_STR("GET")))
        return 405;
    return parse_target(target, ret) ? HTTP_OK : 400;
}

static bool is_field_value(struct weir_str value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/* Sets the length of the body, and its place to anything. */
static int parse_length(struct weir_str text, struct weir_str *ret)
{
    size_t bytes = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return 400;
        bytes = 10 * bytes + (size_t)(text.ptr[i] - '0');
        if (bytes > HTTP_BODY_BYTES_MAX)
            return 413;
    }
    *ret = (struct weir_str){ text.ptr, bytes };
    return text.len ? HTTP_OK : 400;
}

static int parse_header(struct weir_str line, struct http_request *ret)
{
    struct weir_str value = line;
    struct weir_str name = split(&value, ':');
    if (!value.ptr || !is_token(name)) /* a folded line begins with a space, which is no token */
        return 400;
    value = trim(value);
    if (!is_field_value(value))
        return 400;
    if (equals_ignoring_case(name, "host")) {
        if (ret->host.ptr)
            return 400;
        ret->host = value;
    } else if (equals_ignoring_case(name, "accept")) {
        ret->accept = value;
    } else if (equals_ignoring_case(name, "content-length")) {
        return ret->body.ptr ? 400 : parse_length(value, &ret->body);
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
        return 413;
    }
    return HTTP_OK;
}

/* The body behind the head, which says how long it is. */
static int take_body(struct weir_str rest, struct http_request *request)
{
    if (!request->is_post)
        return request->body.len ? 413 : HTTP_OK;
    if (!request->body.ptr)
        return 411;
    if (rest.len < request->body.len)
        return HTTP_INCOMPLETE;
    request->body.ptr = rest.ptr;
    return HTTP_OK;
}

int http_request_parse(struct weir_str data, struct http_request *ret)
{
    struct http_request request = { 0 };
    struct weir_str head = find_head(data);
    if (!head.ptr)
        return data.len >= HTTP_REQUEST_BYTES_MAX ? 431 : HTTP_INCOMPLETE;
    if (head.len > HTTP_REQUEST_BYTES_MAX)
        return 431;
    const struct weir_str rest = { head.ptr + head.len,
                                   data.len - (size_t)(head.ptr + head.len - data.ptr) };
    int status = parse_request_line(next_line(&head), &request);
    for (struct weir_str line = next_line(&head); status == HTTP_OK && line.len > 0;
         line = next_line(&head))
        status = parse_header(line, &request);
    if (status == HTTP_OK)
        status = take_body(rest, &request);
    if (status == HTTP_OK)
        *ret = request;
    return status;
}

bool http_query_has(struct weir_str query, struct weir_str name)
{
    while (query.len) {
        struct weir_str value = split(&query, '&');
        if (weir_str_eq(split(&value, '='), name))
            return true;
    }
    return false;
}

/* Digits and dots, or something in brackets: names that DNS has no say in. */
static bool is_address(struct weir_str host)
{
    if (host.len && host.ptr[0] == '[')
        return memchr(host.ptr, ']', host.len) != NULL;
    for (size_t i = 0; i < host.len; i++)
        if ((host.ptr[i] < '0' || host.ptr[i] > '9') && host.ptr[i] != '.')
            return false;
    return true;
}

bool http_host_is_local(struct weir_str host)
{
    if (host.len && host.ptr[0] == '[')
        return is_address(host);
    struct weir_str name = split(&host, ':');
    return is_address(name) || equals_ignoring_case(name, "localhost");
}
