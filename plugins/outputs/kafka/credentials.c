/* SPDX-License-Identifier: Apache-2.0 */
/* Passwords, tokens and certificates are replaced while the agent runs, and connections that work need no new ones. So files
 * are looked at when they are needed, and nothing ticks meanwhile:
 *
 *     password      when a broker refuses us, and every second until none does
 *     token         then too, and when librdkafka asks: at the start, after four fifths of its life, and every ten seconds
 *                   while there is none
 *     certificates  when a broker refuses us; they are read when a handle is made, so that another one is
 *
 * A token that has not been replaced when librdkafka asks is given again, until it expires. librdkafka before 2.1 does not
 * log in again on a connection that works; a broker that wants it (connections.max.reauth.ms) ends the connection,
 * and the next one begins with the token as it is then. */
#include "credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "jwt.h"

#define NS_PER_S 1000000000

static bool has_token(const struct kafka_credentials *credentials)
{
    return credentials->options->sasl.mechanism == KAFKA_SASL_OAUTHBEARER;
}

static bool has_password(const struct kafka_credentials *credentials)
{
    return credentials->options->sasl.mechanism != KAFKA_SASL_NONE && !has_token(credentials);
}

void kafka_credentials_init(struct kafka_credentials *credentials,
                            const struct kafka_options *options, struct weir_host *host)
{
    *credentials = (struct kafka_credentials){ .options = options, .host = host };
    if (has_token(credentials))
        weir_secret_init(&credentials->secret, NULL, options->sasl.token_file);
    else if (has_password(credentials))
        weir_secret_init(&credentials->secret, options->sasl.password, options->sasl.password_file);
    if (options->tls.enabled) {
        credentials->files[0].path = options->tls.ca;
        credentials->files[1].path = options->tls.cert;
        credentials->files[2].path = options->tls.key;
    }
}

/* True when it is another text than the last one. */
static bool use(struct kafka_credentials *credentials, const char *text)
{
    if (text && credentials->used && strcmp(credentials->used, text) == 0)
        return false;
    if (credentials->used)
        explicit_bzero(credentials->used, strlen(credentials->used));
    free(credentials->used);
    credentials->used = text ? strdup(text) : NULL;
    return true;
}

void kafka_credentials_deinit(struct kafka_credentials *credentials)
{
    use(credentials, NULL);
    weir_secret_deinit(&credentials->secret);
}

/* The secret as it is now; NULL with a negative errno in *ret_error. */
static const char *secret_of(struct kafka_credentials *credentials, int *ret_error)
{
    const char *text;
    *ret_error = weir_secret_get(&credentials->secret, weir_now(credentials->host), &text);
    return text;
}

static bool files_changed(struct kafka_credentials *credentials)
{
    bool changed = false;
    for (size_t i = 0; i < KAFKA_CREDENTIALS_FILES; i++)
        changed |= weir_file_changed(&credentials->files[i]);
    return changed;
}

int kafka_credentials_begin(struct kafka_credentials *credentials, const char **ret,
                            struct weir_error *err)
{
    int r;
    *ret = NULL;
    files_changed(credentials);
    if (!has_password(credentials))
        return 0;
    const char *password = secret_of(credentials, &r);
    if (!password) {
        weir_error_option(err, "sasl.password_file", "there is no password: %s: %s",
                          strerrordesc_np(-r), credentials->options->sasl.password_file);
        return -ENOKEY;
    }
    use(credentials, password);
    *ret = password;
    return 0;
}

/* Gives librdkafka the token in the file. False with the reason in `why`. */
static bool give_token(struct kafka_credentials *credentials, rd_kafka_t *rk, char *why,
                       size_t size)
{
    const char *path = credentials->options->sasl.token_file;
    char words[256];
    struct kafka_jwt jwt;
    int r;
    const char *token = secret_of(credentials, &r);
    if (!token) {
        snprintf(why, size, "there is no token: %s: %s", strerrordesc_np(-r), path);
        return false;
    }
    use(credentials, token);
    const char *wrong = kafka_jwt_read(weir_str_of(token), &jwt);
    if (!wrong && jwt.expires <= weir_now_wall(credentials->host) / NS_PER_S)
        wrong = "the token has expired";
    if (!wrong && rd_kafka_oauthbearer_set_token(
                      rk, token, jwt.expires * 1000, jwt.subject[0] ? jwt.subject : "weir", NULL, 0,
                      words, sizeof(words)) != RD_KAFKA_RESP_ERR_NO_ERROR)
        wrong = words;
    if (wrong)
        snprintf(why, size, "%s: %s", wrong, path);
    return !wrong;
}

void kafka_credentials_token(struct kafka_credentials *credentials, rd_kafka_t *rk)
{
    char why[512];
    if (!give_token(credentials, rk, why, sizeof(why)))
        rd_kafka_oauthbearer_set_token_failure(rk, why); /* comes back as an error, and is told */
}

bool kafka_credentials_changed(struct kafka_credentials *credentials, rd_kafka_t *rk)
{
    const char *secret = NULL;
    int r;
    if (has_token(credentials) || has_password(credentials))
        secret = secret_of(credentials, &r);
    if (secret && (!credentials->used || strcmp(secret, credentials->used) != 0)) {
        weir_info(credentials->host, "a password or token has changed",
                  weir_kv_str("file", credentials->secret.file.path));
        if (has_token(credentials)) {
            kafka_credentials_token(credentials, rk);
        } else {
            use(credentials, secret);
            rd_kafka_error_destroy(
                rd_kafka_sasl_set_credentials(rk, credentials->options->sasl.username, secret));
        }
    }
    return files_changed(credentials);
}
