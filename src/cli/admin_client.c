/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.0 is enough to ask a question: one request, and the answer ends where the connection does.
 * Whatever listens at the address may not be an agent, so time and size of its answer have a maximum,
 * and a Content-Length is held against what came. */
#include "cli/admin_client.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"

struct exchange {
    int fd;
    int64_t deadline; /* monotonic ns */
    char *data;
    size_t len, room;
};

/* Waits until the socket is ready. 0, or -ETIMEDOUT, -errno. */
static int exchange_wait(struct exchange *exchange, short events)
{
    for (;;) {
        int64_t left = exchange->deadline - clock_monotonic();
        if (left <= 0)
            return -ETIMEDOUT;
        struct pollfd poll_fd = { .fd = exchange->fd, .events = events };
        int n = poll(&poll_fd, 1, (int)(left / 1000000 + 1));
        if (n > 0)
            return 0;
        if (n < 0 && errno != EINTR)
            return -errno;
    }
}

static int exchange_connect(struct exchange *exchange, const struct admin_address *address)
{
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, error = 0;
    socklen_t len = sizeof(error);
    exchange->fd = socket(address->addr.ss_family, type, 0);
    if (exchange->fd < 0)
        return -errno;
    if (connect(exchange->fd, (const struct sockaddr *)&address->addr, address->len) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return -errno;
    int r = exchange_wait(exchange, POLLOUT);
    if (r == 0 && getsockopt(exchange->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        error = errno;
    return r < 0 ? r : -error;
}

static int exchange_send(struct exchange *exchange, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(exchange->fd, text, len, MSG_NOSIGNAL);
        int r = 0;
        if (n < 0 && errno == EAGAIN)
            r = exchange_wait(exchange, POLLOUT);
        else if (n < 0 && errno != EINTR)
            r = -errno;
        if (r < 0)
            return r;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static int exchange_grow(struct exchange *exchange)
{
    size_t room = exchange->room ? 2 * exchange->room : 16384;
    if (room > 2 * ADMIN_ANSWER_BYTES_MAX)
        return -EMSGSIZE;
    char *grown = realloc(exchange->data, room);
    if (!grown)
        return -ENOMEM;
    exchange->data = grown;
    exchange->room = room;
    return 0;
}

/* Everything up to the end of the connection, with a NUL behind it. */
static int exchange_receive(struct exchange *exchange)
{
    for (;;) {
        int r = 0;
        if (exchange->room - exchange->len < 2)
            r = exchange_grow(exchange);
        if (r < 0)
            return r;
        ssize_t n = recv(exchange->fd, exchange->data + exchange->len,
                         exchange->room - exchange->len - 1, 0);
        if (n == 0)
            break;
        if (n < 0 && errno == EAGAIN)
            r = exchange_wait(exchange, POLLIN);
        else if (n < 0 && errno != EINTR)
            r = -errno;
        if (r < 0)
            return r;
        exchange->len += n > 0 ? (size_t)n : 0;
        if (exchange->len > ADMIN_ANSWER_BYTES_MAX)
            return -EMSGSIZE;
    }
    exchange->data[exchange->len] = '\0';
    return 0;
}

/* The Content-Length among the header lines, or -1. */
static long long find_content_length(const char *line, const char *end)
{
    static const char name[] = "content-length:";
    while (line < end) {
        if (strncasecmp(line, name, strlen(name)) == 0)
            return strtoll(line + strlen(name), NULL, 10);
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        line = newline ? newline + 1 : end;
    }
    return -1;
}

/* Splits what came into status and body, which takes over the memory. */
static int exchange_parse(struct exchange *exchange, struct admin_answer *ret)
{
    int status;
    char *end = strstr(exchange->data, "\r\n\r\n");
    if (!end || sscanf(exchange->data, "HTTP/1.%*1d %3d", &status) != 1)
        return -EPROTO;
    size_t head = (size_t)(end + 4 - exchange->data), len = exchange->len - head;
    long long announced = find_content_length(exchange->data, end);
    if (announced >= 0 && (unsigned long long)announced != len)
        return -EPROTO;
    memmove(exchange->data, exchange->data + head, len + 1);
    *ret = (struct admin_answer){ .status = status, .body = exchange->data, .len = len };
    exchange->data = NULL;
    return 0;
}

static const char *explain(int error)
{
    switch (error) {
    case -ENOENT:
    case -ECONNREFUSED: return "nobody listens there: is the agent running?";
    case -ETIMEDOUT: return "no answer in time";
    case -EPROTO: return "what answered is not a weir agent, or it stopped in the middle";
    case -EMSGSIZE: return "the answer is too long";
    default: return strerror(-error);
    }
}

/* Sends a request and waits for the answer. */
static int ask(const struct admin_address *address, struct weir_str request, weir_ms timeout,
               struct admin_answer *ret, struct weir_error *err)
{
    struct exchange exchange = { .fd = -1, .deadline = clock_monotonic() + timeout * 1000000 };
    char where[ADMIN_ADDRESS_TEXT_MAX];
    int r = exchange_connect(&exchange, address);
    if (r == 0)
        r = exchange_send(&exchange, request.ptr, request.len);
    if (r == 0)
        r = exchange_receive(&exchange);
    if (r == 0)
        r = exchange_parse(&exchange, ret);
    if (exchange.fd >= 0)
        close(exchange.fd);
    free(exchange.data);
    if (r == 0)
        return 0;
    admin_address_print(address, where);
    return weir_error_set(err, r, "cannot ask the agent at %s: %s", where, explain(r));
}

int admin_client_get(const struct admin_address *address, const char *path, weir_ms timeout,
                     struct admin_answer *ret, struct weir_error *err)
{
    char request[512];
    int len =
        snprintf(request, sizeof(request), "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
    assert(len < (int)sizeof(request));
    return ask(address, (struct weir_str){ request, (size_t)len }, timeout, ret, err);
}

int admin_client_post(const struct admin_address *address, const char *path, const char *body,
                      weir_ms timeout, struct admin_answer *ret, struct weir_error *err)
{
    char *request = NULL;
    int len = asprintf(&request,
                       "POST %s HTTP/1.0\r\nHost: localhost\r\n"
                       "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                       path, strlen(body), body);
    if (len < 0)
        return weir_error_set(err, -ENOMEM, "out of memory");
    int r = ask(address, (struct weir_str){ request, (size_t)len }, timeout, ret, err);
    free(request);
    return r;
}
