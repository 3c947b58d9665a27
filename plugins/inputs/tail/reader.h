/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_READER_H
#define WEIR_TAIL_READER_H

#include "tail.h"

/* Reads what is ready, for a while: see reader.c. */
void tail_reader_run(struct tail *tail);

#endif
