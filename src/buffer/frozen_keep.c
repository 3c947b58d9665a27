/* SPDX-License-Identifier: Apache-2.0 */
/* Which records of a batch are frozen: word by word of the bitmaps that say why not, so that nothing has to
 * be allocated, and the usual case, all of them, is one stretch. */
#include "buffer/frozen.h"
#include "buffer/frozen_writer.h"

/* Those of the word that some output takes. */
static uint64_t routed_word(const struct batch *batch, size_t word)
{
    uint64_t any = 0;
    for (uint64_t left = batch->routed; left; left &= left - 1) {
        const uint64_t *mask = batch->masks[__builtin_ctzll(left)];
        any |= mask ? mask[word] : UINT64_MAX;
    }
    return any;
}

uint64_t frozen_keep_word(const struct frozen_keep *keep, size_t word)
{
    const struct batch *batch = keep->batch;
    const uint32_t left = batch->pub.count - (uint32_t)word * 64;
    uint64_t bits = left < 64 ? ((uint64_t)1 << left) - 1 : UINT64_MAX;
    if (batch->pub.dropped)
        bits &= ~batch->pub.dropped[word];
    if (keep->without)
        bits &= ~keep->without[word];
    if (batch->unrouted_count)
        bits &= routed_word(batch, word);
    return bits;
}

uint32_t frozen_keep_count(const struct frozen_keep *keep, uint32_t first, uint32_t count)
{
    uint32_t kept = 0;
    const uint32_t end = first + count;
    for (uint32_t at = first; at < end; at = (at / 64 + 1) * 64) {
        uint64_t bits = frozen_keep_word(keep, at / 64) >> (at % 64);
        const uint32_t here = 64 - at % 64;
        if (end - at < here)
            bits &= ((uint64_t)1 << (end - at)) - 1;
        kept += (uint32_t)__builtin_popcountll(bits);
    }
    return kept;
}

/* The first record from `at` on that is kept, or with `turn` all ones is not; the batch's count when there is
 * none. */
static uint32_t keep_find(const struct frozen_keep *keep, uint32_t at, uint64_t turn)
{
    const uint32_t count = keep->batch->pub.count;
    while (at < count) {
        const uint64_t bits = (frozen_keep_word(keep, at / 64) ^ turn) >> (at % 64);
        if (bits) {
            at += (uint32_t)__builtin_ctzll(bits);
            break;
        }
        at = (at / 64 + 1) * 64;
    }
    return at < count ? at : count;
}

bool frozen_keep_next(const struct frozen_keep *keep, uint32_t at, struct frozen_stretch *ret)
{
    ret->first = keep_find(keep, at, 0);
    ret->end = keep_find(keep, ret->first, UINT64_MAX);
    return ret->first < ret->end;
}

uint32_t frozen_count(const struct batch *batch, const uint64_t *without)
{
    const struct frozen_keep keep = { batch, without };
    return frozen_keep_count(&keep, 0, batch->pub.count);
}

void frozen_renumber(const struct batch *batch, const uint64_t *without, const uint64_t *bits,
                     uint64_t *ret)
{
    const struct frozen_keep keep = { batch, without };
    const size_t words = bitmap_words(batch->pub.count);
    uint32_t at = 0;
    memset(ret, 0, bitmap_words(frozen_count(batch, without)) * sizeof(*ret));
    for (size_t word = 0; word < words; word++)
        for (uint64_t left = frozen_keep_word(&keep, word); left; left &= left - 1, at++)
            if (bits[word] & left & -left)
                ret[at / 64] |= (uint64_t)1 << (at % 64);
}
