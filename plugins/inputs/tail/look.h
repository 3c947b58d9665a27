/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_LOOK_H
#define WEIR_TAIL_LOOK_H

#include "tail.h"

struct tail_dir;
struct tail_link;

/* One name is looked at: see look.c. */

/* Whether the patterns want this path. */
bool tail_look_matches(const struct tail *tail, struct weir_str path);

/* Finds out which file `name` in `dir` is now, and gives it what follows from that. */
void tail_look(struct tail *tail, struct tail_dir *dir, struct weir_str name);

/* Events: the content of a file has changed; a name has come, gone, or leads elsewhere. */
void tail_look_modified(struct tail *tail, struct tail_dir *dir, struct weir_str name);
void tail_look_changed(struct tail *tail, struct tail_dir *dir, struct weir_str name, bool moved);

/* The name does not lead to its file any more. It stays known as where the file was last. */
void tail_look_lost(struct tail *tail, struct tail_link *link);

#endif
