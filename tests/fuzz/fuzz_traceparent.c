/* SPDX-License-Identifier: Apache-2.0 */
/* Trace ids, as a value of their own and in the middle of text. What is found must be what stands there. */
#include <assert.h>

#include "plugins/filters/trace/trace_ids.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_zero(const uint8_t *bytes, size_t len)
{
    unsigned any = 0;
    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

static void print_hex(const uint8_t *bytes, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

static void check_found(struct weir_str text, const struct weir_trace *trace)
{
    char id[TRACE_ID_DIGITS], span[SPAN_ID_DIGITS];
    print_hex(trace->trace_id, sizeof(trace->trace_id), id);
    print_hex(trace->span_id, sizeof(trace->span_id), span);
    assert(!is_zero(trace->trace_id, sizeof(trace->trace_id)));
    assert(memmem(text.ptr, text.len, id, sizeof(id)));
    assert(is_zero(trace->span_id, sizeof(trace->span_id)) ||
           memmem(text.ptr, text.len, span, sizeof(span)));
    assert(!(trace->trace_flags & ~TRACE_FLAGS_KNOWN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct weir_str text = { (const char *)data, size };
    struct weir_trace trace;
    if (size && traceparent_read(text, &trace)) {
        assert(!is_zero(trace.span_id, sizeof(trace.span_id)));
        check_found(text, &trace);
        assert(size > TRACEPARENT_LEN || trace_find_in_text(text, &trace));
    }
    if (size && trace_find_in_text(text, &trace))
        check_found(text, &trace);
    return 0;
}
