/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl on the output's own loop. A multi handle does no waiting of its own: it says which sockets it
 * cares about and when it wants to be called, and is told what happened.
 *
 *     libcurl's sockets ──▶ an epoll of ours ──▶ one watch of the loop ──▶ curl_multi_socket_action()
 *     libcurl's timeout ──▶ one timer of the loop ─────────────────────┘
 *
 * The epoll stands between because a watch of the plugin interface says that "its descriptor" is ready and
 * not which; an epoll is a descriptor like any other, and answers the question.
 *
 * Names are resolved on threads that libcurl starts for that (Debian's build), so a name server that does
 * not answer holds up nothing. Addresses are kept for 30 s and connections used for 5 minutes, so that a service
 * that has moved is found, and load behind one name spreads.
 *
 * A connection is closed for three reasons of ours: connecting takes too long; what was sent is not
 * acknowledged for 15 s (a path that swallows packets: without TCP_USER_TIMEOUT the kernel would try for
 * 15 minutes); the request as a whole takes too long. Certificates are read when a connection is made. When
 * their files change, requests under way are let end, and then all connections go with the handle that holds them.
 *
 * Not followed: redirects, which would carry the log and its credentials to wherever an answer says. */
#include "client.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 32
#define DNS_CACHE_S 30L
#define CONNECTION_AGE_S 300L
#define UNACKNOWLEDGED_MS 15000
#define KEEPALIVE_S 30L
/* A socket takes a body in pieces of UPLOAD_BUFFER_BYTES: so many of them before the loop sees to others. */
#define LOOKS_MAX 32
#define UPLOAD_BUFFER_BYTES (120L * 1024) /* below what malloc takes from the system each time */
/* An answer that is longer than what is kept is read on for so long, since a connection whose answer was
 * read to its end can be used again. */
#define DISCARD_BYTES_MAX (1024 * 1024)

/* ---- libcurl's wishes --------------------------------------------------------------------------------- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct http_client *client = arg;
    struct epoll_event event = { .data.fd = fd };
    (void)easy;
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(client->epoll, EPOLL_CTL_DEL, fd, NULL); /* it may have been closed already */
        return 0;
    }
    if (epoll_ctl(client->epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) < 0 &&
        epoll_ctl(client->epoll, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) < 0)
        return -1;
    curl_multi_assign(client->multi, fd, client);
    return 0;
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
    struct http_client *client = arg;
    (void)multi;
    client->due = ms == 0;
    if (ms < 0)
        weir_timer_cancel(client->timer);
    else
        weir_timer_set(client->timer, ms);
    return 0;
}

static int on_new_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
    int ms = UNACKNOWLEDGED_MS;
    (void)arg;
    (void)purpose;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
    return CURL_SOCKOPT_OK;
}

static size_t on_answer(char *data, size_t size, size_t count, void *arg)
{
    struct http_request *request = arg;
    size_t len = size * count, room = request->answer.max - request->answer.len;
    size_t kept = len < room ? len : room;
    if (weir_bytes_add(&request->answer, data, kept) < 0)
        return 0;
    request->discarded += len - kept;
    request->cut |= kept < len;
    return request->discarded > DISCARD_BYTES_MAX ? 0 : len;
}

/* ---- what happened ---------------------------------------------------------------------------------------- */

static void request_done(struct http_request *request, CURLcode code)
{
    static const char padding[WEIR_BATCH_PADDING];
    curl_off_t retry_after = 0;
    long status = 0;
    if (code == CURLE_WRITE_ERROR && request->cut)
        code = CURLE_OK; /* we stopped reading */
    curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(request->easy, CURLINFO_RETRY_AFTER, &retry_after);
    curl_multi_remove_handle(request->client->multi, request->easy);
    request->client->under_way--;
    request->under_way = false;
    struct http_result result = {
        .code = code,
        .status = (int)status,
        .retry_after = retry_after > 0 && retry_after < INT64_MAX / 1000 ? retry_after * 1000 : -1,
        .body.len = request->answer.len,
        .cut = request->cut,
        .error = request->error[0] ? request->error : curl_easy_strerror(code),
    };
    request->answer.max += sizeof(padding); /* readers may load past the end */
    if (weir_bytes_add(&request->answer, padding, sizeof(padding)) < 0)
        result.code = CURLE_OUT_OF_MEMORY;
    result.body.ptr = request->answer.data;
    request->done(request, &result, request->arg);
}

static void take_answers(struct http_client *client)
{
    CURLMsg *message;
    int left;
    while (client->multi && (message = curl_multi_info_read(client->multi, &left))) {
        struct http_request *request = NULL;
        CURLcode code = message->data.result; /* the message does not outlive the next call */
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&request);
        request_done(request, code);
    }
}

/* One look at the sockets; false when there is nothing to be done. */
static bool look(struct http_client *client)
{
    struct epoll_event events[EVENTS_MAX];
    int running, count = epoll_wait(client->epoll, events, EVENTS_MAX, 0);
    for (int i = 0; i < count; i++) {
        int what = 0;
        if (events[i].events & (EPOLLIN | EPOLLHUP))
            what |= CURL_CSELECT_IN;
        if (events[i].events & EPOLLOUT)
            what |= CURL_CSELECT_OUT;
        if (events[i].events & EPOLLERR)
            what |= CURL_CSELECT_ERR;
        curl_multi_socket_action(client->multi, events[i].data.fd, what, &running);
    }
    take_answers(client);
    return count > 0;
}

bool http_client_ready(struct http_client *client)
{
    for (unsigned i = 0; i < LOOKS_MAX; i++) {
        if (client->due)
            http_client_expired(client); /* a request begins */
        else if (!look(client))
            return true;
    }
    return false;
}

void http_client_expired(struct http_client *client)
{
    int running;
    client->due = false;
    curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    take_answers(client);
}

/* ---- a client's life ----------------------------------------------------------------------------------------- */

static int make_multi(struct http_client *client)
{
    client->multi = curl_multi_init();
    if (!client->multi)
        return -ENOMEM;
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
    return 0;
}

int http_client_open(struct http_client *client, struct weir_host *host,
                     const struct weir_http *options, weir_call_f *ready, weir_call_f *expired,
                     struct weir_error *err)
{
    *client = (struct http_client){ .host = host, .options = options, .epoll = -1 };
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return weir_error_set(err, -ENOMEM, "libcurl cannot be initialised");
    client->global = true;
    client->files[0].path = options->tls.ca;
    client->files[1].path = options->tls.cert;
    client->files[2].path = options->tls.key;
    client->files[3].path = options->tls.key_password_file;
    weir_secret_init(&client->key_password, options->tls.key_password,
                     options->tls.key_password_file);
    for (size_t i = 0; i < CLIENT_FILES; i++)
        weir_file_changed(&client->files[i]);
    client->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (client->epoll < 0)
        return weir_error_set(err, -errno, "cannot make an epoll: %s", strerrordesc_np(errno));
    client->watch = weir_watch_start(host, client->epoll, WEIR_READABLE, ready);
    client->timer = weir_timer_new(host, expired);
    if (!client->watch || !client->timer || make_multi(client) < 0)
        return weir_error_set(err, -ENOMEM, "out of memory for an HTTP client");
    return 0;
}

void http_client_close(struct http_client *client)
{
    if (!client->global)
        return;
    curl_multi_cleanup(client->multi);
    client->multi = NULL;
    weir_watch_stop(client->watch);
    client->timer = weir_timer_free(client->timer);
    if (client->epoll >= 0)
        close(client->epoll);
    weir_secret_deinit(&client->key_password);
    curl_global_cleanup();
    *client = (struct http_client){ .epoll = -1 };
}

bool http_client_is_stale(struct http_client *client)
{
    weir_ms now = weir_now(client->host);
    if (!client->looked || now - client->looked >= WEIR_SECRET_LOOK_MS) {
        client->looked = now;
        for (size_t i = 0; i < CLIENT_FILES; i++)
            client->stale |= weir_file_changed(&client->files[i]);
    }
    if (!client->stale || client->under_way)
        return client->stale;
    CURLM *old = client->multi;
    if (make_multi(client) < 0) {
        client->multi = old;
        return true;
    }
    curl_multi_cleanup(old);
    client->stale = false;
    weir_info(client->host, "certificates have changed: connections are made anew",
              weir_kv_str("cert", client->options->tls.cert ? client->options->tls.cert : ""));
    return false;
}

/* ---- requests ------------------------------------------------------------------------------------------------ */

static void set_tls(struct http_request *request, const struct weir_http *options)
{
    CURL *easy = request->easy;
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, options->tls.verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, options->tls.verify ? 2L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L);
    if (options->tls.ca)
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->tls.ca);
    if (options->tls.cert) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, options->tls.cert);
        curl_easy_setopt(easy, CURLOPT_SSLKEY, options->tls.key);
        curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* or OpenSSL asks at a terminal */
    }
}

/* Without it the key cannot be read, which is a certificate that is not good: held, until it is there. */
static void set_key_password(struct http_client *client, struct http_request *request)
{
    const char *text;
    if (!client->options->tls.key_password && !client->options->tls.key_password_file)
        return;
    int r = weir_secret_get(&client->key_password, weir_now(client->host), &text);
    if (r < 0)
        weir_warn(client->host, "cannot read the password of the certificate's key",
                  weir_kv_str("path", client->options->tls.key_password_file),
                  weir_kv_str("error", strerrordesc_np(-r)));
    curl_easy_setopt(request->easy, CURLOPT_KEYPASSWD, text ? text : "");
}

/* What is the same for every use of the request. */
static int make_easy(struct http_client *client, struct http_request *request)
{
    const struct weir_http *options = client->options;
    CURL *easy = request->easy = curl_easy_init();
    if (!easy)
        return -ENOMEM;
    request->client = client;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, request);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 1L);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "weir");
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_S);
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_S);
    curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, CONNECTION_AGE_S);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->timeout);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_timeout);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)(options->timeout / 2000 + 1));
    if (options->proxy)
        curl_easy_setopt(easy, CURLOPT_PROXY, options->proxy);
    set_tls(request, options);
    return 0;
}

static int set_headers(struct http_request *request, const struct http_post *post)
{
    curl_slist_free_all(request->headers);
    request->headers =
        curl_slist_append(NULL, "Expect:"); /* or it waits a second for a "continue" */
    for (size_t i = 0; request->headers && post->headers && post->headers[i]; i++) {
        struct curl_slist *longer = curl_slist_append(request->headers, post->headers[i]);
        if (!longer)
            return -ENOMEM;
        request->headers = longer;
    }
    if (!request->headers)
        return -ENOMEM;
    curl_easy_setopt(request->easy, CURLOPT_HTTPHEADER, request->headers);
    return 0;
}

int http_client_post(struct http_client *client, struct http_request *request,
                     const struct http_post *post, http_done_f *done, void *arg)
{
    if (!request->easy && make_easy(client, request) < 0)
        return -ENOMEM;
    if (set_headers(request, post) < 0)
        return -ENOMEM;
    set_key_password(client, request);
    request->answer.len = 0;
    request->answer.max = post->answer_max;
    request->discarded = 0;
    request->cut = false;
    request->error[0] = '\0';
    request->done = done;
    request->arg = arg;
    if (curl_easy_setopt(request->easy, CURLOPT_URL, post->url) != CURLE_OK)
        return -ENOMEM;
    curl_easy_setopt(request->easy, CURLOPT_USERNAME, post->user);
    curl_easy_setopt(request->easy, CURLOPT_PASSWORD, post->password);
    curl_easy_setopt(request->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.len);
    curl_easy_setopt(request->easy, CURLOPT_POSTFIELDS, post->body.len ? post->body.ptr : "");
    if (curl_multi_add_handle(client->multi, request->easy) != CURLM_OK)
        return -ENOMEM;
    request->under_way = true;
    client->under_way++;
    return 0;
}

void http_client_cancel(struct http_request *request)
{
    if (!request->under_way)
        return;
    curl_multi_remove_handle(request->client->multi, request->easy);
    request->client->under_way--;
    request->under_way = false;
}

void http_request_deinit(struct http_request *request)
{
    http_client_cancel(request);
    curl_easy_cleanup(request->easy);
    curl_slist_free_all(request->headers);
    weir_bytes_free(&request->answer);
    *request = (struct http_request){ 0 };
}

enum weir_http_verdict http_client_verdict(CURLcode code)
{
    switch ((int)code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_LOGIN_DENIED:
    case CURLE_URL_MALFORMAT: return WEIR_HTTP_PAUSE;
    default: return WEIR_HTTP_RETRY;
    }
}
