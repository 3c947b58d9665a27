/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_INCLUDE_H
#define WEIR_CONFIG_INCLUDE_H

#include <sys/stat.h>

#include "config/reading.h"

#define INCLUDE_FILES_MAX 1000

struct include_item {
    const char *path;
    struct config_place place; /* of the `include:` that named it */
    dev_t dev;
    ino_t ino; /* 0: not read yet */
    struct include_item *next;
};

/* Adds one file to be read. NULL, and said, when there are too many. */
struct include_item *include_add(struct reading *reading, const char *path,
                                 struct config_place place);

/* Adds the files that `include:` of the file at `path` names: a pattern or a list of them, relative to
 * that file. */
void include_read(struct reading *reading, const struct node *node, const char *path);

/* Notes which file the item was. False, and said, when it has been read before. */
bool include_is_new(struct reading *reading, struct include_item *item, const struct stat *st);

#endif
