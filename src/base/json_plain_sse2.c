/* SPDX-License-Identifier: Apache-2.0 */
/* See json_plain_block.h. */
#include "base/simd_rows.h"

#include <emmintrin.h>

enum { PLAIN_STEP = 16 };

static inline uint32_t specials_in_step(const char *step)
{
    __m128i in = _mm_loadu_si128((const __m128i *)step);
    /* As signed bytes, those above 0x7f are less than a space too. */
    __m128i low = _mm_cmplt_epi8(in, _mm_set1_epi8(0x20));
    __m128i quote = _mm_cmpeq_epi8(in, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(in, _mm_set1_epi8('\\'));
    return (uint32_t)_mm_movemask_epi8(_mm_or_si128(low, _mm_or_si128(quote, backslash)));
}

static inline void copy_step(const char *step, char *out)
{
    _mm_storeu_si128((__m128i *)out, _mm_loadu_si128((const __m128i *)step));
}

#include "base/json_plain_block.h"

size_t json_plain_sse2(const char *text, size_t len)
{
    return json_plain_blocks(text, len);
}

size_t json_copy_sse2(const char *text, size_t len, char *out)
{
    return json_copy_blocks(text, len, out);
}
