/* SPDX-License-Identifier: Apache-2.0 */
/* The row in plain C: for machines without a row of their own, and what tests hold the others against. */
#include "base/simd_rows.h"

const struct simd simd_scalar = {
    .name = "scalar",
    .lines_find = lines_find_scalar,
    .json_index = json_index_scalar,
    .json_plain = json_plain_scalar,
    .json_copy = json_copy_scalar,
    .crc32c = crc32c_scalar,
};
