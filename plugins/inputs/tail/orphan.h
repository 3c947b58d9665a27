/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_ORPHAN_H
#define WEIR_TAIL_ORPHAN_H

#include "tail.h"

struct tail_file;

/* Sees to the files that have lost their last name: see orphan.c. */
void tail_orphans(struct tail *tail);
/* Keeps the position of a file that went away with its directory, which may come back. False when that is not
 * what became of it. */
bool tail_orphan_keep(struct tail *tail, struct tail_file *file);

#endif
