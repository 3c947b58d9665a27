/* SPDX-License-Identifier: Apache-2.0 */
/* See json_plain_block.h. */
#include "base/simd_rows.h"

#include <immintrin.h>

enum { PLAIN_STEP = 32 };

static inline uint32_t specials_in_step(const char *step)
{
    __m256i in = _mm256_loadu_si256((const __m256i *)step);
    /* As signed bytes, those above 0x7f are less than a space too. */
    __m256i low = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), in);
    __m256i quote = _mm256_cmpeq_epi8(in, _mm256_set1_epi8('"'));
    __m256i backslash = _mm256_cmpeq_epi8(in, _mm256_set1_epi8('\\'));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(low, _mm256_or_si256(quote, backslash)));
}

static inline void copy_step(const char *step, char *out)
{
    _mm256_storeu_si256((__m256i *)out, _mm256_loadu_si256((const __m256i *)step));
}

#include "base/json_plain_block.h"

size_t json_plain_avx2(const char *text, size_t len)
{
    return json_plain_blocks(text, len);
}

size_t json_copy_avx2(const char *text, size_t len, char *out)
{
    return json_copy_blocks(text, len, out);
}
