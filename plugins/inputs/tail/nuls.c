/* SPDX-License-Identifier: Apache-2.0 */
/* NUL bytes that nobody wrote. A file that was truncated under a writer that keeps its offset begins with a
 * hole as long as what was there; one whose space was reserved ends with one, into which lines will come.
 * Holes cost nothing: the filesystem says where data begins. */
#include "nuls.h"

#include <errno.h>
#include <unistd.h>

#include "file.h"
#include "text.h"

#define PIECE_BYTES 4096

uint64_t tail_nuls_end(int fd, uint64_t at, uint64_t size)
{
    char piece[PIECE_BYTES];
    while (at < size) {
        off_t data = lseek(fd, (off_t)at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            return size;
        if (data > (off_t)at)
            at = (uint64_t)data;
        const ssize_t n = tail_read(fd, piece, sizeof(piece), at);
        if (n <= 0)
            return size;
        const size_t nuls = tail_text_nuls(piece, (size_t)n);
        at += nuls;
        if (nuls < (size_t)n)
            return at < size ? at : size;
    }
    return size;
}
