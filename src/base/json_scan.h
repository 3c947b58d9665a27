/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_JSON_SCAN_H
#define WEIR_BASE_JSON_SCAN_H

#include <weir/json.h>

struct simd;

/* weir_json_object() in the version that `simd` names: all versions give the same answers. */
int json_scan_object(const struct simd *simd, const char *text, size_t len,
                     struct weir_field *fields, uint32_t room, struct weir_json *ret);

#endif
