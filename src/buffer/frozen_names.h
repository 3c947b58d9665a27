/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_FROZEN_NAMES_H
#define WEIR_BUFFER_FROZEN_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The names of a batch's fields, numbered in the order in which they are met. See frozen_names.c. */

struct frozen_name {
    const char *text; /* borrowed */
    uint32_t len;
    /* The last value of a field of this name that was put into the extra bytes; length 0: none. */
    uint32_t value_len;
    const char *value;
};

/* Records of one source have the same names in the same places, so that the name at a place is mostly
 * what it was in the record before. */
#define FROZEN_COLUMNS 256

struct frozen_names {
    struct frozen_name *all;
    uint32_t count, room;
    uint32_t *slots; /* open addressing: a name's number + 1, 0 where there is none */
    uint32_t slot_count;
    uint32_t columns[FROZEN_COLUMNS]; /* number + 1 */
};

/* All zero has none. */
void frozen_names_deinit(struct frozen_names *names);

/* The number of a name, which is borrowed until the deinit; -ENOMEM, or -EMSGSIZE for one too many. */
int frozen_names_look_up(struct frozen_names *names, const char *text, uint32_t len);

/* As memcmp() == 0, without a call for what names are like. */
static inline bool frozen_same(const char *a, const char *b, size_t len)
{
    uint64_t a8[2], b8[2];
    uint32_t a4[2], b4[2];
    if (len > 16)
        return memcmp(a, b, len) == 0;
    if (len >= 8) {
        memcpy(&a8[0], a, 8);
        memcpy(&a8[1], a + len - 8, 8);
        memcpy(&b8[0], b, 8);
        memcpy(&b8[1], b + len - 8, 8);
        return ((a8[0] ^ b8[0]) | (a8[1] ^ b8[1])) == 0;
    }
    if (len >= 4) {
        memcpy(&a4[0], a, 4);
        memcpy(&a4[1], a + len - 4, 4);
        memcpy(&b4[0], b, 4);
        memcpy(&b4[1], b + len - 4, 4);
        return ((a4[0] ^ b4[0]) | (a4[1] ^ b4[1])) == 0;
    }
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/* The same for the name of a record's field at place `column`. */
static inline int frozen_names_number(struct frozen_names *names, uint32_t column, const char *text,
                                      uint32_t len)
{
    if (column >= FROZEN_COLUMNS)
        return frozen_names_look_up(names, text, len);
    const uint32_t guess = names->columns[column];
    if (guess) {
        const struct frozen_name *name = &names->all[guess - 1];
        if (name->len == len && frozen_same(name->text, text, len))
            return (int)(guess - 1);
    }
    int number = frozen_names_look_up(names, text, len);
    if (number >= 0)
        names->columns[column] = (uint32_t)number + 1;
    return number;
}

#endif
