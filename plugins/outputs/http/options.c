/* SPDX-License-Identifier: Apache-2.0 */
/* The options that every HTTP service has, apart from their top row, which is in weir/http.h. */
#include "target.h"

#include <stdio.h>
#include <stdlib.h>

#define ROW(field, kind, key, ...)                                                                 \
    {                                                                                              \
        .name = key, .type = kind, .offset = offsetof(struct weir_http, field), __VA_ARGS__        \
    }

const char *const weir_http_compressions[] = { "none", "gzip", "zstd", NULL };
const char *const weir_http_orders[] = { "stream", "none", NULL };
const char *const weir_http_on_rejects[] = { "dead_letter", "drop", "hold", NULL };

static const struct weir_option oauth2_options[] = {
    ROW(auth.oauth2.url, WEIR_TEXT, "url", .required = true,
        .help = "Where tokens are asked for (client credentials)."),
    ROW(auth.oauth2.client_id, WEIR_TEXT, "client_id", .required = true, .help = "Who is asking."),
    ROW(auth.oauth2.client_secret, WEIR_TEXT, "client_secret", .secret = true,
        .help = "The secret that goes with it."),
    ROW(auth.oauth2.client_secret_file, WEIR_TEXT, "client_secret_file",
        .help = "A file that holds the secret; read again when it changes."),
    ROW(auth.oauth2.scope, WEIR_TEXT, "scope", .help = "The scope that is asked for."),
    { 0 },
};

const struct weir_option weir_http_auth_options[] = {
    ROW(auth.user, WEIR_TEXT, "user", .help = "The user of basic authentication."),
    ROW(auth.password, WEIR_TEXT, "password", .secret = true, .help = "The user's password."),
    ROW(auth.password_file, WEIR_TEXT, "password_file",
        .help = "A file that holds the password; read again when it changes."),
    ROW(auth.token, WEIR_TEXT, "token", .secret = true, .help = "A token or API key."),
    ROW(auth.token_file, WEIR_TEXT, "token_file",
        .help = "A file that holds the token; read again when it changes."),
    ROW(auth.scheme, WEIR_TEXT, "scheme", .def = "Bearer",
        .help = "The word before the token: Bearer, ApiKey, Token; \"\" for none."),
    ROW(auth.header, WEIR_TEXT, "header", .def = "Authorization",
        .help = "The header that the token goes into."),
    ROW(auth.oauth2.url, WEIR_GROUP, "oauth2", .group = oauth2_options,
        .help = "A token from an OAuth2 server, by client credentials."),
    { 0 },
};

const struct weir_option weir_http_tls_options[] = {
    ROW(tls.ca, WEIR_TEXT, "ca",
        .help = "A file of certificates to trust, in place of the system's."),
    ROW(tls.cert, WEIR_TEXT, "cert", .help = "The certificate to show, in PEM."),
    ROW(tls.key, WEIR_TEXT, "key", .help = "The certificate's private key, in PEM."),
    ROW(tls.key_password, WEIR_TEXT, "key_password", .secret = true,
        .help = "The password of the key's file."),
    ROW(tls.key_password_file, WEIR_TEXT, "key_password_file",
        .help = "A file that holds that password; read again when it changes."),
    ROW(tls.verify, WEIR_BOOL, "verify", .def = "true",
        .help = "Whether the server must prove who it is. Without it anyone on the way can read "
                "the log."),
    { 0 },
};

const struct weir_option weir_http_batch_options[] = {
    ROW(batch.max_bytes, WEIR_SIZE, "max_bytes", .def = "1MiB", .min = "1KiB", .max = "8MiB",
        .help = "The most that a body holds before compression; one record alone may be larger."),
    ROW(batch.max_records, WEIR_INT, "max_records", .def = "10000", .min = "1", .max = "1000000",
        .unit = "records", .help = "The most records in one request."),
    ROW(batch.linger, WEIR_DURATION, "linger", .def = "200ms", .min = "0s", .max = "1m",
        .help = "How long after a request the next one waits to be filled. When nothing was sent "
                "for that long, a record goes at once."),
    { 0 },
};

const struct weir_option weir_http_retry_options[] = {
    ROW(retry.first, WEIR_DURATION, "first", .def = "500ms", .min = "10ms", .max = "1m",
        .help = "The longest wait after the first failure; it doubles with each in a row. The wait "
                "is drawn between nothing and that."),
    ROW(retry.max, WEIR_DURATION, "max", .def = "30s", .min = "10ms", .max = "1h",
        .help = "The longest wait of all."),
    ROW(retry.pause, WEIR_DURATION, "pause", .def = "30s", .min = "10ms", .max = "1h",
        .help = "How often is looked whether a person has mended what the service refuses: "
                "credentials, a wrong address."),
    { 0 },
};

unsigned http_concurrency_parse(const char *text)
{
    if (strcmp(text, "auto") == 0)
        return 0;
    size_t digits = strspn(text, "0123456789");
    unsigned long n = digits > 0 && digits <= 2 && !text[digits] ? strtoul(text, NULL, 10) : 0;
    return n >= 1 && n <= HTTP_CONCURRENCY_MAX ? (unsigned)n : HTTP_CONCURRENCY_BAD;
}

unsigned http_concurrency_max(const struct weir_http *http)
{
    unsigned fixed = http_concurrency_parse(http->concurrency);
    uint64_t fit = HTTP_AUTO_BYTES / http->batch.max_bytes;
    if (fixed)
        return fixed;
    fit = fit < HTTP_AUTO_REQUESTS ? fit : HTTP_AUTO_REQUESTS;
    return fit > http->url.count ? (unsigned)(fit / http->url.count) : 1;
}

static int check_urls(const struct weir_http *http, struct weir_error *err)
{
    if (http->url.count == 0 || http->url.count > HTTP_ENDPOINTS_MAX)
        return weir_error_option(err, "url", "there must be 1 to %d of them", HTTP_ENDPOINTS_MAX);
    for (size_t i = 0; i < http->url.count; i++) {
        const char *url = http->url.items[i];
        size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : 7;
        if ((scheme == 7 && strncmp(url, "http://", 7) != 0) || !url[scheme] ||
            strpbrk(url, " \t\r\n\"<>"))
            return weir_error_option(err, "url",
                                     "\"%s\" is no address of a service: it begins with http:// or "
                                     "https:// and has no spaces",
                                     url);
        if (memchr(url + scheme, '@', strcspn(url + scheme, "/?#"))) /* before the host */
            return weir_error_option(err, "url",
                                     "names and passwords do not belong there: use \"auth\"");
    }
    return 0;
}

/* What would end a header's line, and begin another. */
static bool is_header(const char *name, const char *value)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return name[0] && name[strspn(name, token)] == '\0' && !strpbrk(value, "\r\n");
}

static int check_headers(const struct weir_http *http, struct weir_error *err)
{
    static const char *const ours[] = { "content-length",  "content-encoding", "transfer-encoding",
                                        "idempotency-key", "expect",           NULL };
    if (http->headers.count > HTTP_HEADERS_MAX)
        return weir_error_option(err, "headers", "there are more than %d", HTTP_HEADERS_MAX);
    for (size_t i = 0; i < http->headers.count; i++) {
        const struct weir_pair *pair = &http->headers.items[i];
        if (!is_header(pair->name, pair->value))
            return weir_error_option(err, "headers", "\"%s\" is no header", pair->name);
        for (size_t j = 0; ours[j]; j++)
            if (strcasecmp(pair->name, ours[j]) == 0)
                return weir_error_option(err, "headers", "\"%s\" is set by the output itself",
                                         pair->name);
    }
    return 0;
}

static int check_auth(const struct weir_http *http, struct weir_error *err)
{
    bool basic = http->auth.user != NULL;
    bool token = http->auth.token || http->auth.token_file;
    bool oauth2 = http->auth.oauth2.url != NULL;
    if (basic + token + oauth2 > 1)
        return weir_error_option(err, "auth", "only one of user, token and oauth2 can be used");
    if ((http->auth.password && http->auth.password_file) ||
        (http->auth.token && http->auth.token_file) ||
        (http->auth.oauth2.client_secret && http->auth.oauth2.client_secret_file))
        return weir_error_option(err, "auth", "a secret comes from one place: itself or its file");
    if ((http->auth.password || http->auth.password_file) && !basic)
        return weir_error_option(err, "auth", "a password needs its user");
    if (oauth2 && !http->auth.oauth2.client_secret && !http->auth.oauth2.client_secret_file)
        return weir_error_option(err, "auth.oauth2", "client_secret or its file is missing");
    if (!is_header(http->auth.header, http->auth.scheme))
        return weir_error_option(err, "auth.header", "\"%s\" is no header", http->auth.header);
    return 0;
}

static int check_targets(const struct weir_http *http, struct weir_error *err)
{
    struct http_targets targets;
    int r = http_targets_init(&targets, http, NULL, WEIR_STR_NONE, err);
    http_targets_deinit(&targets);
    return r;
}

int http_options_check(const struct weir_http *http, struct weir_error *err)
{
    int r = check_urls(http, err);
    if (r == 0)
        r = check_headers(http, err);
    if (r == 0)
        r = check_targets(http, err);
    if (r == 0)
        r = check_auth(http, err);
    if (r < 0)
        return r;
    if (http_concurrency_parse(http->concurrency) == HTTP_CONCURRENCY_BAD)
        return weir_error_option(err, "concurrency", "\"%s\" is neither auto nor 1 to %d",
                                 http->concurrency, HTTP_CONCURRENCY_MAX);
    if (!http->tls.cert != !http->tls.key)
        return weir_error_option(err, "tls", "cert and key belong together");
    if (http->tls.key_password && http->tls.key_password_file)
        return weir_error_option(err, "tls", "a secret comes from one place: itself or its file");
    if ((http->tls.key_password || http->tls.key_password_file) && !http->tls.key)
        return weir_error_option(err, "tls", "a password needs its key");
    return 0;
}
