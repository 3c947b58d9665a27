/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_CREDENTIALS_H
#define OUT_KAFKA_CREDENTIALS_H

#include <weir/secret.h>

#include "options.h"

#define KAFKA_CREDENTIALS_FILES 3 /* tls.ca, tls.cert, tls.key */

/* What proves who we are, where it stands in files that others replace. See credentials.c. */
struct kafka_credentials {
    const struct kafka_options *options;
    struct weir_host *host;
    struct weir_secret secret; /* the password or the token */
    char *used;                /* the text of it that librdkafka was last given; NULL: none */
    struct weir_file_version files[KAFKA_CREDENTIALS_FILES];
};

void kafka_credentials_init(struct kafka_credentials *credentials,
                            const struct kafka_options *options, struct weir_host *host);
void kafka_credentials_deinit(struct kafka_credentials *credentials);

/* Before a handle is made, which reads the certificates itself. *ret is the password to log in with, and lives until the
 * next call; NULL: none is needed. 0, or -ENOKEY with *err set when the password's file cannot be read. */
int kafka_credentials_begin(struct kafka_credentials *credentials, const char **ret,
                            struct weir_error *err);
/* librdkafka asks for a token: gives it the one in the file, or tells it why there is none. */
void kafka_credentials_token(struct kafka_credentials *credentials, rd_kafka_t *rk);

/* Looks at the files. A password or token that is another now is given to `rk`, which logs in with it next time. True
 * when the certificates are others: only another handle reads them. */
bool kafka_credentials_changed(struct kafka_credentials *credentials, rd_kafka_t *rk);

#endif
