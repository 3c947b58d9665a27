/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_FILE_PLACE_H
#define WEIR_OUT_FILE_PLACE_H

#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <weir/str.h>

/* Where files are opened, and with which permissions. See place.c. */
struct place {
    const char *root; /* borrowed, absolute: paths are relative to it; NULL: they are absolute */
    mode_t file_mode, directory_mode;
    bool
        durable; /* see to it that the names of new files and directories are on stable storage too */
    int root_fd; /* -1: not open */
};

/* What stands at the path is no regular file: an errno that open() does not give. */
#define PLACE_ENOTFILE EBADFD

/* Opens `path` to be appended to, made with its directories where it is missing. Never blocks, whatever
 * stands there. Returns the descriptor, which is the caller's, or -errno: -ELOOP is
 * a symbolic link below the root. */
int file_place_open(struct place *place, const char *path);

/* What is at `path` now. 0 or -errno. */
int file_place_stat(struct place *place, const char *path, struct stat *ret);

/* Lets go of the root directory if another one stands at its path by now, so that it is opened anew. */
void file_place_check_root(struct place *place);

void file_place_close(struct place *place);

/* True when the error comes from the path itself, and waiting will not mend it. */
bool file_place_error_is_lasting(int error);
/* A constant text, or NULL for a number that is no errno. */
const char *file_place_error_text(int error);

#endif
