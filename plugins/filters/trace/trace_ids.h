/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FILTER_TRACE_IDS_H
#define WEIR_FILTER_TRACE_IDS_H

#include <weir/batch.h>

/* Trace ids as text: W3C Trace Context, with its rules. Hexadecimal digits are lower case (others MUST be
 * ignored, it says), and ids that are all zero are none. Each function sets *ret only when it returns true. */
enum { TRACE_ID_DIGITS = 32, SPAN_ID_DIGITS = 16, TRACEPARENT_LEN = 55 };

/* What may be in the flags that we hand on: sampled, and random trace id. */
enum { TRACE_FLAGS_SAMPLED = 1, TRACE_FLAGS_RANDOM = 2, TRACE_FLAGS_KNOWN = 3 };

static inline bool is_hex(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"; of a later version, perhaps with more behind
 * a '-'. */
bool traceparent_read(struct weir_str text, struct weir_trace *ret);

/* 32 digits; or 16, as B3 has it: the lower half of the id. */
bool trace_id_read(struct weir_str text, uint8_t ret[16]);
bool span_id_read(struct weir_str text, uint8_t ret[8]);
/* Two digits. */
bool trace_flags_read(struct weir_str text, uint8_t *ret);

/* Finds a traceparent anywhere in `text`, or else a trace id behind a word for it ("trace_id=", `"traceId":
 * "`, "trace-id: "), and then a span id and flags behind theirs. See trace_text.c. */
bool trace_find_in_text(struct weir_str text, struct weir_trace *ret);

#endif
