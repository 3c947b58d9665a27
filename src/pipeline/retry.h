/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_RETRY_H
#define WEIR_PIPELINE_RETRY_H

#include <weir/str.h>

/* How long to wait before the next try, after `failures` (1 and up) in a row: a time between 0 and
 * 100 ms * 2^(failures-1), 30 s at most, chosen by `random`, so that a thousand hosts whose sink comes
 * back do not all call at once ("full jitter"). At least RETRY_MIN_MS. */
#define RETRY_MIN_MS 10
#define RETRY_FIRST_MS 100
#define RETRY_MAX_MS 30000
weir_ms retry_delay(unsigned failures, uint64_t random);

#endif
