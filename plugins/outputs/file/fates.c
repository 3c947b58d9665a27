/* SPDX-License-Identifier: Apache-2.0 */
#include "fates.h"

#include <stdio.h>
#include <stdlib.h>

void file_fates_begin(struct fates *fates)
{
    fates->mixed = fates->unknown = false;
    fates->retry_why[0] = fates->reject_why[0] = '\0';
}

void file_fates_deinit(struct fates *fates)
{
    free(fates->of);
    fates->of = NULL;
    fates->room = 0;
}

/* From now on each record has a fate of its own. */
static bool mix(struct fates *fates, uint32_t count)
{
    if (fates->room < count) {
        uint8_t *of = realloc(fates->of, count);
        if (!of)
            return false;
        fates->of = of;
        fates->room = count;
    }
    memset(fates->of, WEIR_DELIVERED, count);
    return true;
}

void file_fates_set(struct fates *fates, const struct weir_slice *slice, uint32_t at, uint32_t end,
                    enum weir_outcome outcome, const char *what, const char *where)
{
    char *why = outcome == WEIR_REJECTED ? fates->reject_why : fates->retry_why;
    snprintf(why, sizeof(fates->retry_why), "%s: %s", what, where);
    if (!fates->mixed)
        fates->unknown = !mix(fates, slice->batch->count);
    fates->mixed = true;
    if (fates->unknown)
        return;
    for (uint32_t i = weir_slice_next(slice, at); i < end; i = weir_slice_next(slice, i + 1))
        fates->of[i] = (uint8_t)outcome;
}

void file_fates_withdraw(struct fates *fates, const char *what, const char *where)
{
    snprintf(fates->retry_why, sizeof(fates->retry_why), "%s: %s", what, where);
    for (uint32_t i = 0; fates->mixed && !fates->unknown && i < fates->room; i++)
        if (fates->of[i] == WEIR_DELIVERED)
            fates->of[i] = WEIR_RETRY;
    if (!fates->mixed)
        fates->mixed = fates->unknown = true;
}

static struct weir_str why_of(const struct fates *fates, enum weir_outcome outcome)
{
    switch (outcome) {
    case WEIR_DELIVERED: break;
    case WEIR_RETRY: return weir_str_of(fates->retry_why);
    case WEIR_REJECTED: return weir_str_of(fates->reject_why);
    }
    return WEIR_STR_NONE;
}

void file_fates_settle(struct fates *fates, struct weir_delivery *delivery)
{
    const struct weir_slice slice = *weir_delivery_slice(delivery);
    const uint32_t end = slice.first + slice.count;
    if (!fates->mixed || fates->unknown) {
        enum weir_outcome all = fates->mixed ? WEIR_RETRY : WEIR_DELIVERED;
        weir_settle_all(delivery, all, why_of(fates, all));
        return;
    }
    /* In ranges of one fate. With the last of them the delivery and its batch are gone, so where the
     * next range begins is found out first. */
    uint32_t at = weir_slice_next(&slice, slice.first);
    while (at < end) {
        const enum weir_outcome outcome = fates->of[at];
        uint32_t next = weir_slice_next(&slice, at + 1);
        while (next < end && fates->of[next] == outcome)
            next = weir_slice_next(&slice, next + 1);
        weir_settle(delivery, at, next - at, outcome, why_of(fates, outcome));
        at = next;
    }
}
