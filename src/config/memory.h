/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_MEMORY_H
#define WEIR_CONFIG_MEMORY_H

#include <weir/str.h>

/* Memory that a configuration is made of: taken piece by piece, given back in one move, kept out of core
 * dumps and wiped, since secrets are among it. See memory.c. */
struct memory;

/* These end the process with a message when memory is short: nothing has been started then. */
struct memory *memory_new(void);
/* Zeroed, aligned for any type, until memory_free(). */
void *memory_alloc(struct memory *memory, size_t bytes);
/* A copy, NUL-terminated. */
char *memory_text(struct memory *memory, struct weir_str text);
char *memory_format(struct memory *memory, const char *format, ...) WEIR_PRINTF(2, 3);

/* memory_free() calls `end(arg, object)`, the objects in the reverse order of their coming. */
typedef void memory_end_f(void *arg, void *object);
void memory_own(struct memory *memory, memory_end_f *end, void *arg, void *object);

/* Ends what is owned, wipes and frees the rest. NULL is fine; returns NULL. */
struct memory *memory_free(struct memory *memory);

#endif
