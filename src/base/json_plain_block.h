/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over vectors that finds runs which need no escape in JSON, shared by the versions for x86.
 * The file that includes this has defined
 *     enum { PLAIN_STEP };
 *     static inline uint32_t specials_in_step(const char *step);   bit i: step[i] is special
 *     static inline void copy_step(const char *step, char *out);
 * The last, partial step looks at the last full one again, which overlaps; a text shorter than one step
 * is for the scalar loop. */
#ifndef WEIR_BASE_JSON_PLAIN_BLOCK_H
#define WEIR_BASE_JSON_PLAIN_BLOCK_H

#include <stddef.h>
#include <stdint.h>

static inline size_t json_plain_blocks(const char *text, size_t len)
{
    if (len < PLAIN_STEP)
        return json_plain_scalar(text, len);
    size_t at = 0;
    for (;;) {
        uint32_t specials = specials_in_step(text + at);
        if (specials)
            return at + (size_t)__builtin_ctz(specials);
        at += PLAIN_STEP;
        if (at >= len)
            return len;
        if (len - at < PLAIN_STEP)
            at = len - PLAIN_STEP;
    }
}

static inline size_t json_copy_blocks(const char *text, size_t len, char *out)
{
    for (size_t at = 0; at < len; at += PLAIN_STEP) {
        copy_step(text + at, out + at);
        uint32_t specials = specials_in_step(text + at);
        if (specials) {
            at += (size_t)__builtin_ctz(specials);
            return at < len ? at : len; /* what stands behind the text may be anything */
        }
    }
    return len;
}

#endif
