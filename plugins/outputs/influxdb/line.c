/* SPDX-License-Identifier: Apache-2.0 */
/* The line protocol:
 *
 *     measurement,tag=value,... field=value,... 1795414728000000005\n
 *
 * In names and tags a backslash stands before comma, equals sign and space; there is no way to write a control
 * byte, and a backslash before the end of one would swallow what follows, so that both become `_`. Texts of fields stand
 * in quotes, with a backslash before quote and backslash; a newline there is written as \n, two characters.
 *
 * A point is told from another by measurement, tags and time, and one that is the same replaces the first. Lines of a log
 * often have the same time, to the millisecond or the second. What the time's digits leave open is filled from the
 * record's position in its file, which is another for each line and rises with them: so no line replaces
 * another, lines stay in order, and a line that is sent twice is the same point both times. */
#include "line.h"

#include <errno.h>

#define NS_PER_MS 1000000
#define NS_PER_US 1000

int influxdb_add_name(struct weir_bytes *out, struct weir_str text)
{
    char *at = weir_bytes_room(out, 2 * text.len);
    if (!at)
        return -ENOSPC;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == ',' || c == '=' || c == ' ')
            *at++ = '\\';
        *at++ = c < ' ' || c == 0x7f || c == '\\' ? '_' : (char)c;
    }
    out->len = (size_t)(at - out->data);
    return 0;
}

int influxdb_add_string(struct weir_bytes *out, struct weir_str text)
{
    char *at = weir_bytes_room(out, 2 * text.len + 2);
    if (!at)
        return -ENOSPC;
    *at++ = '"';
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\' || c == '\n')
            *at++ = '\\';
        *at++ = c == '\n' ? 'n' : c;
    }
    *at++ = '"';
    out->len = (size_t)(at - out->data);
    return 0;
}

static int add_value(struct weir_bytes *out, const struct weir_field *field, bool floats,
                     struct weir_bytes *room)
{
    const struct weir_str text = { field->value, field->value_len };
    switch ((enum weir_value)field->type) {
    case WEIR_VALUE_INT: {
        int r = weir_bytes_add(out, text.ptr, text.len);
        return r == 0 && !floats ? weir_bytes_add(out, "i", 1) : r;
    }
    case WEIR_VALUE_FLOAT:
    case WEIR_VALUE_BOOL: return weir_bytes_add(out, text.ptr, text.len);
    case WEIR_VALUE_JSON: return influxdb_add_string(out, text);
    case WEIR_VALUE_STRING: {
        room->len = 0;
        int r = weir_bytes_add_text(room, field);
        return r == 0 ? influxdb_add_string(out, (struct weir_str){ room->data, room->len }) : r;
    }
    case WEIR_VALUE_NULL: break;
    }
    return 0;
}

int influxdb_add_field(struct weir_bytes *out, const struct weir_field *field, bool floats,
                       struct weir_bytes *room, bool *added)
{
    if (field->type == WEIR_VALUE_NULL || !field->name_len)
        return 0;
    const struct weir_field name = { .value = field->name,
                                     .value_len = field->name_len,
                                     .type = WEIR_VALUE_STRING,
                                     .flags = field->flags & WEIR_NAME_ESCAPED ? WEIR_VALUE_ESCAPED
                                                                               : 0 };
    int r = weir_bytes_add(out, ",", *added ? 1 : 0);
    room->len = 0;
    if (r == 0)
        r = weir_bytes_add_text(room, &name);
    if (r == 0)
        r = influxdb_add_name(out, (struct weir_str){ room->data, room->len });
    if (r == 0)
        r = weir_bytes_add(out, "=", 1);
    *added = true;
    return r == 0 ? add_value(out, field, floats, room) : r;
}

int64_t influxdb_spread(int64_t time, uint64_t position)
{
    int64_t open = time % NS_PER_MS == 0 ? NS_PER_MS : time % NS_PER_US == 0 ? NS_PER_US : 1;
    int64_t more = (int64_t)(position % (uint64_t)open);
    return time > INT64_MAX - more ? time : time + more;
}
