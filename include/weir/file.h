/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FILE_H
#define WEIR_FILE_H

#include <weir/str.h>

/* Reads until the end of the file or until `room` bytes are there: *ret_len is how many. 0, or -errno. Ask for a byte more
 * than allowed to find out that a file is too large, whatever its size says. @thread any. */
WEIR_API WEIR_MUST_USE int weir_read_all(int fd, void *data, size_t room, size_t *ret_len);

#endif
