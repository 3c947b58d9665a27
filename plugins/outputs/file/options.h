/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_FILE_OPTIONS_H
#define WEIR_OUT_FILE_OPTIONS_H

#include <weir/plugin.h>

#include <sys/types.h>

/* When a record counts as delivered. */
enum fsync_when {
    FSYNC_NEVER,    /* it is in the file: a crash of the host may lose what the kernel still held */
    FSYNC_BATCH,    /* it is on stable storage, seen to after each batch */
    FSYNC_INTERVAL, /* the same, seen to after so long for all batches since */
};

struct fsync_policy {
    enum fsync_when when;
    weir_ms interval; /* of FSYNC_INTERVAL */
};

/* "never", "batch", or a duration between 10 ms and an hour, such as "500ms", "1s" or "1m". 0, or a negative errno
 * and *err set. */
int file_fsync_parse(const char *text, struct fsync_policy *ret, struct weir_error *err);

/* A file mode as octal digits ("0640"), at least writable for its owner, no more than 0777. */
int file_mode_parse(const char *text, mode_t *ret, struct weir_error *err);

/* Who may read the files may search their directories: 0640 gives 0750. */
mode_t file_directory_mode(mode_t file_mode);

#endif
