/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_SCAN_H
#define WEIR_TAIL_SCAN_H

#include "tail.h"

struct tail_dir;

/* The walk through directories: see scan.c. */

/* Walks everything, now. Files that lost their last name meanwhile become orphans. */
void tail_scan(struct tail *tail);
/* A scan is due. tail_scan_settle() does it. */
void tail_scan_want(struct tail *tail);
/* The same, because there was no memory for what was found; says so. Returns NULL. */
void *tail_starved(struct tail *tail);
/* Sets the timer of the next look at everything. */
void tail_poll_set(struct tail *tail);
/* A directory called `name` in `dir` has appeared, or gone. */
void tail_scan_changed(struct tail *tail, struct tail_dir *dir, struct weir_str name,
                       bool appeared);
/* After events: scans if that is due, and sees to what has lost its name. */
void tail_scan_settle(struct tail *tail);

/* Looks in `dir` for files that are known but have no name, and gives them the one found. */
void tail_scan_place(struct tail *tail, struct tail_dir *dir);

#endif
