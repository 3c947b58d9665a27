/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SHOW_RECORD_H
#define TESTS_SUPPORT_SHOW_RECORD_H

#include <weir/batch.h>

/* Record `i` as text to compare with, decoded:
 *
 *     name=s:text count=i:7 nested=j:{"a":1} | time 1772323200000000000 | severity 13 | trace T-S-F
 *
 * s string, i integer, f float, b bool, n null, j JSON; the parts after '|' only where they are set. "line
 * TEXT" for a plain line, "dropped" for a dropped record; "object " comes first where the record's JSON text
 * can be copied. Bytes that are not printable ASCII come out as \xNN. Also checks what must hold of any
 * record: names are unique, flags are true, `object` says what the fields say. The caller frees it. Aborts
 * where something does not hold. */
char *show_record(struct weir_batch *batch, uint32_t i);

#endif
