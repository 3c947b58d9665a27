/* SPDX-License-Identifier: Apache-2.0 */
/* A registry is asked when the output starts, and then perhaps never again: a question has a few hundred bytes and one answer.
 * So there is one handle that is stepped by a timer of the output's, some milliseconds apart, while a question is under way,
 * and no machinery for sockets. When an address does not answer the next one is asked; the one that did is the first
 * the next time.
 *
 * libcurl is loaded when the first question is to be asked: it and what it brings have 4 MiB, which an agent that sends to
 * Kafka without a schema would carry for nothing. An answer is bounded; redirects are not followed, since they would carry
 * credentials to wherever an answer says. */
#include "registry.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <weir/secret.h>

#include "schema_version.h"

#define LIBRARY "libcurl.so.4"
#define CALLS(X)                                                                                   \
    X(easy_init)                                                                                   \
    X(easy_setopt)                                                                                 \
    X(easy_cleanup)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_escape)                                                                                 \
    X(easy_strerror)                                                                               \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(multi_init)                                                                                  \
    X(multi_cleanup)                                                                               \
    X(multi_add_handle)                                                                            \
    X(multi_remove_handle)                                                                         \
    X(multi_perform)                                                                               \
    X(multi_poll)                                                                                  \
    X(multi_info_read)                                                                             \
    X(free)

#undef curl_easy_setopt /* macros that check types, around the functions that are meant here */
#undef curl_easy_getinfo

struct calls {
#define POINTER(name) __typeof__(curl_##name) *name;
    CALLS(POINTER)
#undef POINTER
};

struct registry {
    const struct kafka_schema_options *options;
    struct weir_secret secret; /* the password, or the token */
    struct calls curl;
    CURLM *multi;
    CURL *easy; /* NULL: no question is under way */
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
    size_t first, tried; /* the address that is asked first; how many were */
    char *prefix, *suffix, *body;
    struct weir_bytes answer;
    int status;
    char why[KAFKA_SCHEMA_WHY_MAX];
};

static int load(struct calls *calls, struct weir_error *err)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL); /* stays, as it wants to */
    if (!library)
        return weir_error_set(err, -ENOENT, "a schema registry is asked by libcurl: %s", dlerror());
#define FIND(name)                                                                                 \
    *(void **)&calls->name = dlsym(library, "curl_" #name);                                        \
    if (!calls->name)                                                                              \
        return weir_error_set(err, -ENOENT, LIBRARY " has no curl_" #name);
    CALLS(FIND)
#undef FIND
    return 0;
}

struct registry *registry_open(const struct kafka_schema_options *options, struct weir_error *err)
{
    struct registry *self = calloc(1, sizeof(*self));
    if (!self) {
        weir_error_set(err, -ENOMEM, "out of memory for the registry");
        return NULL;
    }
    self->options = options;
    self->answer.max = KAFKA_SCHEMA_BYTES_MAX;
    if (options->auth.user)
        weir_secret_init(&self->secret, options->auth.password, options->auth.password_file);
    else
        weir_secret_init(&self->secret, options->auth.token, options->auth.token_file);
    if (load(&self->curl, err) < 0)
        return registry_close(self);
    self->multi = self->curl.multi_init();
    if (self->multi)
        return self;
    weir_error_set(err, -ENOMEM, "out of memory for the registry");
    return registry_close(self);
}

static void forget(struct registry *self)
{
    if (self->easy) {
        self->curl.multi_remove_handle(self->multi, self->easy);
        self->curl.easy_cleanup(self->easy);
    }
    if (self->headers)
        self->curl.slist_free_all(self->headers);
    self->easy = NULL;
    self->headers = NULL;
}

struct registry *registry_close(struct registry *self)
{
    if (!self)
        return NULL;
    forget(self);
    if (self->multi)
        self->curl.multi_cleanup(self->multi);
    free(self->prefix);
    free(self->suffix);
    free(self->body);
    weir_bytes_free(&self->answer);
    weir_secret_deinit(&self->secret);
    free(self);
    return NULL;
}

/* ---- a question ------------------------------------------------------------------------------------------------- */

static size_t take_answer(char *data, size_t size, size_t count, void *arg)
{
    struct registry *self = arg;
    return weir_bytes_add(&self->answer, data, size * count) == 0 ? size * count : 0;
}

static bool set_url(struct registry *self, const char *base)
{
    size_t base_len = strlen(base);
    char *url = NULL, *subject = self->curl.easy_escape(self->easy, self->options->subject, 0);
    while (base_len && base[base_len - 1] == '/')
        base_len--;
    bool good = subject && asprintf(&url, "%.*s%s%s%s", (int)base_len, base, self->prefix, subject,
                                    self->suffix) >= 0;
    if (good)
        good = self->curl.easy_setopt(self->easy, CURLOPT_URL, url) == CURLE_OK; /* copies it */
    else
        url = NULL;
    free(url);
    self->curl.free(subject);
    return good;
}

static bool add_header(struct registry *self, const char *text)
{
    struct curl_slist *longer = self->curl.slist_append(self->headers, text);
    if (longer)
        self->headers = longer;
    return longer != NULL;
}

/* `secret` is the token, if that is what there is. */
static bool set_headers(struct registry *self, const char *secret)
{
    const char *token = self->options->auth.user ? NULL : secret;
    bool good =
        add_header(self, "Accept: application/vnd.schemaregistry.v1+json, application/json");
    if (good && self->body)
        good = add_header(self, "Content-Type: application/vnd.schemaregistry.v1+json");
    if (good && token) {
        char *text = NULL;
        if (asprintf(&text, "Authorization: Bearer %s", token) < 0)
            return false;
        good = add_header(self, text); /* copies it */
        free(text);
    }
    self->curl.easy_setopt(self->easy, CURLOPT_HTTPHEADER, self->headers);
    return good;
}

static void set_security(struct registry *self, const char *secret)
{
    const struct kafka_schema_options *options = self->options;
    const struct calls *curl = &self->curl;
    if (options->auth.user) {
        curl->easy_setopt(self->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl->easy_setopt(self->easy, CURLOPT_USERNAME, options->auth.user);
        curl->easy_setopt(self->easy, CURLOPT_PASSWORD, secret);
    }
    if (options->tls.ca)
        curl->easy_setopt(self->easy, CURLOPT_CAINFO, options->tls.ca);
    if (options->tls.cert) {
        curl->easy_setopt(self->easy, CURLOPT_SSLCERT, options->tls.cert);
        curl->easy_setopt(self->easy, CURLOPT_SSLKEY, options->tls.key);
    }
    if (options->tls.key_password)
        curl->easy_setopt(self->easy, CURLOPT_KEYPASSWD, options->tls.key_password);
    curl->easy_setopt(self->easy, CURLOPT_SSL_VERIFYPEER, options->tls.verify ? 1L : 0L);
    curl->easy_setopt(self->easy, CURLOPT_SSL_VERIFYHOST, options->tls.verify ? 2L : 0L);
}

/* The secret as it is now: NULL where none is configured. False, and said, when its file cannot be read. */
static bool get_secret(struct registry *self, const char **ret)
{
    struct timespec now;
    *ret = NULL;
    if (!self->secret.given && !self->secret.file.path)
        return true;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int r = weir_secret_get(&self->secret, (weir_ms)now.tv_sec * 1000 + now.tv_nsec / 1000000, ret);
    if (r < 0)
        snprintf(self->why, sizeof(self->why), "%.120s cannot be read: %s", self->secret.file.path,
                 strerrordesc_np(-r));
    return r >= 0;
}

/* Asks the next address. False, and said, when that cannot be. */
static bool ask_next(struct registry *self)
{
    const struct kafka_schema_options *options = self->options;
    const struct calls *curl = &self->curl;
    const char *secret;
    forget(self);
    snprintf(self->why, sizeof(self->why), "out of memory");
    if (!get_secret(self, &secret))
        return false;
    self->easy = curl->easy_init();
    if (!self->easy)
        return false;
    const size_t index = (self->first + self->tried++) % options->registry.count;
    self->answer.len = 0;
    self->error[0] = '\0';
    if (!set_url(self, options->registry.items[index]) || !set_headers(self, secret))
        return false;
    curl->easy_setopt(self->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(self->easy, CURLOPT_NOSIGNAL, 1L);
    curl->easy_setopt(self->easy, CURLOPT_TIMEOUT_MS, (long)options->timeout);
    curl->easy_setopt(self->easy, CURLOPT_ERRORBUFFER, self->error);
    curl->easy_setopt(self->easy, CURLOPT_WRITEFUNCTION, take_answer);
    curl->easy_setopt(self->easy, CURLOPT_WRITEDATA, self);
    if (self->body) {
        curl->easy_setopt(self->easy, CURLOPT_POSTFIELDSIZE, (long)strlen(self->body));
        curl->easy_setopt(self->easy, CURLOPT_POSTFIELDS, self->body);
    }
    set_security(self, secret);
    return curl->multi_add_handle(self->multi, self->easy) == CURLM_OK;
}

static enum registry_state fail(struct registry *self, const char *words)
{
    const size_t index = (self->first + self->tried - 1) % self->options->registry.count;
    snprintf(self->why, sizeof(self->why), "the schema registry %.80s cannot be asked: %.120s",
             self->options->registry.items[index], words);
    forget(self);
    return REGISTRY_FAILED;
}

void registry_ask(struct registry *self, const char *prefix, const char *suffix, char *body)
{
    free(self->prefix);
    free(self->suffix);
    free(self->body);
    self->prefix = strdup(prefix);
    self->suffix = strdup(suffix);
    self->body = body;
    self->tried = 0;
    if (!self->prefix || !self->suffix || !ask_next(self))
        forget(self); /* the next step says that it has failed */
}

static enum registry_state take_result(struct registry *self, CURLcode code)
{
    long status = 0;
    if (code == CURLE_OK) {
        self->curl.easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
        self->status = (int)status;
        self->first = (self->first + self->tried - 1) % self->options->registry.count;
        forget(self);
        return REGISTRY_ANSWERED;
    }
    /* What libcurl adds to these two, the milliseconds, makes each of them another text. */
    const bool plain = code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT;
    const char *words = self->error[0] && !plain ? self->error : self->curl.easy_strerror(code);
    if (self->tried == self->options->registry.count)
        return fail(self, words);
    if (ask_next(self))
        return REGISTRY_BUSY;
    forget(self);
    return REGISTRY_FAILED;
}

enum registry_state registry_step(struct registry *self)
{
    int running, left;
    CURLMsg *message;
    if (!self->easy)
        return REGISTRY_FAILED; /* it could not even be asked */
    self->curl.multi_perform(self->multi, &running);
    while ((message = self->curl.multi_info_read(self->multi, &left)))
        if (message->msg == CURLMSG_DONE)
            return take_result(self, message->data.result);
    return REGISTRY_BUSY;
}

enum registry_state registry_wait(struct registry *self)
{
    enum registry_state state;
    while ((state = registry_step(self)) == REGISTRY_BUSY)
        self->curl.multi_poll(self->multi, NULL, 0, 100, NULL);
    return state;
}

int registry_status(const struct registry *self)
{
    return self->status;
}

struct weir_str registry_body(const struct registry *self)
{
    return (struct weir_str){ self->answer.data, self->answer.len };
}

const char *registry_why(const struct registry *self)
{
    return self->why;
}
