/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_HEX_H
#define WEIR_HEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Eight hexadecimal digits of four bytes, all at once: 0xAB becomes 'a' 'b'. Little-endian, as all that weir runs on is. */
static inline uint64_t weir_hex_of_four(uint32_t bytes)
{
    uint64_t wide = (bytes | (uint64_t)bytes << 16) & 0x0000FFFF0000FFFFull;
    wide = (wide | wide << 8) & 0x00FF00FF00FF00FFull; /* a byte in each lane of 16 bits */
    const uint64_t nibbles = (wide >> 4 & 0x000F000F000F000Full) | (wide & 0x000F000F000F000Full)
                                                                       << 8;
    const uint64_t letters = (nibbles + 0x0606060606060606ull) >> 4 & 0x0101010101010101ull;
    return nibbles + 0x3030303030303030ull + letters * ('a' - '0' - 10);
}

/* Writes two lower-case hexadecimal digits for each byte, without an end. Returns where they end. @thread any. */
static inline char *weir_hex(char *at, const uint8_t *bytes, size_t count)
{
    for (; count >= 4; count -= 4, bytes += 4, at += 8) {
        uint32_t four;
        memcpy(&four, bytes, sizeof(four));
        const uint64_t text = weir_hex_of_four(four);
        memcpy(at, &text, sizeof(text));
    }
    for (; count; count--, bytes++, at += 2) {
        const uint64_t text = weir_hex_of_four(*bytes);
        memcpy(at, &text, 2);
    }
    return at;
}

#endif
