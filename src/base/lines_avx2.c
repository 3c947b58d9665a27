/* SPDX-License-Identifier: Apache-2.0 */
/* Newlines, 32 bytes a compare: see lines_block.h. */
#include "base/simd_rows.h"

#include <immintrin.h>

static inline uint64_t newlines_in_block(const char *block)
{
    const __m256i *in = (const __m256i *)block;
    const __m256i newline = _mm256_set1_epi8('\n');
    __m256i low = _mm256_cmpeq_epi8(_mm256_loadu_si256(in), newline);
    __m256i high = _mm256_cmpeq_epi8(_mm256_loadu_si256(in + 1), newline);
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high)
                                                     << 32;
}

#include "base/lines_block.h"

size_t lines_find_avx2(const char *data, size_t len, uint32_t base, uint32_t *ends, size_t max,
                       size_t *ret_taken)
{
    return lines_find_blocks(data, len, base, ends, max, ret_taken);
}
