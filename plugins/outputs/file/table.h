/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_FILE_TABLE_H
#define WEIR_OUT_FILE_TABLE_H

#include <weir/host.h>

#include "committed.h"
#include "place.h"
#include "sink.h"

/* The files that are open, by path, a bounded number of them. See table.c. */
enum { FILES_MAX = 250 };

struct file {
    char *path; /* as file_place_open() takes it; NULL: the entry is free */
    uint64_t hash;
    uint64_t used; /* when it was last looked up, as a count */
    bool in_batch; /* the caller's: it may not be given up now */
    bool is_open;
    struct sink sink;
    weir_ms checked; /* when we last looked whether the path is still this file */
    unsigned slot;   /* its place among the committed sizes */
};

struct file_table {
    struct weir_host *host;
    struct place place;
    struct committed *committed;
    bool sync;     /* files are synced before they are closed */
    int lost_sync; /* -errno of a sync that failed while a file was closed */
    uint64_t use_count;
    unsigned count;
    struct file *entries;
};

/* `root` (borrowed; NULL: none) and modes as in struct place; `count` up to FILES_MAX. 0 or -ENOMEM. */
int file_table_init(struct file_table *files, struct weir_host *host, struct place place,
                    unsigned count);
void file_table_deinit(struct file_table *files); /* zeroed state is fine */

/* The entry for `path`, which may take the place of the least recently used one. NULL when all are in the
 * batch, or (with errno ENOMEM) when memory is short. The file is not opened yet. */
struct file *file_table_find(struct file_table *files, struct weir_str path);

/* Makes the file ready to be appended to: opens it, or opens what has taken its path since. 0 or -errno. */
WEIR_MUST_USE int file_table_ready(struct file_table *files, struct file *file);

/* Brings all that was written to stable storage. 0, or -errno of the first that failed; files that did
 * are closed. */
WEIR_MUST_USE int file_table_sync(struct file_table *files);

/* Stores the sizes of all files as committed. */
void file_table_commit(struct file_table *files);

/* Closes all of them; they are opened again when they are written to. */
void file_table_close(struct file_table *files);

#endif
