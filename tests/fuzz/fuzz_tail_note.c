/* SPDX-License-Identifier: Apache-2.0 */
/* What the positions store gives back, as if it were anything. */
#include <assert.h>

#include "plugins/inputs/tail/identity.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tail_note note;
    if (!tail_note_decode(data, size, &note))
        return 0;
    assert(note.path.len <= size && note.head.len <= TAIL_HEAD_MAX);
    unsigned char again[WEIR_NOTE_MAX];
    const size_t len = tail_note_encode(&note, again);
    struct tail_note same;
    assert(len == size && tail_note_decode(again, len, &same));
    assert(same.identity.inode == note.identity.inode && same.mark == note.mark &&
           weir_str_eq(same.path, note.path));
    return 0;
}
