/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_JSON_NAMES_H
#define WEIR_BASE_JSON_NAMES_H

#include <weir/json.h>

/* The names of an object's members met so far, to tell when one comes again. A name is remembered as an
 * 8-bit tag; only where tags agree (16 are compared at once) are names compared. So an object of a dozen
 * members takes one vector compare a member. */
struct json_names {
    uint8_t tags[WEIR_JSON_MEMBERS_MAX + 16];
};

/* The index of the first of `fields[0..count)`, all of them met, that has the name of fields[count],
 * which is met now; -1 when it is new. `count` is 0 at first, then as before or one more. 8 readable
 * bytes follow a name. */
int json_names_meet(struct json_names *names, const struct weir_field *fields, uint32_t count);

#endif
