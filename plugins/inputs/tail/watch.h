/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_WATCH_H
#define WEIR_TAIL_WATCH_H

#include "tail.h"

struct tail_dir;

/* Directory watches by inotify: see watch.c. */
void tail_watch_open(struct tail *tail);
void tail_watch_close(struct tail *tail);

/* Watches a directory for what it is of interest for. Where that cannot be, tail->blind is set. */
void tail_watch_add(struct tail *tail, struct tail_dir *dir);
void tail_watch_remove(struct tail *tail, struct tail_dir *dir);

#endif
