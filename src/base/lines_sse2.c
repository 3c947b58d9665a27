/* SPDX-License-Identifier: Apache-2.0 */
/* Newlines, 16 bytes a compare: see lines_block.h. */
#include "base/simd_rows.h"

#include <emmintrin.h>

static inline uint64_t newlines_in_block(const char *block)
{
    const __m128i *in = (const __m128i *)block;
    const __m128i newline = _mm_set1_epi8('\n');
    uint64_t mask = 0;
    for (int i = 0; i < 4; i++) {
        __m128i equal = _mm_cmpeq_epi8(_mm_loadu_si128(in + i), newline);
        mask |= (uint64_t)(uint32_t)_mm_movemask_epi8(equal) << (16 * i);
    }
    return mask;
}

#include "base/lines_block.h"

size_t lines_find_sse2(const char *data, size_t len, uint32_t base, uint32_t *ends, size_t max,
                       size_t *ret_taken)
{
    return lines_find_blocks(data, len, base, ends, max, ret_taken);
}
