/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_SIMD_ROWS_H
#define WEIR_BASE_SIMD_ROWS_H

#include "base/simd.h"

/* What the rows of simd.h are made of. Only simd_*.c use these names. */
extern const struct simd simd_scalar;

lines_find_f lines_find_scalar, lines_find_sse2, lines_find_avx2;
json_index_f json_index_scalar, json_index_sse2, json_index_avx2;
json_plain_f json_plain_scalar, json_plain_sse2, json_plain_avx2;
json_copy_f json_copy_scalar, json_copy_sse2, json_copy_avx2;
crc32c_f crc32c_scalar, crc32c_sse42;

#endif
