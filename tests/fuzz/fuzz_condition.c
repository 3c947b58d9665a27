/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of the input is a condition, the others are records: plain, then as JSON. Of every record
 * either the condition holds or its opposite. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "record/condition.h"
#include "support/make_batch.h"

enum { BYTES_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match(const struct condition *condition, struct batch *batch, uint64_t *ret_match)
{
    memset(ret_match, 0, bitmap_words(batch->pub.count) * sizeof(*ret_match));
    int r = condition_match(condition, batch, ret_match);
    assert(r == 0);
}

static void ask(const struct condition *condition, const struct condition *opposite,
                struct batch *batch)
{
    uint64_t holds[BYTES_MAX / 64 + 1], fails[BYTES_MAX / 64 + 1];
    const uint32_t count = batch->pub.count;
    match(condition, batch, holds);
    match(opposite, batch, fails);
    for (size_t word = 0; word < bitmap_words(count); word++)
        assert((holds[word] & fails[word]) == 0);
    assert(bitmap_count(holds, count) + bitmap_count(fails, count) == count);
}

static void ask_all(const struct condition *condition, const struct condition *opposite,
                    struct weir_str lines)
{
    struct batch *batch = make_batch_of(lines, WEIR_RUN_TRUNCATED);
    ask(condition, opposite, batch);
    assert(!batch->pub.records);
    made_batch_parse_json(batch);
    batch->pub.records[0].severity = 9;
    ask(condition, opposite, batch);
    made_batch_free(batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size && size <= BYTES_MAX ? memchr(data, '\n', size) : NULL;
    if (!newline || memchr(data, '\0', (size_t)(newline - data)))
        return 0;
    struct weir_str lines = { (const char *)newline + 1, size - (size_t)(newline + 1 - data) };
    char text[BYTES_MAX + 1], opposite_text[BYTES_MAX + 8];
    snprintf(text, sizeof(text), "%.*s", (int)(newline - data), (const char *)data);
    snprintf(opposite_text, sizeof(opposite_text), "not (%s)", text);
    struct weir_error err = { 0 };
    size_t offset = SIZE_MAX;
    struct condition *condition = condition_new(text, &err, &offset);
    if (!condition) {
        assert(offset <= strlen(text) && err.text[0]);
        return 0;
    }
    struct condition *opposite = condition_new(opposite_text, &err, &offset);
    if (opposite && lines.len) /* it may be too deep */
        ask_all(condition, opposite, lines);
    condition_free(opposite);
    condition_free(condition);
    return 0;
}
