/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of text that need no escape in JSON, eight bytes at a step in plain C.
 *
 * A byte b below 0x80 is special when b < 0x20, b == '"' or b == '\\'. With x the byte less the bound
 * (or XORed with the letter), its top bit comes out set where the subtraction borrows; bytes above are
 * special anyway, and a borrow can only reach into bytes behind one that is special itself, so the
 * answer "is there one" is exact. */
#include "base/simd_rows.h"

#include <stdint.h>
#include <string.h>

#define EACH(byte) (0x0101010101010101u * (byte))

static bool has_special(uint64_t eight)
{
    uint64_t control = eight - EACH(0x20);
    uint64_t quote = (eight ^ EACH('"')) - EACH(1);
    uint64_t backslash = (eight ^ EACH('\\')) - EACH(1);
    return (eight | control | quote | backslash) & EACH(0x80);
}

static bool is_special(unsigned char byte)
{
    return byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\';
}

size_t json_plain_scalar(const char *text, size_t len)
{
    size_t at = 0;
    for (uint64_t eight; len - at >= sizeof(eight); at += sizeof(eight)) {
        memcpy(&eight, text + at, sizeof(eight));
        if (has_special(eight))
            break;
    }
    while (at < len && !is_special((unsigned char)text[at]))
        at++;
    return at;
}

size_t json_copy_scalar(const char *text, size_t len, char *out)
{
    size_t plain = json_plain_scalar(text, len);
    memcpy(out, text, plain);
    return plain;
}
