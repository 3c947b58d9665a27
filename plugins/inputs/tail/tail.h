/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_TAIL_H
#define WEIR_TAIL_TAIL_H

#include <weir/plugin.h>

#include "glob.h"
#include "list.h"
#include "table.h"

/* One tail input: its options, and the lists that its parts share.
 *
 *     scan.c, watch.c     find names, again and again       ─▶ look.c: which file is that?
 *     symlink.c           what links lead to, and what they wait for
 *     file.c              a file: descriptor, stream, position
 *     succession.c        what was renamed, and what came after it
 *     orphan.c            what has lost its last name        ─▶ hold.c: wait, finish, let go
 *     order.c             which file is read after which
 *     generation.c        what was truncated, and its copy
 *     reader.c            bytes into blocks
 *     memory.c            room for one more, or not
 *
 * Everything runs on the input's own thread. Events are only hints where to look: what is true is what
 * statx() says then. So a lost event, a queue that overflowed, or a second rotation before the first was
 * seen take no paths of their own. */

/* The kernel's clock for times of files is that coarse. */
#define TAIL_CLOCK_NS 10000000

enum tail_read_from { TAIL_BEGINNING, TAIL_END };

struct tail_counters {
    struct weir_counter *files, *open, *waiting;
    struct weir_counter *rotated, *deleted, *truncated, *copies;
    struct weir_counter *long_lines, *nul_bytes, *read_errors, *overflows, *scans;
    struct weir_counter *watches, *dangling;
};

/* See listing.c. */
struct tail_listing {
    struct tail_dir *dir; /* whose; NULL: nobody's */
    int64_t read_at;      /* not later than anything in it was found; like tail->looked */
    bool whole;           /* false: there are more */
    size_t len, room;
    char *names; /* one after the other, each with its NUL */
};

struct tail {
    /* Options. */
    struct weir_texts paths, exclude;
    int read_from; /* enum tail_read_from */
    uint64_t max_line, fingerprint, held_bytes;
    int64_t max_open;
    weir_ms ignore_older, partial_timeout, rotate_wait, poll_interval;
    bool strip_cr;

    struct weir_host *host;
    struct tail_glob **globs, **excludes; /* as many as paths, exclude */
    struct tail_counters counters;
    struct weir_timer *poll, *alarm, *rescan, *hunger;

    /* Names: names.c. */
    struct tail_table dirs_by_place, dirs_by_watch, links_by_name;
    struct tail_list dirs;
    size_t dir_count;

    /* Symbolic links: symlink.c. */
    struct tail_table links_by_target;
    struct tail_list awaited; /* directories watched for dangling ones alone, the oldest first */
    size_t awaited_count;

    /* Files: file.c. */
    struct tail_table files_by_inode;
    struct tail_list files;   /* all */
    struct tail_list open;    /* with a descriptor, the least recently read first */
    struct tail_list ready;   /* have something to read */
    struct tail_list waiting; /* have a moment, `due`, at which something is to be done */
    struct tail_list orphans; /* lost their last name just now */
    struct tail_list
        vanishing; /* deleted, with a descriptor: read first, and not made to wait for outputs */
    struct tail_list doomed; /* to be forgotten once the block is handed over */
    size_t file_count, open_count;
    size_t unplaced; /* files that are somewhere, under a name that is not known */
    uint64_t lag;

    /* Looking. */
    int inotify; /* -1: none */
    struct weir_watch *watch;
    int64_t
        ran_until; /* when, in nanoseconds since 1970 UTC, an earlier run stored something last */
    bool started;  /* the first scan is over */
    bool once;     /* --once */
    bool first_start; /* nothing was stored by an earlier run */
    bool rescan_wanted;
    bool blind, told_blind; /* changes in some directory are not told of */
    unsigned scan;          /* the number of the scan */
    bool scanning;          /* it is under way */
    unsigned searches;      /* what it has looked for beyond names */
    int64_t looked;         /* when the last look at a name began, nanoseconds since 1970 UTC */
    unsigned refused;       /* names that it left, since there is no memory for more: memory.c */
    weir_ms scan_took, scanned_at;
    weir_ms alarm_at; /* when `alarm` is set for; 0: it is not */
    struct tail_listing listing;
    char *scan_path; /* PATH_MAX bytes */

    /* Reading. */
    bool blocked, stopped;
    size_t want;    /* the block that the next line needs; 0: any */
    uint64_t block; /* the number of the block that is being filled, or will be next */
};

#endif
