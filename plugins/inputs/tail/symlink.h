/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_SYMLINK_H
#define WEIR_TAIL_SYMLINK_H

#include "tail.h"

struct tail_dir;
struct tail_link;

/* Symbolic links that patterns match: see symlink.c. */

/* `link`, at `path`, is a symbolic one: watches where it leads, or where what is missing on the way there would
 * appear. True when that was not watched before: the link is to be looked at again. */
bool tail_symlink_follow(struct tail *tail, struct tail_link *link, const char *path);
/* It leads nowhere of interest. Fine for any link. */
void tail_symlink_unfollow(struct tail *tail, struct tail_link *link);
/* Something happened to `name` in `dir`: looks at the symbolic links that lead there, or wait for it. */
void tail_symlink_look(struct tail *tail, struct tail_dir *dir, struct weir_str name);
/* After a scan: watches for what is missing. */
void tail_symlink_await(struct tail *tail);

#endif
