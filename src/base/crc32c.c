/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc32c.h"
#include "base/simd.h"

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
    return simd_best()->crc32c(crc, data, len);
}
