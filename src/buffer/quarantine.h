/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_QUARANTINE_H
#define WEIR_BUFFER_QUARANTINE_H

#include <weir/str.h>

#include "base/disk.h"

/* The directory `quarantine` in a directory of state: what could not be read is kept there, for a person to look
 * at. Nothing here is ever read again. How much there may be is the caller's to say. @thread any. */

#define QUARANTINE_DIR "quarantine"

/* Copies `len` bytes of `fd` from `from` on to quarantine/NAME, and has them kept. Blocks that cannot be read
 * become zeros. 0; -EEXIST when the name is taken; or a negative errno, and then there is no such file. */
WEIR_MUST_USE int quarantine_copy(struct disk *disk, int dir, const char *name, int fd,
                                  uint64_t from, uint64_t len);

/* Moves DIR/NAME, whatever it is, to quarantine/NAME, or NAME.1 up to NAME.9 where that is taken. */
WEIR_MUST_USE int quarantine_move(struct disk *disk, int dir, const char *name);

/* Files in it, and their bytes: 0 when there is none. */
int quarantine_size(struct disk *disk, int dir, unsigned *ret_files, uint64_t *ret_bytes);

/* Removes quarantine/NAME. */
int quarantine_remove(struct disk *disk, int dir, const char *name);

#endif
