/* SPDX-License-Identifier: Apache-2.0 */
/* The input is the answer to a bulk request of three documents. What is read of it stays within it, and is either about all
 * three or about none. */
#include "plugins/outputs/elasticsearch/answer.h"

#include <assert.h>
#include <stdlib.h>

#include "plugins/outputs/http/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + WEIR_BATCH_PADDING);
    struct weir_http_verdicts verdicts = { .count = 3 };
    struct weir_http_answer answer = { .status = 200, .body = { text, size }, .records = 3 };
    if (!text)
        return 0;
    if (size)
        memcpy(text, data, size);
    uint32_t duplicates = elasticsearch_read(&answer, &verdicts);
    assert(duplicates <= 3);
    for (uint32_t i = 0; i < 3; i++)
        assert(http_verdict_of(&verdicts, i) <= WEIR_HTTP_REJECT);
    http_verdicts_deinit(&verdicts);
    free(text);
    return 0;
}
