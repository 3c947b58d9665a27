/* SPDX-License-Identifier: Apache-2.0 */
#include "base/lines.h"
#include "base/simd.h"

size_t lines_find(const char *data, size_t len, uint32_t base, uint32_t *ends, size_t max,
                  size_t *ret_taken)
{
    return simd_best()->lines_find(data, len, base, ends, max, ret_taken);
}
