/* SPDX-License-Identifier: Apache-2.0 */
/* The indexer with 32 bytes a compare, classes looked up 16 entries at a time, and carry-less
 * multiplication by all ones for the XOR of all bits before. See json_index_block.h. */
#include "base/simd_rows.h"

#include "base/json_index_block.h"

#include <immintrin.h>

static inline uint64_t mask_of(__m256i low, __m256i high)
{
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

/* The low four bits of a byte pick from the table what it must equal to be a space (a byte above 0x7f
 * picks 0, which it does not equal); no byte equals a -1 that it picks. */
static inline __m256i spaces(__m256i in)
{
    const __m256i table = _mm256_setr_epi8(
        ' ', -1, -1, -1, -1, -1, -1, -1, -1, '\t', '\n', -1, -1, '\r', -1, -1, /* */
        ' ', -1, -1, -1, -1, -1, -1, -1, -1, '\t', '\n', -1, -1, '\r', -1, -1);
    return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, in), in);
}

/* The same for punctuation. With 0x20 set a bracket looks like a brace, and two control bytes like ','
 * and ':'. */
static inline __m256i punctuation(__m256i in)
{
    const __m256i folded = _mm256_or_si256(in, _mm256_set1_epi8(0x20));
    const __m256i table =
        _mm256_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0, /* */
                         0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ':', '{', ',', '}', 0, 0);
    return _mm256_cmpeq_epi8(_mm256_shuffle_epi8(table, in), folded);
}

static inline __m256i controls(__m256i in)
{
    const __m256i bound = _mm256_set1_epi8(0x1f);
    return _mm256_cmpeq_epi8(_mm256_max_epu8(in, bound), bound);
}

static inline struct json_block json_classify(const char *text)
{
    const __m256i low = _mm256_loadu_si256((const __m256i *)text);
    const __m256i high = _mm256_loadu_si256((const __m256i *)text + 1);
    const __m256i quote = _mm256_set1_epi8('"'), backslash = _mm256_set1_epi8('\\');
    return (struct json_block){
        .quote = mask_of(_mm256_cmpeq_epi8(low, quote), _mm256_cmpeq_epi8(high, quote)),
        .backslash = mask_of(_mm256_cmpeq_epi8(low, backslash), _mm256_cmpeq_epi8(high, backslash)),
        .punctuation = mask_of(punctuation(low), punctuation(high)),
        .space = mask_of(spaces(low), spaces(high)),
        .control = mask_of(controls(low), controls(high)),
        .non_ascii = mask_of(low, high),
    };
}

static inline uint64_t json_prefix_xor(uint64_t bits)
{
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

void json_index_avx2(struct json_index *index)
{
    json_index_blocks(index);
}
