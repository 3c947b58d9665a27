/* SPDX-License-Identifier: Apache-2.0 */
/* A sink that is away makes the same complaint for every batch. Five of a kind within ten seconds are
 * said, the rest is counted, and the next one that is said carries the count.
 *
 * A kind is a constant text and its speaker, not the values with it: a thousand files that cannot be
 * opened are one complaint. Kinds are kept in a small table of fixed size. A new one takes, of the few
 * slots where it may stand, a free one, or the one whose window began first; what that one still had to
 * report goes to `forgotten`, so that no count is lost.
 *
 * Rejected: a token bucket (says one in two seconds for ever, which is no easier to read than five and a
 * count); a timer that reports the count when a burst is over (a wake-up, for a number that is on
 * /metrics anyway). */
#include "base/repeats.h"

#include <string.h>

#include "base/hash.h"

#define PROBES 8 /* slots where one kind may stand */

static uint64_t kind_key(const char *text, const char *who)
{
    uint64_t key = hash64_seeded(who, who ? strlen(who) : 0, (uint64_t)(uintptr_t)text);
    return key ? key : 1;
}

static struct repeat *find(struct repeats *repeats, uint64_t key)
{
    struct repeat *oldest = &repeats->slots[key % REPEATS_SLOTS];
    for (uint64_t i = 0; i < PROBES; i++) {
        struct repeat *slot = &repeats->slots[(key + i) % REPEATS_SLOTS];
        if (slot->key == key)
            return slot;
        if (oldest->key != 0 && (slot->key == 0 || slot->since < oldest->since))
            oldest = slot;
    }
    repeats->forgotten += oldest->left_out;
    *oldest = (struct repeat){ .key = key };
    return oldest;
}

bool repeats_admit(struct repeats *repeats, const char *text, const char *who, int64_t now,
                   uint64_t *ret_left_out)
{
    struct repeat *repeat = find(repeats, kind_key(text, who));
    if (repeat->said == 0 || now - repeat->since >= REPEATS_WINDOW_NS) {
        repeat->since = now;
        repeat->said = 0;
    }
    if (repeat->said == REPEATS_BURST) {
        repeat->left_out++;
        return false;
    }
    repeat->said++;
    *ret_left_out = repeat->left_out;
    repeat->left_out = 0;
    return true;
}

uint64_t repeats_take_left_out(struct repeats *repeats)
{
    uint64_t sum = repeats->forgotten;
    repeats->forgotten = 0;
    for (unsigned i = 0; i < REPEATS_SLOTS; i++) {
        sum += repeats->slots[i].left_out;
        repeats->slots[i].left_out = 0;
    }
    return sum;
}
