/* SPDX-License-Identifier: Apache-2.0 */
/* The input is a token, as it stands in a file. What is read of it has an end, and a text that ends. */
#include "plugins/outputs/kafka/jwt.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kafka_jwt jwt;
    if (size && !kafka_jwt_read((struct weir_str){ (const char *)data, size }, &jwt)) {
        assert(jwt.expires >= 0);
        assert(memchr(jwt.subject, '\0', sizeof(jwt.subject)));
    }
    return 0;
}
