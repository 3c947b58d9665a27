/* SPDX-License-Identifier: Apache-2.0 */
/* The indexer with 16 bytes a compare. See json_index_block.h. */
#include "base/simd_rows.h"

#include "base/json_index_block.h"

#include <emmintrin.h>

static inline uint64_t mask_of(__m128i bytes)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(bytes);
}

/* The classes of 16 bytes, in the low bits. */
static inline struct json_block classify_quarter(const char *text)
{
    const __m128i in = _mm_loadu_si128((const __m128i *)text);
    const __m128i control =
        _mm_cmpeq_epi8(_mm_max_epu8(in, _mm_set1_epi8(0x1f)), _mm_set1_epi8(0x1f));
    /* With 0x20 set a bracket looks like a brace, and two control bytes like ',' and ':'. */
    const __m128i folded = _mm_or_si128(in, _mm_set1_epi8(0x20));
    __m128i punctuation = _mm_or_si128(_mm_cmpeq_epi8(folded, _mm_set1_epi8('{')),
                                       _mm_cmpeq_epi8(folded, _mm_set1_epi8('}')));
    punctuation = _mm_or_si128(punctuation, _mm_cmpeq_epi8(folded, _mm_set1_epi8(':')));
    punctuation = _mm_or_si128(punctuation, _mm_cmpeq_epi8(folded, _mm_set1_epi8(',')));
    __m128i space = _mm_or_si128(_mm_cmpeq_epi8(in, _mm_set1_epi8(' ')),
                                 _mm_cmpeq_epi8(in, _mm_set1_epi8('\t')));
    space = _mm_or_si128(space, _mm_cmpeq_epi8(in, _mm_set1_epi8('\n')));
    space = _mm_or_si128(space, _mm_cmpeq_epi8(in, _mm_set1_epi8('\r')));
    return (struct json_block){
        .quote = mask_of(_mm_cmpeq_epi8(in, _mm_set1_epi8('"'))),
        .backslash = mask_of(_mm_cmpeq_epi8(in, _mm_set1_epi8('\\'))),
        .punctuation = mask_of(punctuation),
        .space = mask_of(space),
        .control = mask_of(control),
        .non_ascii = mask_of(in),
    };
}

static inline struct json_block json_classify(const char *text)
{
    struct json_block block = { 0 };
    for (unsigned i = 0; i < 4; i++) {
        const struct json_block quarter = classify_quarter(text + 16 * i);
        block.quote |= quarter.quote << 16 * i;
        block.backslash |= quarter.backslash << 16 * i;
        block.punctuation |= quarter.punctuation << 16 * i;
        block.space |= quarter.space << 16 * i;
        block.control |= quarter.control << 16 * i;
        block.non_ascii |= quarter.non_ascii << 16 * i;
    }
    return block;
}

static inline uint64_t json_prefix_xor(uint64_t bits)
{
    for (unsigned shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

void json_index_sse2(struct json_index *index)
{
    json_index_blocks(index);
}
