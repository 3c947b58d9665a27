/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_ROTATED_H
#define WEIR_TAIL_ROTATED_H

#include <weir/str.h>

/* Whether `name` is one that a file called `base` gets when it is rotated, and not compressed: see
 * rotated.c. */
bool tail_is_rotated_name(struct weir_str name, struct weir_str base);

#endif
