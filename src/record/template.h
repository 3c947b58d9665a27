/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_TEMPLATE_H
#define WEIR_RECORD_TEMPLATE_H

#include <weir/error.h>
#include <weir/template.h>

/* Compiles `text`: see include/weir/template.h for the language. NULL with *err set and *ret_offset the
 * byte of `text` at fault. */
struct weir_template *template_new(const char *text, struct weir_error *err, size_t *ret_offset);
void template_free(struct weir_template *tpl); /* NULL is fine */

#endif
