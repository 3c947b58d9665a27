/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TEMPLATE_H
#define WEIR_TEMPLATE_H

#include <weir/codec.h>

/* Text with parts that come from the record, compiled once when the configuration is read:
 *
 *     ${field}  ${http.status}   a field's text by path; nothing where the record has none
 *     ${field:-word}             `word` where the record has none
 *     %Y %m %d %H %M %S %%       the record's time (event time, else observed time), in UTC
 *
 * (In YAML a template's `$${field}` stands for `${field}`, since `${NAME}` is expanded from the
 * environment.) */
struct weir_template;

/* Compiles a template that is not an option of its own (the values of a map, say). NULL with *err set.
 * @thread any. */
WEIR_API struct weir_template *weir_template_new(const char *text, struct weir_error *err);
/* For what weir_template_new() made, not for options. NULL is fine; returns NULL. */
WEIR_API struct weir_template *weir_template_free(struct weir_template *tpl);

/* True when the text is the same for every record; weir_template_text() is it then. What these return
 * lives as long as the template. */
WEIR_API bool weir_template_is_constant(const struct weir_template *tpl);
WEIR_API struct weir_str weir_template_text(const struct weir_template *tpl);
/* The template as it was written. */
WEIR_API struct weir_str weir_template_source(const struct weir_template *tpl);

/* Adds the template's text for record `i`. `clean` is called on the text of each inserted field and
 * adds what may stand there instead (a path component without '/', say); NULL inserts it unchanged.
 * 0, -ENOSPC or -ENOMEM. */
typedef int weir_template_clean_f(struct weir_bytes *out, struct weir_str text);
WEIR_API WEIR_MUST_USE int weir_template_render(const struct weir_template *tpl,
                                                const struct weir_batch *batch, uint32_t i,
                                                weir_template_clean_f *clean,
                                                struct weir_bytes *out);

#endif
