/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials: a user and password, a token or API key in a header, or a token that is asked for from an OAuth2
 * server (RFC 6749 section 4.4, client credentials).
 *
 * An OAuth2 token is asked for when the first request needs it, again a little before it expires, and once when
 * the service refuses it although it should be good. A server that does not answer is asked again after a wait that
 * grows; meanwhile this output holds, and no other notices. What the token server says goes into the reason,
 * but nothing that came with a 2xx, for that holds the token. */
#include "auth.h"

#include <weir/json.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define TOKEN_ANSWER_BYTES 65536
#define TOKEN_TEXT_MAX 16384
#define TOKEN_DEFAULT_S 300
/* So long before it expires a new one is asked for. */
#define TOKEN_MARGIN_S 30
#define TOKEN_RETRY_MS 1000
#define TOKEN_RETRY_MAX_MS 60000

static bool uses_oauth2(const struct http_auth *auth)
{
    return auth->options->auth.oauth2.url != NULL;
}

void http_auth_init(struct http_auth *auth, const struct weir_http *options,
                    struct http_client *client, void (*ready)(void *arg), void *arg)
{
    *auth = (struct http_auth){ .options = options, .client = client, .ready = ready, .arg = arg };
    auth->form.max = 2 * TOKEN_TEXT_MAX;
    if (options->auth.oauth2.url)
        weir_secret_init(&auth->secret, options->auth.oauth2.client_secret,
                         options->auth.oauth2.client_secret_file);
    else if (options->auth.user)
        weir_secret_init(&auth->secret, options->auth.password, options->auth.password_file);
    else
        weir_secret_init(&auth->secret, options->auth.token, options->auth.token_file);
}

void http_auth_deinit(struct http_auth *auth)
{
    http_request_deinit(&auth->request);
    weir_secret_deinit(&auth->secret);
    if (auth->header)
        explicit_bzero(auth->header, strlen(auth->header));
    free(auth->header);
    weir_bytes_free(&auth->form);
    *auth = (struct http_auth){ 0 };
}

static int set_header(struct http_auth *auth, const char *name, const char *scheme,
                      const char *token)
{
    char *header = NULL;
    if (asprintf(&header, "%s: %s%s%s", name, scheme, scheme[0] ? " " : "", token) < 0)
        return -ENOMEM;
    free(auth->header);
    auth->header = header;
    return 0;
}

static enum http_auth_answer missing(struct http_auth *auth, const char *what, const char *why)
{
    snprintf(auth->why, sizeof(auth->why), "%s: %s", what, why);
    return AUTH_MISSING;
}

/* ---- a token from a server ---------------------------------------------------------------------------------- */

static void token_failed(struct http_auth *auth, const char *why)
{
    weir_ms wait = TOKEN_RETRY_MS;
    for (unsigned i = 0; i < auth->failures && wait < TOKEN_RETRY_MAX_MS; i++)
        wait *= 2;
    auth->failures++;
    auth->not_before = weir_now(auth->client->host) + wait;
    missing(auth, "no token from the OAuth2 server", why);
}

/* From the answer of the token server: an object with access_token and expires_in. */
static int token_read(struct http_auth *auth, struct weir_str body)
{
    struct weir_field fields[32], token, expires;
    struct weir_json json;
    int64_t seconds = TOKEN_DEFAULT_S;
    char text[TOKEN_TEXT_MAX];
    if (weir_json_object(body.ptr, body.len, fields, 32, &json) < 0 ||
        !weir_json_member(json.object, WEIR_STR("access_token"), &token) ||
        token.type != WEIR_VALUE_STRING || token.value_len >= sizeof(text) ||
        (token.flags & WEIR_VALUE_ESCAPED))
        return -EINVAL;
    memcpy(text, token.value, token.value_len);
    text[token.value_len] = '\0';
    if (weir_json_member(json.object, WEIR_STR("expires_in"), &expires) &&
        expires.type == WEIR_VALUE_INT && expires.value_len < 10)
        seconds = strtoll(expires.value, NULL, 10);
    if (strpbrk(text, "\r\n") || set_header(auth, "Authorization", "Bearer", text) < 0)
        return -EINVAL;
    seconds = seconds > 2 * TOKEN_MARGIN_S ? seconds - TOKEN_MARGIN_S : seconds / 2;
    auth->expires = weir_now(auth->client->host) + (seconds > 0 ? seconds : 1) * 1000;
    explicit_bzero(text, sizeof(text));
    return 0;
}

static void token_done(struct http_request *request, const struct http_result *result, void *arg)
{
    struct http_auth *auth = arg;
    (void)request;
    if (result->code != CURLE_OK) {
        token_failed(auth, result->error);
    } else if (result->status != 200) {
        char why[160];
        snprintf(why, sizeof(why), "%d %.*s", result->status,
                 (int)(result->body.len < 120 ? result->body.len : 120), result->body.ptr);
        token_failed(auth, why);
    } else if (token_read(auth, result->body) < 0) {
        token_failed(auth, "its answer holds no access_token");
    } else {
        auth->failures = 0;
        auth->why[0] = '\0';
    }
    auth->ready(auth->arg);
}

static int add_form(struct http_auth *auth, const char *name, const char *value)
{
    char *escaped = curl_easy_escape(NULL, value, 0);
    int r = escaped ? 0 : -ENOMEM;
    if (r == 0 && auth->form.len)
        r = weir_bytes_add(&auth->form, "&", 1);
    if (r == 0)
        r = weir_bytes_add(&auth->form, name, strlen(name));
    if (r == 0)
        r = weir_bytes_add(&auth->form, "=", 1);
    if (r == 0)
        r = weir_bytes_add(&auth->form, escaped, strlen(escaped));
    curl_free(escaped);
    return r;
}

static enum http_auth_answer token_ask(struct http_auth *auth)
{
    static const char *const headers[] = { "Content-Type: application/x-www-form-urlencoded",
                                           "Accept: application/json", NULL };
    const struct weir_http *options = auth->options;
    const char *secret;
    int r = weir_secret_get(&auth->secret, weir_now(auth->client->host), &secret);
    if (!secret)
        return missing(auth, "client_secret_file", strerrordesc_np(-r));
    auth->form.len = 0;
    r = add_form(auth, "grant_type", "client_credentials");
    if (r == 0)
        r = add_form(auth, "client_id", options->auth.oauth2.client_id);
    if (r == 0)
        r = add_form(auth, "client_secret", secret);
    if (r == 0 && options->auth.oauth2.scope)
        r = add_form(auth, "scope", options->auth.oauth2.scope);
    const struct http_post post = { .url = options->auth.oauth2.url,
                                    .body = { auth->form.data, auth->form.len },
                                    .headers = headers,
                                    .answer_max = TOKEN_ANSWER_BYTES };
    if (r == 0)
        r = http_client_post(auth->client, &auth->request, &post, token_done, auth);
    if (r == 0)
        return AUTH_WAIT;
    token_failed(auth, "out of memory");
    return AUTH_MISSING;
}

static enum http_auth_answer token_prepare(struct http_auth *auth)
{
    weir_ms now = weir_now(auth->client->host);
    if (auth->request.under_way)
        return AUTH_WAIT;
    if (auth->expires > now)
        return AUTH_READY;
    return auth->not_before > now ? AUTH_MISSING : token_ask(auth);
}

/* ---- for requests ----------------------------------------------------------------------------------------------- */

enum http_auth_answer http_auth_prepare(struct http_auth *auth, struct http_post *post,
                                        const char **ret_header)
{
    const struct weir_http *options = auth->options;
    const char *text;
    *ret_header = NULL;
    if (uses_oauth2(auth)) {
        enum http_auth_answer answer = token_prepare(auth);
        *ret_header = auth->header;
        return answer;
    }
    if (!auth->secret.given && !auth->secret.file.path) {
        post->user = options->auth.user;
        post->password = options->auth.user ? "" : NULL;
        return AUTH_READY;
    }
    int r = weir_secret_get(&auth->secret, weir_now(auth->client->host), &text);
    if (!text)
        return missing(auth, auth->secret.file.path, strerrordesc_np(-r));
    auth->why[0] = '\0';
    if (options->auth.user) {
        post->user = options->auth.user;
        post->password = text;
        return AUTH_READY;
    }
    if (set_header(auth, options->auth.header, options->auth.scheme, text) < 0)
        return missing(auth, "token", "out of memory");
    *ret_header = auth->header;
    return AUTH_READY;
}

bool http_auth_refused(struct http_auth *auth)
{
    if (!uses_oauth2(auth) || auth->changed)
        return false;
    auth->changed = true;
    auth->expires = 0;
    return true;
}

void http_auth_accepted(struct http_auth *auth)
{
    auth->changed = false;
}
