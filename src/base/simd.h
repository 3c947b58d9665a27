/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_SIMD_H
#define WEIR_BASE_SIMD_H

#include "base/crc32c.h"
#include "base/json_escape.h"
#include "base/json_index.h"
#include "base/lines.h"

/* The loops that look at every byte, in as many versions as machines deserve. A version is one row: its
 * functions give the same answers as those of every other row, only sooner. Rows are constants, and
 * which one to use is asked of the processor each time (a load and a test), so that there is nothing to
 * set up and no global that changes.
 *
 * simd_x86.c knows avx2 and sse2, simd_any.c stands for every other machine; the build takes one of
 * them. The scalar row is always there: tests hold the others against it. */
struct simd {
    const char *name; /* "avx2" */
    lines_find_f *lines_find;
    json_index_f *json_index;
    json_plain_f *json_plain;
    json_copy_f *json_copy;
    crc32c_f *crc32c;
};

/* The fastest row that this machine can run. @thread any. */
const struct simd *simd_best(void);

/* Row `index` from 0 up of those that this machine can run, for tests and benchmarks; NULL after the
 * last. */
const struct simd *simd_list(size_t index);

#endif
