/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_TURN_H
#define WEIR_TAIL_TURN_H

#include "tail.h"

struct tail_file;

/* What became of a file's turn. */
enum tail_turn {
    TAIL_TURN_MORE, /* there is more, after the others had their turn */
    TAIL_TURN_FULL, /* it needs another block; of tail->want bytes, if that is not 0 */
    TAIL_TURN_DONE, /* nothing more for now */
};

/* Fills the block with lines of the file: see turn.c. */
enum tail_turn tail_turn(struct tail *tail, struct tail_file *file, struct weir_block *block);

#endif
