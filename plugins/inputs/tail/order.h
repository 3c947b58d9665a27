/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_ORDER_H
#define WEIR_TAIL_ORDER_H

#include "file.h"

/* The generations of one log, in the order in which they are read: see order.c. */

/* `file` is read after `before`, and after those that succeeded that one and were born before `file`. One that has its
 * place already keeps it. Either may be NULL: then nothing is done. */
void tail_order_add(struct tail_file *file, struct tail_file *before);
/* Takes `file` out; the one behind it is read after the one before it. */
void tail_order_remove(struct tail_file *file);
/* The one to be read when it would be the turn of `file`, which has something to read. */
struct tail_file *tail_order_next(struct tail_file *file);

#endif
