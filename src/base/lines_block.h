/* SPDX-License-Identifier: Apache-2.0 */
/* The newline loop over blocks of 64 bytes, shared by the versions for x86. The file that includes this
 * has defined
 *     static inline uint64_t newlines_in_block(const char *block);   bit i: block[i] is '\n'
 *
 * A block of log text holds no newline or one, at random: a loop over the bits would be mispredicted
 * once a line, which costs more than all else here. So the first bit's answer is stored always, and
 * counts only if there is one; a loop takes over at the second bit. */
#ifndef WEIR_BASE_LINES_BLOCK_H
#define WEIR_BASE_LINES_BLOCK_H

#include <stddef.h>
#include <stdint.h>

enum { LINES_BLOCK = 64 };

/* Stores the ends for the bits of `mask`, all of which fit; returns where the next one goes. */
static inline uint32_t *lines_store(uint32_t *ends, uint64_t mask, uint32_t block_end)
{
    *ends = block_end + (uint32_t)__builtin_ctzll(mask | 1ull << 63);
    ends += mask != 0;
    while (__builtin_expect((mask &= mask - 1) != 0, 0))
        *ends++ = block_end + (uint32_t)__builtin_ctzll(mask);
    return ends;
}

static inline size_t lines_find_blocks(const char *data, size_t len, uint32_t base, uint32_t *ends,
                                       size_t max, size_t *ret_taken)
{
    uint32_t *next = ends, *const limit = ends + max;
    size_t at = 0;
    for (; len - at >= LINES_BLOCK && (size_t)(limit - next) >= LINES_BLOCK; at += LINES_BLOCK)
        next = lines_store(next, newlines_in_block(data + at), base + (uint32_t)at + 1);

    /* The last, partial block, or an index that is nearly full. */
    for (; at < len && next < limit; at += LINES_BLOCK) {
        uint64_t mask = newlines_in_block(data + at);
        if (len - at < LINES_BLOCK)
            mask &= (1ull << (len - at)) - 1;
        for (; mask && next < limit; mask &= mask - 1)
            *next++ = base + (uint32_t)at + 1 + (uint32_t)__builtin_ctzll(mask);
    }
    size_t count = (size_t)(next - ends);
    *ret_taken = count ? ends[count - 1] - base : 0;
    return count;
}

#endif
