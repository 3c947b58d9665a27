/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_SUCCESSION_H
#define WEIR_TAIL_SUCCESSION_H

#include "tail.h"

struct tail_dir;
struct tail_file;
struct tail_link;

/* Rotation by rename: see succession.c. */

/* A new file has taken the name that another one had. */
void tail_succession(struct tail *tail, struct tail_file *file, struct tail_link *link);
/* A file has been moved from that name that was not known. */
void tail_succession_missed(struct tail *tail, struct tail_dir *dir, struct weir_str name);
/* Looks for what had the names of `file` after it, for less time than it took to look. */
void tail_succession_fill(struct tail *tail, struct tail_file *file);
/* After the first scan: the files of an earlier run that are not under their names any more. */
void tail_succession_start(struct tail *tail);
/* Forgets files of earlier runs that have been gone for long. */
void tail_succession_expire(struct tail *tail);

#endif
