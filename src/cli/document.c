/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/document.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/terminal.h"

json_t *document_must(json_t *value)
{
    if (value)
        return value;
    fputs("weir: out of memory\n", stderr);
    exit(EXIT_FAILURE);
}

void document_put(json_t *object, const char *name, json_t *value)
{
    if (json_object_set_new(object, name, document_must(value)) < 0)
        document_must(NULL);
}

void document_add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, document_must(value)) < 0)
        document_must(NULL);
}

json_t *document_text(struct weir_str text)
{
    json_t *value = json_stringn(text.ptr, text.len);
    if (value)
        return value;
    char *escaped = terminal_escape(text);
    value = document_must(escaped ? json_string(escaped) : NULL);
    free(escaped);
    return value;
}

json_t *document_sentence(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    json_t *value =
        len < 0 ? document_must(NULL) : document_text((struct weir_str){ text, (size_t)len });
    free(text);
    return value;
}

json_t *document_number(uint64_t number)
{
    if (number > INT64_MAX)
        return document_sentence("%" PRIu64, number);
    return document_must(json_integer((json_int_t)number));
}

json_t *document_time(int64_t ns)
{
    char text[CIVIL_RFC3339_MAX];
    if (ns == 0)
        return document_must(json_null());
    return document_text((struct weir_str){ text, civil_put_rfc3339(ns, text) });
}

void document_print(const json_t *document)
{
    json_dumpf(document, stdout, JSON_INDENT(2));
    putchar('\n');
}
