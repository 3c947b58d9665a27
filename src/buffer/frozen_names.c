/* SPDX-License-Identifier: Apache-2.0 */
/* A dictionary that lives as long as one batch is frozen. Names are told apart by their bytes alone, and
 * numbers depend on nothing but the order of names, so the same batch gives the same dictionary wherever it
 * lies in memory. The hash is seeded by where it lies: names come from outside, and whoever makes up names that
 * collide would have to know. */
#include "buffer/frozen_names.h"

#include <errno.h>
#include <stdlib.h>

#include "base/hash.h"
#include "buffer/frozen_layout.h"

#define NAMES_ROOM_MIN 64
/* Slots for each name that there is room for. */
#define SLOTS_PER_NAME 2

static uint64_t name_hash(const struct frozen_names *names, const char *text, uint32_t len)
{
    return hash64_seeded(text, len, (uint64_t)(uintptr_t)names->all);
}

/* The slot of a name, or the free one where it belongs. */
static uint32_t *slot_find(const struct frozen_names *names, const char *text, uint32_t len)
{
    const uint32_t mask = names->slot_count - 1;
    uint32_t at = (uint32_t)name_hash(names, text, len) & mask;
    for (; names->slots[at]; at = (at + 1) & mask) {
        const struct frozen_name *name = &names->all[names->slots[at] - 1];
        if (name->len == len && frozen_same(name->text, text, len))
            break;
    }
    return &names->slots[at];
}

static int names_grow(struct frozen_names *names)
{
    const uint32_t room = names->room ? names->room * 2 : NAMES_ROOM_MIN;
    uint32_t *slots = calloc((size_t)room * SLOTS_PER_NAME, sizeof(*slots));
    struct frozen_name *all = realloc(names->all, room * sizeof(*all));
    if (all) {
        names->all = all;
        names->room = room;
    }
    if (!slots || !all) {
        free(slots);
        return -ENOMEM;
    }
    free(names->slots);
    names->slots = slots;
    names->slot_count = room * SLOTS_PER_NAME;
    for (uint32_t i = 0; i < names->count; i++)
        *slot_find(names, all[i].text, all[i].len) = i + 1;
    return 0;
}

int frozen_names_look_up(struct frozen_names *names, const char *text, uint32_t len)
{
    uint32_t *slot = names->slots ? slot_find(names, text, len) : NULL;
    if (slot && *slot)
        return (int)(*slot - 1);
    if (names->count == FROZEN_NAMES_MAX)
        return -EMSGSIZE;
    if (names->count * SLOTS_PER_NAME >= names->slot_count) {
        int r = names_grow(names);
        if (r < 0)
            return r;
        slot = slot_find(names, text, len);
    }
    names->all[names->count++] = (struct frozen_name){ .text = text, .len = len };
    *slot = names->count;
    return (int)(names->count - 1);
}

void frozen_names_deinit(struct frozen_names *names)
{
    free(names->all);
    free(names->slots);
}
