/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_JWT_H
#define OUT_KAFKA_JWT_H

#include <weir/str.h>

/* What must be known of a JSON Web Token (RFC 7519) to log in with it: until when it is good, and whose it is. Whether it is
 * genuine is for the broker to say. */
#define KAFKA_JWT_SUBJECT_MAX 256

struct kafka_jwt {
    int64_t expires; /* seconds since 1970 */
    char subject[KAFKA_JWT_SUBJECT_MAX];
};

/* Reads "header.claims.signature". NULL, or a few constant words on what is wrong with it. Pure. */
const char *kafka_jwt_read(struct weir_str token, struct kafka_jwt *ret);

#endif
