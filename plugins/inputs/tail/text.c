/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

size_t tail_text_within(const char *data, size_t len, size_t max)
{
    size_t start = 0;
    /* Only what is longer than `max` can hold such a line. The last newline of the next max + 1 bytes
     * stands near their end, so that most bytes are not looked at. */
    while (len - start > max) {
        const char *newline = memrchr(data + start, '\n', max + 1);
        if (!newline)
            return start;
        start = (size_t)(newline + 1 - data);
    }
    return len;
}

size_t tail_text_cut(const char *data, size_t max)
{
    for (size_t back = 0; back < 4 && back < max; back++) {
        const unsigned char byte = (unsigned char)data[max - back];
        if ((byte & 0xc0) != 0x80) /* a character begins here */
            return max - back;
    }
    return max; /* not UTF-8 */
}

size_t tail_text_nuls(const char *data, size_t len)
{
    size_t count = 0;
    while (count < len && !data[count])
        count++;
    return count;
}

enum tail_kind tail_text_kind(const char *data, size_t len)
{
    static const struct {
        struct weir_str magic;
        enum tail_kind kind;
    } kinds[] = {
        { { "\xef\xbb\xbf", 3 }, TAIL_BOM },
        { { "\xff\xfe", 2 }, TAIL_UTF16 },
        { { "\xfe\xff", 2 }, TAIL_UTF16 },
        { { "\x1f\x8b\x08", 3 }, TAIL_COMPRESSED },
        { { "\x28\xb5\x2f\xfd", 4 }, TAIL_COMPRESSED },
        { { "\xfd"
            "7zXZ\0",
            6 },
          TAIL_COMPRESSED },
        { { "BZh91AY&SY", 10 }, TAIL_COMPRESSED },
        { { "\x04\x22\x4d\x18", 4 }, TAIL_COMPRESSED },
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (len >= kinds[i].magic.len && memcmp(data, kinds[i].magic.ptr, kinds[i].magic.len) == 0)
            return kinds[i].kind;
    return TAIL_PLAIN;
}
