/* SPDX-License-Identifier: Apache-2.0 */
/* The indexer over blocks of 64 bytes: see json_index.h. The file that includes this defines
 * json_classify(), and json_prefix_xor(), whose bit i is the XOR of bits 0 to i.
 *
 * The bits of one class of bytes in 64 are one word. From there on all is arithmetic on words: XOR over
 * all quotes up to a byte tells whether it lies in a string, so that no byte is branched on. Only
 * backslashes are walked one by one: they are rare, and each is a token anyway. */
#ifndef WEIR_BASE_JSON_INDEX_BLOCK_H
#define WEIR_BASE_JSON_INDEX_BLOCK_H

#include "base/json_index.h"

/* Bit i tells about byte i. `punctuation` may take in control bytes, which saves the versions a step. */
struct json_block {
    uint64_t quote, backslash, punctuation, space, control, non_ascii;
};

static inline struct json_block json_classify(const char *block);
static inline uint64_t json_prefix_xor(uint64_t bits);

/* The bytes that a backslash escapes; takes them out of *backslash where they are backslashes. */
static inline uint64_t json_escaped_bytes(struct json_index *index, uint64_t *backslash)
{
    uint64_t escaped = index->escaped, left = *backslash & ~escaped, begins = 0;
    index->escaped = 0;
    while (left) {
        uint64_t bit = left & -left;
        begins |= bit;
        escaped |= bit << 1;
        index->escaped = bit >> 63;
        left &= ~(bit | bit << 1);
    }
    *backslash = begins;
    return escaped;
}

static inline uint64_t json_block_tokens(struct json_index *index, struct json_block block)
{
    uint64_t begins = block.backslash, quote = block.quote;
    if (__builtin_expect((begins | index->escaped) != 0, 0))
        quote &= ~json_escaped_bytes(index, &begins);

    uint64_t in_string = json_prefix_xor(quote) ^ index->in_string; /* with the opening quote */
    index->in_string = (uint64_t)((int64_t)in_string >> 63);

    const uint64_t punctuation = block.punctuation & ~block.control;
    uint64_t scalar = ~(punctuation | block.space | quote);
    uint64_t start = scalar & ~(scalar << 1 | index->scalar);
    index->scalar = scalar >> 63;

    uint64_t outside = (punctuation | start) & ~in_string;
    return quote | outside | begins | (block.control & in_string);
}

/* Eight at a step: the number of steps predicts well, the number of tokens does not. */
static inline void json_store_tokens(struct json_index *index, uint64_t bits)
{
    uint32_t *next = index->tokens + index->count, *const after = next + __builtin_popcountll(bits);
    const uint32_t at = (uint32_t)index->at;
    for (; bits; next += 8) {
        for (int i = 0; i < 8; i++) { /* beyond the last bit: what is stored does not count */
            next[i] = at + (uint32_t)__builtin_ctzll(bits | 1ull << 63);
            bits &= bits - 1;
        }
    }
    index->count = (uint32_t)(after - index->tokens);
}

static inline void json_index_blocks(struct json_index *index)
{
    uint64_t non_ascii = 0;
    while (index->at < index->len && index->count < JSON_TOKENS) {
        struct json_block block = json_classify(index->text + index->at);
        uint64_t bits = json_block_tokens(index, block);
        size_t left = index->len - index->at;
        if (left < JSON_BLOCK) {
            uint64_t inside = (1ull << left) - 1;
            bits &= inside;
            block.non_ascii &= inside;
        }
        non_ascii |= block.non_ascii;
        json_store_tokens(index, bits);
        index->at += left < JSON_BLOCK ? left : JSON_BLOCK;
    }
    index->non_ascii |= non_ascii != 0;
    if (index->at == index->len)
        for (int i = 0; i < JSON_SENTINELS; i++)
            index->tokens[index->count + (uint32_t)i] = (uint32_t)index->len;
}

#endif
