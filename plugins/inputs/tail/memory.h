/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_MEMORY_H
#define WEIR_TAIL_MEMORY_H

#include "tail.h"

struct tail_file;

/* Memory for what is known, charged to the host's account: see memory.c. */

/* Zeroed. NULL when there is none, which is told; the names concerned are looked at again. */
void *tail_memory_new(struct tail *tail, size_t bytes);
/* NULL is fine. `bytes` as above. */
void tail_memory_free(struct tail *tail, void *memory, size_t bytes);

/* A file that will need a place in the store is charged for that until the store itself is. */
void tail_memory_unstored(struct tail *tail, struct tail_file *file);
void tail_memory_stored(struct tail *tail, struct tail_file *file);

/* Whether a name, or a file, that is not known yet may be. Else it waits, which is told, and is looked at again
 * when there is room. */
bool tail_memory_admits(struct tail *tail);
/* A scan, which looks at everything, begins, or is over. */
void tail_memory_scan(struct tail *tail);
void tail_memory_scanned(struct tail *tail);
/* The time of tail->hunger has come. True when there is room again, and a scan is due. */
bool tail_memory_look(struct tail *tail);

#endif
