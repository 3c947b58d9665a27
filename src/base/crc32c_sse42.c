/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C by the instruction that is made for it. One waits three cycles for the one before it, so three lanes
 * of a block run side by side; what a lane lacks of the bytes behind it is added by moving its crc over them,
 * which is a product in GF(2) by a constant: a carry-less multiplication, and the instruction again to reduce it. */
#include "base/simd_rows.h"

#include <immintrin.h>
#include <string.h>

/* Bytes of a lane, and x^(8 * distance - 33) modulo the polynomial, both bit-reflected, for the lanes that have two
 * and one lanes behind them. test_crc32c.c computes them anew. */
#define LANE_BYTES 1024
#define OVER_TWO_LANES UINT32_C(0xa51b6135)
#define OVER_ONE_LANE UINT32_C(0x170076fa)

static inline uint64_t load(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* The crc of what `crc` is of, with the distance of `factor` zero bytes behind it. */
static inline uint64_t move(uint64_t crc, uint32_t factor)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)crc), _mm_cvtsi32_si128((int)factor), 0);
    return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

static inline uint64_t three_lanes(uint64_t crc, const uint8_t *at)
{
    uint64_t second = 0, third = 0;
    for (size_t i = 0; i < LANE_BYTES; i += 8) {
        crc = _mm_crc32_u64(crc, load(at + i));
        second = _mm_crc32_u64(second, load(at + LANE_BYTES + i));
        third = _mm_crc32_u64(third, load(at + 2 * LANE_BYTES + i));
    }
    return move(crc, OVER_TWO_LANES) ^ move(second, OVER_ONE_LANE) ^ third;
}

uint32_t crc32c_sse42(uint32_t crc, const void *data, size_t len)
{
    const uint8_t *at = data;
    uint64_t now = (uint32_t)~crc;
    for (; len >= 3 * LANE_BYTES; len -= 3 * LANE_BYTES, at += 3 * LANE_BYTES)
        now = three_lanes(now, at);
    for (; len >= 8; len -= 8, at += 8)
        now = _mm_crc32_u64(now, load(at));
    for (; len; len--, at++)
        now = _mm_crc32_u8((uint32_t)now, *at);
    return ~(uint32_t)now;
}
