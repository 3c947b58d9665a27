/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_SUCCESSION_H
#define WEIR_TAIL_SUCCESSION_H

#include "tail.h"

struct tail_dir;
struct tail_file;
struct tail_link;

/* Rotation by rename, and deletion: see succession.c. */

/* Sees to the files that have lost their last name. */
void tail_orphans(struct tail *tail);
/* A new file has taken the name that another one had. */
void tail_succession(struct tail *tail, struct tail_file *file, struct tail_link *link);
/* A file has been moved from that name that was not known. */
void tail_succession_missed(struct tail *tail, struct tail_dir *dir, struct weir_str name);
/* After the first scan: the files of an earlier run that are not under their names any more. */
void tail_succession_start(struct tail *tail);
/* Keeps the position of a file that went away with its directory, which may come back. False when that is not
 * what became of it. */
bool tail_succession_keep(struct tail *tail, struct tail_file *file);
/* Forgets files of earlier runs that have been gone for long. */
void tail_succession_expire(struct tail *tail);

#endif
