/* SPDX-License-Identifier: Apache-2.0 */
/* Only a file that was open when a run ended badly can have a torn last line. So what is kept is not a
 * size for each file that was ever written (a path template makes new ones every day), but a slot for
 * each that may be open:
 *
 *     key    "file/0" .. "file/N"
 *     value  the committed size, SINK_SIZE_UNKNOWN for a file that was closed in good order
 *     note   | inode number 8 | birth time 8 |      of the file, in the host's byte order
 *
 * What the last run left waits until its file is opened again, which for a template may be much later:
 * a new file takes a slot where nothing waits, while there is one. */
#include "committed.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct slot {
    struct sink_identity identity;
    uint64_t size; /* SINK_SIZE_UNKNOWN: nothing is known from the last run */
    bool taken;
};

struct committed {
    struct weir_host *host;
    unsigned count;
    struct slot slots[];
};

static_assert(sizeof(struct sink_identity) == 16, "stored note");

static size_t slot_key(unsigned slot, char out[16])
{
    return (size_t)snprintf(out, 16, "file/%u", slot % 1000);
}

struct committed *file_committed_new(struct weir_host *host, unsigned slots)
{
    struct committed *committed = calloc(1, sizeof(*committed) + slots * sizeof(struct slot));
    if (!committed)
        return NULL;
    committed->host = host;
    committed->count = slots;
    for (unsigned i = 0; i < slots; i++) {
        struct slot *slot = &committed->slots[i];
        struct weir_stream_state state;
        char key[16];
        slot->size = SINK_SIZE_UNKNOWN;
        if (weir_state_get(host, key, slot_key(i, key), &state) &&
            state.note_len == sizeof(slot->identity)) {
            slot->size = state.position;
            memcpy(&slot->identity, state.note, sizeof(slot->identity));
        }
    }
    return committed;
}

struct committed *file_committed_free(struct committed *committed)
{
    free(committed);
    return NULL;
}

/* How much a slot is wanted for a file that it knows nothing of: 0 not at all. */
static unsigned slot_freedom(const struct slot *slot)
{
    return slot->taken ? 0 : (slot->size == SINK_SIZE_UNKNOWN ? 2 : 1);
}

unsigned file_committed_take(struct committed *committed, struct sink_identity identity,
                             uint64_t *ret_size)
{
    unsigned best = 0;
    for (unsigned i = 0; i < committed->count; i++) {
        struct slot *slot = &committed->slots[i];
        if (!slot->taken && slot->size != SINK_SIZE_UNKNOWN && slot->identity.ino == identity.ino &&
            slot->identity.birth == identity.birth) {
            slot->taken = true;
            *ret_size = slot->size;
            return i;
        }
        if (slot_freedom(slot) > slot_freedom(&committed->slots[best]))
            best = i;
    }
    struct slot *slot = &committed->slots[best];
    assert(!slot->taken);
    *slot = (struct slot){ .identity = identity, .size = SINK_SIZE_UNKNOWN, .taken = true };
    *ret_size = SINK_SIZE_UNKNOWN;
    return best;
}

void file_committed_put(struct committed *committed, unsigned slot, uint64_t size)
{
    struct slot *of = &committed->slots[slot];
    char key[16];
    assert(of->taken);
    if (of->size == size)
        return;
    of->size = size;
    weir_state_put(committed->host, key, slot_key(slot, key), size, &of->identity,
                   sizeof(of->identity));
}

void file_committed_release(struct committed *committed, unsigned slot)
{
    char key[16];
    committed->slots[slot] = (struct slot){ .size = SINK_SIZE_UNKNOWN };
    weir_state_put(committed->host, key, slot_key(slot, key), SINK_SIZE_UNKNOWN, NULL, 0);
}
