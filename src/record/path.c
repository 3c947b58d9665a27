/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: "http.status" is the field of that name, or the member `status` of the object `http`.
 *
 * Names with dots in them are usual (`k8s.pod.name`), and so is nesting ({"k8s":{"pod":{"name":..}}}),
 * and programs mix them ({"k8s":{"pod.name":..}}). Nobody should have to know which it is in order to
 * ask, so every way to cut the path at its dots is tried: a whole name before a cut one, an early cut
 * before a late one.
 *
 * This does not grow exponentially: the names on the way to an object, joined by dots, are the part of
 * the path that is used up, and there is one way from the top to each object; so each object inside the
 * record is looked into once at most, for as many names as dots are left.
 *
 * Rejected: compiling a path (the steps depend on the record, and finding dots in a dozen bytes costs
 * nothing beside looking through JSON); indices of arrays (no one writes logs to be asked so). */
#include <weir/json.h>

#include "record/fields.h"

/* Cuts the path at its first dot at or after `from`; false when there is none. */
static bool path_cut(struct weir_str path, size_t from, struct weir_str *ret_first,
                     struct weir_str *ret_rest)
{
    const char *dot = from < path.len ? memchr(path.ptr + from, '.', path.len - from) : NULL;
    if (!dot)
        return false;
    size_t at = (size_t)(dot - path.ptr);
    *ret_first = (struct weir_str){ path.ptr, at };
    *ret_rest = (struct weir_str){ dot + 1, path.len - at - 1 };
    return true;
}

static bool lookup_inside(struct weir_str json, struct weir_str path, struct weir_field *ret)
{
    struct weir_str first = WEIR_STR_NONE, rest;
    if (weir_json_member(json, path, ret))
        return true;
    for (size_t from = 0; path_cut(path, from, &first, &rest); from = first.len + 1) {
        struct weir_field step;
        if (weir_json_member(json, first, &step) && step.type == WEIR_VALUE_JSON &&
            lookup_inside((struct weir_str){ step.value, step.value_len }, rest, ret))
            return true;
    }
    return false;
}

static bool lookup_in_field(const struct weir_field *field, struct weir_str path,
                            struct weir_field *ret)
{
    struct weir_str first = WEIR_STR_NONE, rest;
    for (size_t from = 0; path_cut(path, from, &first, &rest); from = first.len + 1)
        if (field_is_named(field, first))
            return lookup_inside((struct weir_str){ field->value, field->value_len }, rest, ret);
    return false;
}

bool weir_record_lookup(const struct weir_record *record, struct weir_str path,
                        struct weir_field *ret_field)
{
    struct weir_field found;
    int at = weir_record_find(record, path);
    if (at >= 0) {
        found = record->fields[at];
    } else {
        if (path.len > UINT16_MAX || !memchr(path.ptr, '.', path.len))
            return false;
        uint32_t i = 0;
        for (; i < record->count; i++)
            if (record->fields[i].type == WEIR_VALUE_JSON &&
                lookup_in_field(&record->fields[i], path, &found))
                break;
        if (i == record->count)
            return false;
    }
    found.name = path.ptr;
    found.name_len = (uint16_t)path.len;
    found.flags &= (uint8_t) ~(WEIR_NAME_ESCAPED | WEIR_NAME_CLEAN);
    *ret_field = found;
    return true;
}
