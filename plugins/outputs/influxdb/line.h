/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_INFLUXDB_LINE_H
#define OUTPUTS_INFLUXDB_LINE_H

#include <weir/codec.h>

/* The parts of a line of InfluxDB's line protocol. See line.c. 0, -ENOSPC or -ENOMEM. */

/* A measurement's name, a tag's or field's name, or a tag's value. */
WEIR_MUST_USE int influxdb_add_name(struct weir_bytes *out, struct weir_str text);
/* name=value of a field of a record, with a comma before it unless it is the `first`; nothing for null. *ret_added
 * is set when there was something. */
WEIR_MUST_USE int influxdb_add_field(struct weir_bytes *out, const struct weir_field *field,
                                     bool floats, struct weir_bytes *room, bool *added);
/* A text as the value of a field, in quotes. */
WEIR_MUST_USE int influxdb_add_string(struct weir_bytes *out, struct weir_str text);

/* The time of the point: `time`, spread over what its digits leave open, so that points of one time have
 * times of their own. The same every time. */
int64_t influxdb_spread(int64_t time, uint64_t position);

#endif
