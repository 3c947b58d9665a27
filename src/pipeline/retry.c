/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/retry.h"

weir_ms retry_delay(unsigned failures, uint64_t random)
{
    weir_ms most = RETRY_FIRST_MS;
    for (unsigned i = 1; i < failures && most < RETRY_MAX_MS; i++)
        most *= 2;
    if (most > RETRY_MAX_MS)
        most = RETRY_MAX_MS;
    return RETRY_MIN_MS + (weir_ms)(random % (uint64_t)(most - RETRY_MIN_MS + 1));
}
