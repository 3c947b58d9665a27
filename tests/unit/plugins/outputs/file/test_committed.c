/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/outputs/file/committed.h"

#include <check.h>

#include "support/check_main.h"

/* The host's store, as far as it is asked for here. */
static struct stored {
    char key[16];
    struct weir_stream_state state;
} store[8];

static struct stored *find(const void *key, size_t len)
{
    for (size_t i = 0; i < 8; i++)
        if (strlen(store[i].key) == len && memcmp(store[i].key, key, len) == 0)
            return &store[i];
    return NULL;
}

bool weir_state_get(struct weir_host *host, const void *key, size_t key_len,
                    struct weir_stream_state *ret)
{
    (void)host;
    struct stored *stored = find(key, key_len);
    if (stored)
        *ret = stored->state;
    return stored;
}

void weir_state_put(struct weir_host *host, const void *key, size_t key_len, uint64_t value,
                    const void *note, size_t note_len)
{
    (void)host;
    struct stored *stored = find(key, key_len);
    if (!stored)
        stored = find("", 0);
    ck_assert_ptr_nonnull(stored);
    memcpy(stored->key, key, key_len);
    stored->state.position = value;
    stored->state.note_len = (uint16_t)note_len;
    if (note_len)
        memcpy(stored->state.note, note, note_len);
}

static struct sink_identity file(uint64_t ino)
{
    return (struct sink_identity){ ino, 1000 + ino };
}

static struct committed *start(unsigned slots)
{
    struct committed *committed = file_committed_new(NULL, slots);
    ck_assert_ptr_nonnull(committed);
    return committed;
}

static uint64_t size_of(struct committed *committed, uint64_t ino, unsigned *ret_slot)
{
    uint64_t size;
    *ret_slot = file_committed_take(committed, file(ino), &size);
    return size;
}

START_TEST(fil_02_sizes_outlive_a_crash)
{
    unsigned a, b;
    struct committed *run = start(2);
    ck_assert_uint_eq(size_of(run, 1, &a), SINK_SIZE_UNKNOWN);
    ck_assert_uint_eq(size_of(run, 2, &b), SINK_SIZE_UNKNOWN);
    ck_assert_uint_ne(a, b);
    file_committed_put(run, a, 10);
    file_committed_put(run, b, 20);
    file_committed_put(run, a, 30);
    file_committed_free(run); /* killed */

    run = start(2);
    ck_assert_uint_eq(size_of(run, 2, &b), 20);
    struct sink_identity other = { 1, 7 }; /* the inode number of the first, used again */
    uint64_t size;
    a = file_committed_take(run, other, &size);
    ck_assert_uint_eq(size, SINK_SIZE_UNKNOWN);
    file_committed_free(run);
}
END_TEST

START_TEST(a_file_closed_in_good_order_is_forgotten)
{
    unsigned a;
    struct committed *run = start(1);
    size_of(run, 1, &a);
    file_committed_put(run, a, 10);
    file_committed_release(run, a);
    ck_assert_uint_eq(size_of(run, 1, &a), SINK_SIZE_UNKNOWN);
    file_committed_put(run, a, 20);
    file_committed_release(run, a);
    file_committed_free(run);
    run = start(1);
    ck_assert_uint_eq(size_of(run, 1, &a), SINK_SIZE_UNKNOWN);
    file_committed_free(run);
}
END_TEST

START_TEST(what_waits_for_its_file_is_given_up_last)
{
    unsigned slot;
    struct committed *run = start(3);
    for (uint64_t ino = 1; ino <= 2; ino++) {
        size_of(run, ino, &slot);
        file_committed_put(run, slot, 100 * ino);
    }
    file_committed_free(run);

    run = start(3);
    for (int i = 0; i < 5; i++) { /* new files come and go */
        size_of(run, 50, &slot);
        file_committed_put(run, slot, 7);
        file_committed_release(run, slot);
    }
    ck_assert_uint_eq(size_of(run, 60, &slot), SINK_SIZE_UNKNOWN);
    ck_assert_uint_eq(size_of(run, 2, &slot), 200);
    ck_assert_uint_eq(size_of(run, 61, &slot), SINK_SIZE_UNKNOWN); /* no other place is left */
    file_committed_release(run, slot);
    ck_assert_uint_eq(size_of(run, 1, &slot), SINK_SIZE_UNKNOWN);
    file_committed_free(run);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("committed");
    TCase *tcase = tcase_create("committed");
    suite_add_tcase(suite, tcase);
    tcase_add_test(tcase, fil_02_sizes_outlive_a_crash);
    tcase_add_test(tcase, a_file_closed_in_good_order_is_forgotten);
    tcase_add_test(tcase, what_waits_for_its_file_is_given_up_last);
    return check_main(suite);
}
