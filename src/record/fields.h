/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_FIELDS_H
#define WEIR_RECORD_FIELDS_H

#include <weir/batch.h>

#include "base/json_escape.h"

/* Whether `name`, plain text, is what the field is called. */
static inline bool field_is_named(const struct weir_field *field, struct weir_str name)
{
    struct weir_str own = { field->name, field->name_len };
    if (field->flags & WEIR_NAME_ESCAPED)
        return json_unescaped_eq(own, name);
    return weir_str_eq(own, name);
}

#endif
