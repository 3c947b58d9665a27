/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP for whoever watches the agent: scrapers, probes, `weir status`.
 *
 *     accept ──▶ READING ──head complete, or refused──▶ WRITING ──sent──▶ LINGERING ──▶ gone
 *                  5 s in all                             10 s              1 s, or EOF
 *
 * The agent promises to stay within its memory and descriptors whatever comes, and a port on loopback
 * is open to every user of the host. So each connection has a time in which it must be through, counted
 * from its start and not from its last byte; a head has at most 8 KiB, a body 64 KiB; and there
 * are at most HTTP_CONNECTIONS_MAX connections. When one more comes, the oldest is closed for it: an
 * honest client says what it wants at once and is served, a slow one on purpose gives way, and a probe
 * is never locked out by idle connections.
 *
 * One request a connection: a scrape every 15 seconds gains nothing by keeping one open. After the
 * answer the sending side is shut and what the client still sends is read and thrown away for a moment,
 * because closing a socket with unread bytes resets it, and the client could lose its answer.
 *
 * A web page can reach a port on loopback through its visitor's browser, by a name that its owner
 * points at 127.0.0.1 (DNS rebinding). Such a request carries that name as Host; with
 * `local_hosts_only` it is refused.
 *
 * libevent's own evhttp was rejected: its time limit starts again with every byte, it does not bound or
 * reveal its connections, and it would bring a second parser of HTTP that we do not fuzz. */
#include "admin/http_server.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define WRITE_MS_MAX 10000
#define LINGER_MS_MAX 1000
#define ACCEPT_AGAIN_SECONDS 1
#define BACKLOG 64

enum connection_state { READING, WRITING, LINGERING };

struct connection {
    struct http_server *server;
    struct connection *newer, *older;
    struct bufferevent *stream;
    struct event *deadline;
    enum connection_state state;
    bool ended; /* the client has shut its sending side */
};

struct http_server {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *accept_again;
    bool local_hosts_only;
    weir_ms read_max;
    http_answer_f *answer;
    void *arg;
    struct connection *newest, *oldest;
    unsigned connection_count;
};

static void connection_free(struct connection *connection)
{
    struct http_server *server = connection->server;
    *(connection->older ? &connection->older->newer : &server->oldest) = connection->newer;
    *(connection->newer ? &connection->newer->older : &server->newest) = connection->older;
    server->connection_count--;
    if (connection->deadline)
        event_free(connection->deadline);
    bufferevent_free(connection->stream); /* closes the socket */
    free(connection);
}

static void connection_late(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    connection_free(arg);
}

static void connection_set_state(struct connection *connection, enum connection_state state)
{
    const weir_ms limits[] = { [READING] = connection->server->read_max,
                               [WRITING] = WRITE_MS_MAX,
                               [LINGERING] = LINGER_MS_MAX };
    struct timeval limit = { .tv_sec = limits[state] / 1000,
                             .tv_usec = limits[state] % 1000 * 1000 };
    connection->state = state;
    evtimer_add(connection->deadline, &limit);
}

static const char *status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        { 200, "OK" },
        { 202, "Accepted" },
        { 400, "Bad Request" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 411, "Length Required" },
        { 413, "Content Too Large" },
        { 431, "Request Header Fields Too Large" },
        { 500, "Internal Server Error" },
        { 503, "Service Unavailable" },
        { 505, "HTTP Version Not Supported" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "Unknown";
}

static void free_body(const void *data, size_t len, void *arg)
{
    (void)len;
    (void)arg;
    free((void *)data);
}

/* Sends `body`, which was malloc()ed and is taken over. */
static int send_response(struct connection *connection, const struct http_response *response,
                         char *body, size_t len, bool is_head)
{
    struct evbuffer *out = bufferevent_get_output(connection->stream);
    char allow[64] = "";
    if (response->status == 405)
        snprintf(allow, sizeof(allow), "Allow: %s\r\n", response->allow);
    int r = evbuffer_add_printf(out,
                                "HTTP/1.1 %d %s\r\n"
                                "Content-Type: %s\r\n"
                                "Content-Length: %zu\r\n"
                                "%s"
                                "Cache-Control: no-store\r\n"
                                "X-Content-Type-Options: nosniff\r\n"
                                "Connection: close\r\n\r\n",
                                response->status, status_text(response->status),
                                response->content_type, len, allow);
    if (r >= 0 && !is_head && len > 0 &&
        evbuffer_add_reference(out, body, len, free_body, NULL) == 0)
        return 0;
    free(body);
    return r < 0 || (!is_head && len > 0) ? -ENOMEM : 0;
}

/* Answers `request`, or refuses with `status` when that is not HTTP_OK. */
static int connection_respond(struct connection *connection, const struct http_request *request,
                              int status)
{
    struct http_server *server = connection->server;
    char *body = NULL;
    size_t len = 0;
    struct http_response response = { .status = status,
                                      .content_type = "text/plain; charset=utf-8",
                                      .allow = "GET, HEAD",
                                      .body = open_memstream(&body, &len) };
    if (!response.body)
        return -ENOMEM;
    if (status == HTTP_OK)
        server->answer(server->arg, request, &response);
    else
        fprintf(response.body, "%d %s\n", status, status_text(status));
    bool failed = ferror(response.body) != 0;
    if (fclose(response.body) != 0 || failed) {
        free(body);
        return -ENOMEM;
    }
    return send_response(connection, &response, body, len, status == HTTP_OK && request->is_head);
}

/* Reads the head as far as it has come; once it is there, or cannot come any more, responds. */
static void connection_read(struct connection *connection)
{
    struct evbuffer *in = bufferevent_get_input(connection->stream);
    struct http_request request;
    size_t len = evbuffer_get_length(in);
    const char *data = (const char *)evbuffer_pullup(in, -1);
    int status = http_request_parse((struct weir_str){ data, len }, &request);
    if (status == HTTP_INCOMPLETE)
        return;
    if (status == HTTP_OK && connection->server->local_hosts_only &&
        !http_host_is_local(request.host))
        status = 403;
    connection_set_state(connection, WRITING);
    if (connection_respond(connection, &request, status) < 0)
        connection_free(connection);
}

static void stream_readable(struct bufferevent *stream, void *arg)
{
    struct connection *connection = arg;
    if (connection->state == READING)
        connection_read(connection);
    else
        evbuffer_drain(bufferevent_get_input(stream), SIZE_MAX);
}

/* Everything has been written. */
static void stream_written(struct bufferevent *stream, void *arg)
{
    struct connection *connection = arg;
    if (connection->state != WRITING)
        return;
    if (connection->ended) {
        connection_free(connection);
        return;
    }
    connection_set_state(connection, LINGERING);
    evbuffer_drain(bufferevent_get_input(stream), SIZE_MAX);
    shutdown(bufferevent_getfd(stream), SHUT_WR);
}

/* The other side is gone, or has shut its sending side. With an answer on the way that may be a client
 * which only listens now. */
static void stream_ended(struct bufferevent *stream, short what, void *arg)
{
    struct connection *connection = arg;
    (void)stream;
    connection->ended = true;
    if (connection->state != WRITING || !(what & BEV_EVENT_EOF) || (what & BEV_EVENT_WRITING))
        connection_free(connection);
}

static void server_accept(struct evconnlistener *listener, evutil_socket_t fd,
                          struct sockaddr *address, int address_len, void *arg)
{
    struct http_server *server = arg;
    (void)listener;
    (void)address;
    (void)address_len;
    if (server->connection_count == HTTP_CONNECTIONS_MAX)
        connection_free(server->oldest);

    struct connection *connection = calloc(1, sizeof(*connection));
    struct bufferevent *stream =
        connection ? bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
    if (!stream) {
        free(connection);
        close(fd);
        return;
    }
    *connection = (struct connection){ .server = server, .stream = stream };
    connection->older = server->newest;
    *(server->newest ? &server->newest->newer : &server->oldest) = connection;
    server->newest = connection;
    server->connection_count++;

    connection->deadline = evtimer_new(server->base, connection_late, connection);
    if (!connection->deadline) {
        connection_free(connection);
        return;
    }
    connection_set_state(connection, READING);
    bufferevent_setcb(stream, stream_readable, stream_written, stream_ended, connection);
    bufferevent_setwatermark(stream, EV_READ, 0, HTTP_REQUEST_BYTES_MAX + HTTP_BODY_BYTES_MAX);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
}

/* Out of descriptors, most likely. The connection that waits would wake us again and again. */
static void server_cannot_accept(struct evconnlistener *listener, void *arg)
{
    struct http_server *server = arg;
    evconnlistener_disable(listener);
    evtimer_add(server->accept_again, &(struct timeval){ .tv_sec = ACCEPT_AGAIN_SECONDS });
}

static void server_accept_again(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *server = arg;
    (void)fd;
    (void)what;
    evconnlistener_enable(server->listener);
}

struct http_server *http_server_new(struct event_base *base,
                                    const struct http_server_options *options)
{
    struct http_server *server = calloc(1, sizeof(*server));
    if (!server) {
        close(options->fd);
        return NULL;
    }
    server->base = base;
    server->local_hosts_only = options->local_hosts_only;
    server->read_max = options->read_max;
    server->answer = options->answer;
    server->arg = options->arg;
    server->listener =
        evconnlistener_new(base, server_accept, server,
                           LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, options->fd);
    if (!server->listener) {
        int saved = errno;
        close(options->fd);
        free(server);
        errno = saved;
        return NULL;
    }
    evconnlistener_set_error_cb(server->listener, server_cannot_accept);
    server->accept_again = evtimer_new(base, server_accept_again, server);
    return server->accept_again ? server : http_server_free(server);
}

struct http_server *http_server_free(struct http_server *server)
{
    if (!server)
        return NULL;
    while (server->oldest)
        connection_free(server->oldest);
    if (server->accept_again)
        event_free(server->accept_again);
    evconnlistener_free(server->listener);
    free(server);
    return NULL;
}
