/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_NULS_H
#define WEIR_TAIL_NULS_H

#include <stdint.h>

/* Where the NUL bytes that a file has from `at` on end, holes included; `size` when nothing else follows. */
uint64_t tail_nuls_end(int fd, uint64_t at, uint64_t size);

#endif
