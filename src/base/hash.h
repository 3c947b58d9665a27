/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* XXH3, behind one name. Not for adversaries: maps keyed by outside text use hash64_seeded() with a
 * seed drawn at start. */
uint64_t hash64(const void *data, size_t len);
uint64_t hash64_seeded(const void *data, size_t len, uint64_t seed);
/* 128 bits in canonical (big-endian) order, the same on every machine. */
void hash128(const void *data, size_t len, uint8_t ret[16]);

#endif
