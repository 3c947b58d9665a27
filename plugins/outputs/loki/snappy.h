/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_LOKI_SNAPPY_H
#define OUTPUTS_LOKI_SNAPPY_H

#include <weir/codec.h>

/* Replaces what is in `out` by `text` in Snappy's block format. `text` is smaller than 4 GiB. 0, -ENOSPC or -ENOMEM.
 * See snappy.c. */
WEIR_MUST_USE int loki_snappy(struct weir_str text, struct weir_bytes *out);

#endif
