/* SPDX-License-Identifier: Apache-2.0 */
/* The indexer in plain C: a byte's classes come from a table. See json_index_block.h. */
#include "base/simd_rows.h"

#include "base/json_index_block.h"

enum class { QUOTE = 1, BACKSLASH = 2, PUNCTUATION = 4, SPACE = 8 };

static const uint8_t classes[256] = {
    ['"'] = QUOTE,       ['\\'] = BACKSLASH,  ['{'] = PUNCTUATION, ['}'] = PUNCTUATION,
    ['['] = PUNCTUATION, [']'] = PUNCTUATION, [':'] = PUNCTUATION, [','] = PUNCTUATION,
    [' '] = SPACE,       ['\t'] = SPACE,      ['\n'] = SPACE,      ['\r'] = SPACE,
};

static inline struct json_block json_classify(const char *text)
{
    struct json_block block = { 0 };
    for (unsigned i = 0; i < JSON_BLOCK; i++) {
        const unsigned char byte = (unsigned char)text[i];
        const uint64_t class = classes[byte];
        block.quote |= (class & QUOTE) << i;
        block.backslash |= (class & BACKSLASH) / BACKSLASH << i;
        block.punctuation |= (class & PUNCTUATION) / PUNCTUATION << i;
        block.space |= (class & SPACE) / SPACE << i;
        block.control |= (uint64_t)(byte < 0x20) << i;
        block.non_ascii |= (uint64_t)(byte >> 7) << i;
    }
    return block;
}

static inline uint64_t json_prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

void json_index_scalar(struct json_index *index)
{
    json_index_blocks(index);
}
