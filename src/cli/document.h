/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_DOCUMENT_H
#define WEIR_CLI_DOCUMENT_H

#include <jansson.h>
#include <weir/str.h>

/* The documents that commands answer with, for `--json` and to be drawn for people. Nothing runs yet, or any
 * more, when they are made, so that where memory is short the process ends, with a message: no function here
 * fails, and none returns NULL. */

json_t *document_must(json_t *value);                               /* `value`, unless it is NULL */
void document_put(json_t *object, const char *name, json_t *value); /* takes the value */
void document_add(json_t *array, json_t *value);                    /* takes the value */

/* JSON holds UTF-8 only; what is not is shown escaped. */
json_t *document_text(struct weir_str text);
json_t *document_sentence(const char *format, ...) WEIR_PRINTF(1, 2);
/* As an integer, or as text where JSON's readers have no such integers. */
json_t *document_number(uint64_t number);
/* Nanoseconds since 1970 UTC as RFC 3339; null for 0, which stands for no time. */
json_t *document_time(int64_t ns);

/* On standard output. */
void document_print(const json_t *document);

#endif
