/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_UNITS_H
#define WEIR_BASE_UNITS_H

#include <weir/str.h>

/* How people write sizes, durations and plain values, both ways. See units.c for the notations. */

enum units_answer {
    UNITS_OK,
    UNITS_BAD,   /* not of that form */
    UNITS_UNIT,  /* a whole number, but its unit is missing or unknown */
    UNITS_RANGE, /* of that form, but below what can be meant, or beyond what the type holds */
};

/* Each sets *ret on UNITS_OK only. @thread any. */
enum units_answer units_parse_size(struct weir_str text, uint64_t *ret_bytes);
enum units_answer units_parse_duration(struct weir_str text, weir_ms *ret);
enum units_answer units_parse_int(struct weir_str text, int64_t *ret);
enum units_answer units_parse_number(struct weir_str text, double *ret);
enum units_answer units_parse_bool(struct weir_str text, bool *ret);

/* Text that the parsers above read as the same value: "16MiB", "10MB", "1h30m". `ms` is not negative. */
#define UNITS_TEXT_MAX 40
void units_print_size(uint64_t bytes, char ret_text[UNITS_TEXT_MAX]);
void units_print_duration(weir_ms ms, char ret_text[UNITS_TEXT_MAX]);

#endif
