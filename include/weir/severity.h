/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SEVERITY_H
#define WEIR_SEVERITY_H

#include <weir/str.h>

/* Severities are OpenTelemetry's numbers: 1-4 TRACE, 5-8 DEBUG, 9-12 INFO, 13-16 WARN, 17-20 ERROR,
 * 21-24 FATAL; 0 means that nothing is known. (OpenTelemetry logs data model, "Severity Fields".) */
#define WEIR_SEVERITY_MAX 24

/* What `word` means in the languages that programs speak: names in any case ("warn", "WARNING", "E",
 * "crit", "notice"), and syslog's numbers 0-7 and the decades that logging libraries write (10, 20 ..
 * 60). 0 when it means nothing. @thread any. */
WEIR_API unsigned weir_severity_parse(struct weir_str word);

/* The short name of 1..24 ("INFO", "INFO2", ...); an empty text for anything else. A constant.
 * @thread any. */
WEIR_API struct weir_str weir_severity_name(unsigned severity);

#endif
