/* SPDX-License-Identifier: Apache-2.0 */
/* The input is the answer of an OTLP receiver. What is read of it stays within it. */
#include <assert.h>

#include "plugins/outputs/otlp/answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct weir_str body = { (const char *)data, size };
    struct weir_str why;
    uint64_t rejected = otlp_read(body, &why);
    assert(rejected <= INT64_MAX);
    assert(!why.len || (why.ptr >= body.ptr && why.ptr + why.len <= body.ptr + body.len));
    return 0;
}
