/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SECRET_H
#define WEIR_SECRET_H

#include <weir/str.h>

/* Files that other programs replace while the agent runs: secrets and certificates. Of one instance, on one
 * thread at a time. */

#define WEIR_SECRET_BYTES_MAX 16384
/* A file is looked at again when it was last looked at so long ago. */
#define WEIR_SECRET_LOOK_MS 1000

/* Which version of a file it is. */
struct weir_file_version {
    const char *path; /* NULL: there is none, and it never changes */
    uint64_t device, inode;
    int64_t size, seconds, nanoseconds;
};

/* True when it is another than at the last call; the first call says true, when there is a path. */
WEIR_API bool weir_file_changed(struct weir_file_version *version);

/* A secret from the configuration, or from a file. */
struct weir_secret {
    const char *given; /* in the configuration; NULL: from the file */
    struct weir_file_version file;
    weir_ms looked; /* 0: never */
    char *text;     /* the file's; from malloc */
};

WEIR_API void weir_secret_init(struct weir_secret *secret, const char *given, const char *path);
WEIR_API void weir_secret_deinit(struct weir_secret *secret);

/* The secret as it is now, without a newline at its end. 0, or -errno when its file cannot be read (ENODATA:
 * it is empty; EFBIG: it is larger than a secret; EINVAL: it holds control bytes); an earlier text then stays in
 * use, if there is one. Lives until the next call. */
WEIR_API WEIR_MUST_USE int weir_secret_get(struct weir_secret *secret, weir_ms now,
                                           const char **ret);

#endif
