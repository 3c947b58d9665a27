/* SPDX-License-Identifier: Apache-2.0 */
/* The input is the answer of an OTLP receiver, in either form. What is read of it is no more than there is. */
#include <assert.h>
#include <stdlib.h>

#include "plugins/outputs/otlp/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *padded = calloc(1, size + WEIR_BATCH_PADDING);
    struct weir_bytes why = { .max = size }, json_why = { .max = size };
    assert(padded);
    if (size)
        memcpy(padded, data, size);
    assert(otlp_read_protobuf((struct weir_str){ (const char *)data, size }, &why) <= INT64_MAX);
    otlp_read_json((struct weir_str){ padded, size }, &json_why);
    assert(why.len <= size && json_why.len <= size);
    weir_bytes_free(&why);
    weir_bytes_free(&json_why);
    free(padded);
    return 0;
}
