/* SPDX-License-Identifier: Apache-2.0 */
/* One notation for the admin endpoint, read by the agent that listens there and by the commands that
 * ask it. Names are not looked up: a name server must not decide where an agent listens, and the start
 * must not wait for one. `localhost` means 127.0.0.1. */
#include "admin/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#define UNIX_PREFIX "unix:"

static int parse_unix(const char *path, struct admin_address *ret, struct weir_error *err)
{
    struct sockaddr_un *addr = (struct sockaddr_un *)&ret->addr;
    size_t len = strlen(path);
    if (path[0] != '/')
        return weir_error_set(err, -EINVAL, "\"" UNIX_PREFIX "%s\" must name an absolute path",
                              path);
    if (len >= sizeof(addr->sun_path))
        return weir_error_set(err, -EINVAL,
                              "the socket's path has %zu bytes; at most %zu are possible", len,
                              sizeof(addr->sun_path) - 1);
    addr->sun_family = AF_UNIX;
    memcpy(addr->sun_path, path, len + 1);
    ret->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
    return 0;
}

static bool parse_port(const char *text, in_port_t *ret)
{
    if (text[strspn(text, "0123456789")] != '\0' || text[0] == '\0' || strlen(text) > 5)
        return false;
    long port = strtol(text, NULL, 10);
    *ret = htons((uint16_t)port);
    return port <= 65535;
}

static bool parse_inet(const char *text, struct admin_address *ret)
{
    struct sockaddr_in *in4 = (struct sockaddr_in *)&ret->addr;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ret->addr;
    char host[64];
    in_port_t port;
    const char *colon = strrchr(text, ':');
    if (!colon || (size_t)(colon - text) >= sizeof(host) || !parse_port(colon + 1, &port))
        return false;
    size_t len = (size_t)(colon - text);
    memcpy(host, text, len);
    host[len] = '\0';
    if (len > 2 && host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        in6->sin6_family = AF_INET6;
        in6->sin6_port = port;
        ret->len = sizeof(*in6);
        return inet_pton(AF_INET6, host + 1, &in6->sin6_addr) == 1;
    }
    in4->sin_family = AF_INET;
    in4->sin_port = port;
    ret->len = sizeof(*in4);
    return inet_pton(AF_INET, strcmp(host, "localhost") ? host : "127.0.0.1", &in4->sin_addr) == 1;
}

int admin_address_parse(const char *text, struct admin_address *ret, struct weir_error *err)
{
    struct admin_address address = { 0 };
    int r = 0;
    if (strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0)
        r = parse_unix(text + strlen(UNIX_PREFIX), &address, err);
    else if (strcmp(text, "off") != 0 && !parse_inet(text, &address))
        r = weir_error_set(err, -EINVAL,
                           "\"%s\" is no address to listen on: write \"127.0.0.1:2020\", "
                           "\"[::1]:2020\", \"unix:/path\" or \"off\"",
                           text);
    if (r == 0)
        *ret = address;
    return r;
}

void admin_address_print(const struct admin_address *address, char ret_text[ADMIN_ADDRESS_TEXT_MAX])
{
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)&address->addr;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->addr;
    const struct sockaddr_un *un = (const struct sockaddr_un *)&address->addr;
    char host[INET6_ADDRSTRLEN] = "";
    if (address->len == 0) {
        snprintf(ret_text, ADMIN_ADDRESS_TEXT_MAX, "off");
    } else if (admin_address_is_unix(address)) {
        snprintf(ret_text, ADMIN_ADDRESS_TEXT_MAX, UNIX_PREFIX "%s", un->sun_path);
    } else if (address->addr.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
        snprintf(ret_text, ADMIN_ADDRESS_TEXT_MAX, "[%s]:%u", host, ntohs(in6->sin6_port));
    } else {
        inet_ntop(AF_INET, &in4->sin_addr, host, sizeof(host));
        snprintf(ret_text, ADMIN_ADDRESS_TEXT_MAX, "%s:%u", host, ntohs(in4->sin_port));
    }
}

bool admin_address_is_unix(const struct admin_address *address)
{
    return address->len && address->addr.ss_family == AF_UNIX;
}

bool admin_address_is_loopback(const struct admin_address *address)
{
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)&address->addr;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&address->addr;
    if (address->addr.ss_family == AF_INET6)
        return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
    if (address->addr.ss_family == AF_INET)
        return ntohl(in4->sin_addr.s_addr) >> 24 == 127;
    return true;
}
