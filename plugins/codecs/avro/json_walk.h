/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CODEC_AVRO_JSON_WALK_H
#define CODEC_AVRO_JSON_WALK_H

#include <weir/batch.h>

/* The members of an object, or the elements of an array, one after the other, in text that is known to be valid JSON. What
 * lies deeper stays text. */
struct json_walk {
    const char *at, *end;
    bool object;
};

/* `json` begins with a brace or a bracket. */
void json_walk_begin(struct json_walk *walk, struct weir_str json);
/* The next one: a view, with a name where it is a member. False after the last. */
bool json_walk_next(struct json_walk *walk, struct weir_field *ret);
/* How many there are. */
size_t json_walk_count(struct weir_str json);

/* What a JSON text that is one value is. */
struct weir_field json_walk_value(struct weir_str json);

#endif
