/* SPDX-License-Identifier: Apache-2.0 */
/* Newlines by memchr(): the C library knows the machine better than we do, and lines are long enough
 * to pay for a call each. */
#include "base/simd_rows.h"

#include <string.h>

size_t lines_find_scalar(const char *data, size_t len, uint32_t base, uint32_t *ends, size_t max,
                         size_t *ret_taken)
{
    size_t count = 0, at = 0;
    while (count < max && at < len) {
        const char *newline = memchr(data + at, '\n', len - at);
        if (!newline)
            break;
        at = (size_t)(newline - data) + 1;
        ends[count++] = base + (uint32_t)at;
    }
    *ret_taken = count ? ends[count - 1] - base : 0;
    return count;
}
