/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_HOLD_H
#define WEIR_TAIL_HOLD_H

#include "tail.h"

struct tail_file;

/* Files for which something is to be done at a later moment: see hold.c. */

/* It has lost a name: late writes are waited for. */
void tail_hold_rotated(struct tail *tail, struct tail_file *file);
/* It has that name again. */
void tail_hold_returned(struct tail *tail, struct tail_file *file);
/* It was read to its end. */
void tail_hold_idle(struct tail *tail, struct tail_file *file);
/* It could not be read: it has no turn for a while, which doubles each time. */
void tail_hold_suspended(struct tail *tail, struct tail_file *file);
/* It may be the copy of a file that is about to be truncated: it has no turn for a while. */
void tail_hold_suspect(struct tail *tail, struct tail_file *file);

/* The alarm: does what is due. */
void tail_hold_alarm(struct tail *tail);
/* Everything of the file that was emitted is acked. */
void tail_hold_acked(struct tail *tail, struct tail_file *file);
/* It cannot be read any more; `reason` is a constant word. What was not read is counted as lost. */
void tail_hold_abandon(struct tail *tail, struct tail_file *file, const char *reason);
/* The input stops: says what is lost by that. */
void tail_hold_stop(struct tail *tail);
/* Keeps what deleted files hold on the disk within its bound. */
void tail_hold_limit(struct tail *tail);

#endif
