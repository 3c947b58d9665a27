/* SPDX-License-Identifier: Apache-2.0 */
/* The versions for x86-64, and the choice among them.
 *
 * SSE2 is part of x86-64. The avx2 row is compiled with more than AVX2 (see meson.build): bit
 * manipulation and carry-less multiplication came to processors at the same time or before, but a
 * virtual machine may hide any of them, so all are asked for. (SSE4.2, which has the instruction for
 * CRC-32C, is older than AVX2 and is not asked for apart: a machine with it alone takes the plain loop.) The compiler's runtime has read CPUID,
 * and whether the system saves the wide registers, before main(); asking is a load and a test.
 *
 * Rejected: ifunc (resolvers run before the sanitizers are up, and not in every libc) and a table
 * filled by a constructor (a mutable global for a branch that predicts perfectly). */
#include "base/simd.h"
#include "base/simd_rows.h"

static const struct simd avx2 = {
    .name = "avx2",
    .lines_find = lines_find_avx2,
    .json_index = json_index_avx2,
    .json_plain = json_plain_avx2,
    .json_copy = json_copy_avx2,
    .crc32c = crc32c_sse42,
};

static const struct simd sse2 = {
    .name = "sse2",
    .lines_find = lines_find_sse2,
    .json_index = json_index_sse2,
    .json_plain = json_plain_sse2,
    .json_copy = json_copy_sse2,
    .crc32c = crc32c_scalar,
};

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("pclmul") &&
           __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("sse4.2");
}

const struct simd *simd_best(void)
{
    return has_avx2() ? &avx2 : &sse2;
}

const struct simd *simd_list(size_t index)
{
    static const struct simd *const all[] = { &simd_scalar, &sse2, &avx2, NULL };
    const size_t count = has_avx2() ? 3 : 2;
    return index < count ? all[index] : NULL;
}
