/* SPDX-License-Identifier: Apache-2.0 */
/* A pinned schema is a subject and a version: a number, and never "the latest", which somebody else could change under a
 * running agent. */
#include "schema_options.h"

#include "options.h"

#define AT(field) offsetof(struct kafka_options, schema.field)

static const char *const modes[] = { "pin", "lookup", NULL };

static const struct weir_option auth_options[] = {
    { .name = "user",
      .type = WEIR_TEXT,
      .offset = AT(auth.user),
      .help = "The user of basic authentication." },
    { .name = "password",
      .type = WEIR_TEXT,
      .offset = AT(auth.password),
      .secret = true,
      .help = "The user's password." },
    { .name = "password_file",
      .type = WEIR_TEXT,
      .offset = AT(auth.password_file),
      .help = "A file that holds the password; read again when it changes." },
    { .name = "token",
      .type = WEIR_TEXT,
      .offset = AT(auth.token),
      .secret = true,
      .help = "A bearer token." },
    { .name = "token_file",
      .type = WEIR_TEXT,
      .offset = AT(auth.token_file),
      .help = "A file that holds the token; read again when it changes." },
    { 0 },
};

static const struct weir_option tls_options[] = {
    { .name = "ca",
      .type = WEIR_TEXT,
      .offset = AT(tls.ca),
      .help = "A file of certificates to trust, in place of the system's." },
    { .name = "cert",
      .type = WEIR_TEXT,
      .offset = AT(tls.cert),
      .help = "The certificate to show, in PEM." },
    { .name = "key",
      .type = WEIR_TEXT,
      .offset = AT(tls.key),
      .help = "The certificate's private key, in PEM." },
    { .name = "key_password",
      .type = WEIR_TEXT,
      .offset = AT(tls.key_password),
      .secret = true,
      .help = "The password of the key's file." },
    { .name = "verify",
      .type = WEIR_BOOL,
      .offset = AT(tls.verify),
      .def = "true",
      .help = "Whether the registry must prove who it is." },
    { 0 },
};

const struct weir_option kafka_schema_option_table[] = {
    { .name = "registry",
      .type = WEIR_TEXT_LIST,
      .offset = AT(registry),
      .help =
          "The registry's URL, http:// or https://; of several, the next is asked when one does not answer." },
    { .name = "subject",
      .type = WEIR_TEXT,
      .offset = AT(subject),
      .help = "The subject, mostly the topic's name and `-value`." },
    { .name = "version",
      .type = WEIR_INT,
      .offset = AT(version),
      .min = "1",
      .max = "2147483647",
      .help =
          "The version of the subject that messages are written by. Another one is another configuration." },
    { .name = "mode",
      .type = WEIR_ENUM,
      .offset = AT(mode),
      .def = "pin",
      .choices = modes,
      .help =
          "pin: by subject and version. lookup: the schema in `file`, which the registry must have in that subject, under "
          "whatever version. Nothing is ever registered." },
    { .name = "file",
      .type = WEIR_TEXT,
      .offset = AT(file),
      .help =
          "The schema as a file (.avsc). With `pin` it is compared with what the registry has for the version, as JSON; "
          "where they differ nothing is sent." },
    { .name = "timeout",
      .type = WEIR_DURATION,
      .offset = AT(timeout),
      .def = "5s",
      .min = "100ms",
      .max = "1m",
      .help = "How long the registry may take to answer before it counts as away." },
    { .name = "auth",
      .type = WEIR_GROUP,
      .group = auth_options,
      .help = "How to say who is asking." },
    { .name = "tls", .type = WEIR_GROUP, .group = tls_options, .help = "Certificates, for https." },
    { 0 },
};

static int check_registry(const struct kafka_schema_options *options, struct weir_error *err)
{
    for (size_t i = 0; i < options->registry.count; i++) {
        const char *url = options->registry.items[i];
        const char *host = strncmp(url, "https://", 8) == 0  ? url + 8
                           : strncmp(url, "http://", 7) == 0 ? url + 7
                                                             : "";
        if (!host[0] || host[0] == '/' || strpbrk(url, " ?#\r\n"))
            return weir_error_option(err, "schema.registry",
                                     "write it as http://HOST:PORT or https://HOST:PORT");
        const char *at = strchr(host, '@'), *slash = strchr(host, '/');
        if (at && (!slash || at < slash))
            return weir_error_option(err, "schema.registry",
                                     "credentials belong into `auth`, which is never printed");
    }
    return 0;
}

static int check_auth(const struct kafka_schema_options *options, struct weir_error *err)
{
    const int passwords = (options->auth.password != NULL) + (options->auth.password_file != NULL);
    const int tokens = (options->auth.token != NULL) + (options->auth.token_file != NULL);
    if (passwords != (options->auth.user != NULL))
        return weir_error_option(err, "schema.auth", "a user needs one password, and it a user");
    if (passwords + tokens > 1)
        return weir_error_option(err, "schema.auth",
                                 "two ways to say who is asking are given: which is meant?");
    if (options->auth.token && strpbrk(options->auth.token, "\r\n"))
        return weir_error_option(err, "schema.auth.token", "it holds a line break");
    if (!options->tls.cert != !options->tls.key)
        return weir_error_option(
            err, options->tls.cert ? "schema.tls.cert" : "schema.tls.key",
            "a certificate needs its private key, and the key its certificate");
    return 0;
}

int kafka_schema_options_check(const struct kafka_schema_options *options,
                               const struct weir_encoder *codec, struct weir_error *err)
{
    const bool wanted = weir_encoder_flags(codec) & WEIR_CODEC_SCHEMA;
    const bool given = options->registry.count || options->subject || options->version;
    if (wanted && !options->registry.count)
        return weir_error_option(err, "schema.registry",
                                 "codec \"%s\" writes by a schema: say which registry has it",
                                 weir_encoder_name(codec));
    if (given && !wanted)
        return weir_error_option(err, "schema",
                                 "codec \"%s\" writes by no schema: set codec to avro",
                                 weir_encoder_name(codec));
    if (!wanted)
        return 0;
    if (!options->subject || !options->subject[0])
        return weir_error_option(err, "schema.subject", "it is missing");
    if (options->mode == KAFKA_SCHEMA_PIN && !options->version)
        return weir_error_option(err, "schema.version",
                                 "it is missing: the number of the version that messages are to be "
                                 "written by");
    if (options->mode == KAFKA_SCHEMA_LOOKUP && (options->version || !options->file))
        return weir_error_option(err, options->version ? "schema.version" : "schema.file",
                                 "`lookup` is of a `file`, and whatever version it has");
    int r = check_registry(options, err);
    return r == 0 ? check_auth(options, err) : r;
}
