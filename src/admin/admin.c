/* SPDX-License-Identifier: Apache-2.0 */
/* The paths of the admin endpoint, one row each, and what stands behind them.
 *
 * Alive and ready are two questions. /livez (and /healthz, which some ask) answers as soon as the main
 * loop turns, and no state of a pipeline makes it fail: an orchestrator restarts what fails it, and a
 * restart cures no dead sink. /readyz says whether logs arrive where they should, and why not.
 *
 * What changes something is asked for with POST, and only on a Unix socket, which the file system guards: a
 * port on loopback is open to every user of the host, and, through a browser, to any web page. */
#include "admin/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin/control.h"
#include "admin/http_server.h"
#include "admin/listen.h"
#include "admin/process.h"
#include "admin/prometheus.h"
#include "admin/status_json.h"

struct admin {
    struct admin_source source;
    struct process_metrics *process;
    struct http_server *server;
    struct admin_socket socket;
    char where[ADMIN_ADDRESS_TEXT_MAX];
};

static void answer_alive(struct admin *admin, const struct http_request *request,
                         struct http_response *response)
{
    (void)admin;
    (void)request;
    fputs("ok\n", response->body);
}

static void answer_no_memory(struct http_response *response)
{
    response->status = 500;
    fputs("out of memory\n", response->body);
}

/* "ok", or each check that is red; all of them with ?verbose. */
static void print_readiness(const struct status *status, bool verbose, FILE *out)
{
    bool ready = status_is_ready(status);
    if (status->state == STATUS_STARTING)
        fputs("not ready: the agent is starting\n", out);
    else if (status->state == STATUS_DRAINING)
        fputs("not ready: the agent is draining\n", out);
    for (size_t i = 0; i < status->check_count; i++) {
        const struct status_check *check = &status->checks[i];
        if (check->ok && !verbose)
            continue;
        fprintf(out, "[%c] %s%s%s", check->ok ? '+' : '-', check->pipeline,
                check->pipeline[0] ? ": " : "", check->name);
        fprintf(out, check->reason[0] ? ": %s\n" : "\n", check->reason);
    }
    if (ready)
        fputs("ok\n", out);
}

static void answer_ready(struct admin *admin, const struct http_request *request,
                         struct http_response *response)
{
    struct status *status = admin->source.status(admin->source.arg);
    if (!status) {
        answer_no_memory(response);
        return;
    }
    if (!status_is_ready(status))
        response->status = 503;
    print_readiness(status, http_query_has(request->query, WEIR_STR("verbose")), response->body);
    status_free(status);
}

static void answer_metrics(struct admin *admin, const struct http_request *request,
                           struct http_response *response)
{
    enum prometheus_format format = prometheus_negotiate(request->accept);
    process_metrics_update(admin->process);
    if (admin->source.refresh)
        admin->source.refresh(admin->source.arg);
    response->content_type = prometheus_content_type(format);
    prometheus_print(admin->source.metrics, format, response->body);
}

static void answer_status(struct admin *admin, const struct http_request *request,
                          struct http_response *response)
{
    (void)request;
    struct status *status = admin->source.status(admin->source.arg);
    json_t *json = status ? status_json(status) : NULL;
    status_free(status);
    if (!json) {
        answer_no_memory(response);
        return;
    }
    response->content_type = "application/json";
    json_dumpf(json, response->body, JSON_COMPACT | JSON_REAL_PRECISION(9));
    fputc('\n', response->body);
    json_decref(json);
}

static void answer_replay(struct admin *admin, const struct http_request *request,
                          struct http_response *response)
{
    control_replay(admin->source.control, admin->source.arg, request, response);
}

static void answer_drop(struct admin *admin, const struct http_request *request,
                        struct http_response *response)
{
    control_drop(admin->source.control, admin->source.arg, request, response);
}

static void answer_index(struct admin *admin, const struct http_request *request,
                         struct http_response *response);

enum route_methods { READS = 1, CHANGES = 2 };

static const struct route {
    const char *path;
    unsigned methods;
    void (*answer)(struct admin *admin, const struct http_request *request,
                   struct http_response *response);
    const char *help;
} routes[] = {
    { "/", READS, answer_index, "this list" },
    { "/metrics", READS, answer_metrics, "metrics for Prometheus" },
    { "/livez", READS, answer_alive, "200 while the agent runs" },
    { "/healthz", READS, answer_alive, "the same" },
    { "/readyz", READS, answer_ready, "200 while records arrive, else 503 and why; ?verbose" },
    { "/api/v1/status", READS, answer_status, "everything, as JSON" },
    { "/api/v1/replay", READS | CHANGES, answer_replay, "how far a replay is; POST: start one" },
    { "/api/v1/buffer/drop", CHANGES, answer_drop, "POST: give up what an old output has left" },
};
#define ROUTE_COUNT (sizeof(routes) / sizeof(routes[0]))

static void answer_index(struct admin *admin, const struct http_request *request,
                         struct http_response *response)
{
    (void)admin;
    (void)request;
    for (size_t i = 0; i < ROUTE_COUNT; i++)
        fprintf(response->body, "%-20s %s\n", routes[i].path, routes[i].help);
}

/* False when it has been refused. */
static bool admin_allows(const struct admin *admin, const struct route *route,
                         const struct http_request *request, struct http_response *response)
{
    static const char *const methods[] = { "", "GET, HEAD", "POST", "GET, HEAD, POST" };
    const unsigned wanted = request->is_post ? CHANGES : READS;
    if (!(route->methods & wanted)) {
        response->status = 405;
        response->allow = methods[route->methods];
        fprintf(response->body, "only %s\n", methods[route->methods]);
        return false;
    }
    if (wanted == CHANGES && !admin_address_is_unix(&admin->socket.address)) {
        control_refuse(response, 403,
                       "what changes something needs the Unix socket: set service.admin.listen to "
                       "unix:/run/weir/admin.sock, or the like");
        return false;
    }
    if ((route->methods & CHANGES) && !admin->source.control) {
        control_refuse(response, 404, "there is nothing to change here");
        return false;
    }
    return true;
}

static void admin_answer(void *arg, const struct http_request *request,
                         struct http_response *response)
{
    for (size_t i = 0; i < ROUTE_COUNT; i++) {
        if (weir_str_eq(request->path, weir_str_of(routes[i].path))) {
            if (admin_allows(arg, &routes[i], request, response))
                routes[i].answer(arg, request, response);
            return;
        }
    }
    response->status = 404;
    fputs("not found; / lists what there is\n", response->body);
}

/* Lets the server have the socket. A name in the Host header is no danger where a browser cannot get
 * (a Unix socket), and is to be expected where the operator opened the endpoint to the network. */
static int admin_serve(struct admin *admin, struct event_base *base)
{
    const struct admin_address *address = &admin->socket.address;
    struct http_server_options options = {
        .fd = admin->socket.fd,
        .local_hosts_only = admin_address_is_loopback(address) && !admin_address_is_unix(address),
        .read_max = HTTP_READ_MS,
        .answer = admin_answer,
        .arg = admin,
    };
    admin->socket.fd = -1;
    admin->server = http_server_new(base, &options);
    return admin->server ? 0 : -ENOMEM;
}

int admin_start(struct event_base *base, const struct admin_options *options, struct admin **ret,
                struct weir_error *err)
{
    struct admin_address address;
    int r = admin_address_parse(options->listen, &address, err);
    if (r < 0)
        return r;
    if (address.len == 0) {
        *ret = NULL;
        return 0;
    }
    struct admin *admin = calloc(1, sizeof(*admin));
    if (!admin)
        return weir_error_set(err, -ENOMEM, "out of memory for the admin endpoint");
    admin->source = options->source;
    admin->process = process_metrics_new(options->source.metrics, options->version);
    r = admin_socket_open(&address, &admin->socket, err);
    if (r < 0) {
        process_metrics_free(admin->process);
        free(admin);
        return r;
    }
    admin_address_print(&admin->socket.address, admin->where);
    if (!admin->process || admin_serve(admin, base) < 0) {
        admin_stop(admin);
        return weir_error_set(err, -ENOMEM, "out of memory for the admin endpoint");
    }
    *ret = admin;
    return 0;
}

struct admin *admin_stop(struct admin *admin)
{
    if (!admin)
        return NULL;
    http_server_free(admin->server);
    admin_socket_close(&admin->socket);
    process_metrics_free(admin->process);
    free(admin);
    return NULL;
}

const char *admin_where(const struct admin *admin)
{
    return admin ? admin->where : "off";
}

bool admin_is_exposed(const struct admin *admin)
{
    return admin && !admin_address_is_loopback(&admin->socket.address);
}
