/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_FILE_ROUTER_H
#define WEIR_OUT_FILE_ROUTER_H

#include <weir/template.h>

#include "fates.h"
#include "table.h"

/* Which record goes into which file, by a template of the path. See router.c. */
struct router {
    const struct weir_template *path;
    char *root;             /* the constant directory that every path begins with */
    struct weir_bytes raw;  /* the path of the last record as rendered, */
    struct weir_bytes tidy; /* and what is left of it below the root, tidied */
    struct file *last;      /* its file; NULL: none yet */
    uint8_t *file_of;       /* by record: index of its file, or ROUTER_NOWHERE */
    uint64_t *mask;         /* the records of one file */
    uint32_t room;          /* records that the two have room for */
    unsigned in_batch;      /* files among those assigned last */
};

enum { ROUTER_NOWHERE = UINT8_MAX };

/* `path` (borrowed) is not constant. 0 or -ENOMEM. */
int file_router_init(struct router *router, const struct weir_template *path);
void file_router_deinit(struct router *router);

/* Before a batch of `count` records. 0 or -ENOMEM. */
int file_router_begin(struct router *router, uint32_t count);

/* Finds the files of records from `at` on, which are then `in_batch`, and returns the first record whose
 * file has no place among `files` any more. Records that can have no file get their fate. */
uint32_t file_router_assign(struct router *router, struct file_table *files,
                            const struct weir_slice *slice, uint32_t at, struct fates *fates);

/* The records among [from, to) of `slice` that go into file `index`; valid until the next call. */
struct weir_slice file_router_records_of(struct router *router, const struct weir_slice *slice,
                                         uint32_t from, uint32_t to, unsigned index);

#endif
