/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_WATCH_H
#define WEIR_TAIL_WATCH_H

#include "names.h"

/* Directory watches by inotify: see watch.c. */
void tail_watch_open(struct tail *tail);
void tail_watch_close(struct tail *tail);

/* Watches a directory for what it is of interest for. Where that cannot be, tail->blind is set. True when it
 * was not watched for all of that before: what was looked at in it may have changed meanwhile. */
bool tail_watch_add(struct tail *tail, struct tail_dir *dir);
void tail_watch_remove(struct tail *tail, struct tail_dir *dir);

/* How many directories are watched for nothing but symbolic links that lead nowhere. */
#define TAIL_AWAITED_MAX 256

/* Watches a directory for names that may come to be in it. The one that was asked for longest ago is given up
 * for it when there are too many. True as above. */
bool tail_watch_await(struct tail *tail, struct tail_dir *dir);
/* Whether it is watched for that alone. */
static inline bool tail_watch_is_awaited(const struct tail_dir *dir)
{
    return tail_list_has(&dir->awaited);
}

#endif
