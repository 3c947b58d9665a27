/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_NAMES_H
#define WEIR_TAIL_NAMES_H

#include <limits.h>

#include "tail.h"

struct tail_file;

/* A directory that is of interest: it is listed, or something in it is waited for. */
struct tail_dir {
    struct tail_node by_place, by_watch;
    struct tail_list all;      /* tail->dirs */
    struct tail_list links;    /* names in it */
    struct tail_list pointing; /* symbolic links anywhere that lead to a file in it */
    struct tail_list
        dangling;             /* and those that would, if there were something of some name in it */
    struct tail_list awaited; /* tail->awaited, when it is watched for the latter alone */
    uint64_t device, inode;
    int watch;       /* inotify's number for it; -1: none */
    uint32_t events; /* what of it is told */
    unsigned seen;   /* in which scan it was of interest */
    unsigned walked; /* in which scan it was listed; 0: in none, or it is another directory now */
    unsigned told;   /* since which scan its events are told */
    bool lists;      /* files in it match patterns */
    /* When, in nanoseconds since 1970 UTC, its names were looked at, and the time before. 0: never. */
    int64_t listed, listed_before;
    bool remote;   /* on a filesystem that does not tell of changes made elsewhere */
    bool orphaned; /* a file of it has lost its name: see succession.c */
    bool away;     /* it was not there when it was searched */
    char *path;
};

/* A name that leads to a file. One that a pattern matches is a `named` one; any other is a place where the
 * file is known to be, or was last: the new name of a rotated file, the target of a symbolic link. */
struct tail_link {
    struct tail_node by_name;
    struct tail_node by_target; /* while it is in a list of a target's directory: see symlink.c */
    struct tail_list of_dir, of_file, of_target;
    struct tail_dir *dir;
    struct tail_file *file; /* NULL: a symbolic link that leads nowhere just now */
    bool named, told;       /* told: that it cannot be read */
    bool dangles;           /* what it leads to is not there */
    unsigned seen;
    uint16_t len;
    char name[];
};

/* What a name in a directory is found by in tables. */
uint64_t tail_name_hash(const struct tail_dir *dir, struct weir_str name);

/* The directory of that identity, known or new, then with this path. NULL when memory is short. */
struct tail_dir *tail_dir_get(struct tail *tail, struct weir_str path, uint64_t device,
                              uint64_t inode);
/* Gives it the path by which patterns reach it. False when memory is short. */
bool tail_dir_set_path(struct tail_dir *dir, struct weir_str path);
/* The directory at `path`, which is a NUL-terminated one. NULL when there is none, or memory is short. */
struct tail_dir *tail_dir_at(struct tail *tail, const char *path);
/* Frees it when nothing holds it: no name, no link into it, and not seen by the last scan. */
void tail_dir_release(struct tail *tail, struct tail_dir *dir);

/* The first link of that name, and the next of the same. */
struct tail_link *tail_link_find(const struct tail *tail, const struct tail_dir *dir,
                                 struct weir_str name);
struct tail_link *tail_link_next(const struct tail_link *link);
struct tail_link *tail_link_find_named(const struct tail *tail, const struct tail_dir *dir,
                                       struct weir_str name);
/* NULL when memory is short. `file` may be NULL. */
struct tail_link *tail_link_new(struct tail *tail, struct tail_dir *dir, struct weir_str name,
                                struct tail_file *file);
/* The link of that name to that file, made if there is none. NULL when memory is short. */
struct tail_link *tail_link_add(struct tail *tail, struct tail_dir *dir, struct weir_str name,
                                struct tail_file *file);
void tail_link_free(struct tail *tail, struct tail_link *link);
/* Lets it lead to `file`, or, with NULL, nowhere. */
void tail_link_set(struct tail_link *link, struct tail_file *file);

/* Joins a directory and a name. The length, or 0 when it is too long for a path. */
size_t tail_path_join(char ret[PATH_MAX], const char *dir, struct weir_str name);
/* Cuts the last component off a path; false when there is none. */
bool tail_path_cut(char *path);
size_t tail_link_path(const struct tail_link *link, char ret[PATH_MAX]);

#endif
