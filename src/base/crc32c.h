/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_CRC32C_H
#define WEIR_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4): what checks bytes on the disk. `crc` is 0 for the first part, and
 * what the call before answered for each further one: the crc of two parts is that of both as one.
 * @thread any. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

typedef uint32_t crc32c_f(uint32_t crc, const void *data, size_t len);

#endif
