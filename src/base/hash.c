/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <xxhash.h>

uint64_t hash64(const void *data, size_t len)
{
    return XXH3_64bits(data, len);
}

uint64_t hash64_seeded(const void *data, size_t len, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, len, seed);
}

void hash128(const void *data, size_t len, uint8_t ret[16])
{
    XXH128_canonicalFromHash((XXH128_canonical_t *)ret, XXH3_128bits(data, len));
}
