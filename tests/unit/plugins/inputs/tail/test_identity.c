/* SPDX-License-Identifier: Apache-2.0 */
#include "plugins/inputs/tail/identity.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    struct tail_identity stored, found;
    enum tail_likeness likeness;
} pairs[] = {
    { { 1, 10, 100 }, { 1, 10, 100 }, TAIL_SAME },
    { { 1, 10, 100 }, { 1, 11, 100 }, TAIL_OTHER },
    { { 1, 10, 100 }, { 1, 10, 101 }, TAIL_OTHER },
    { { 1, 10, 100 }, { 2, 10, 101 }, TAIL_OTHER },
    { { 1, 10, 100 }, { 2, 10, 100 }, TAIL_PERHAPS },
    { { 1, 10, 0 }, { 1, 10, 100 }, TAIL_LIKELY },
    { { 1, 10, 100 }, { 1, 10, 0 }, TAIL_LIKELY },
    { { 1, 10, 0 }, { 2, 10, 0 }, TAIL_PERHAPS },
    { { 1, 10, 0 }, { 1, 11, 0 }, TAIL_OTHER },
};

START_TEST(identities_are_compared)
{
    ck_assert_int_eq(tail_identity_compare(&pairs[_i].stored, &pairs[_i].found),
                     pairs[_i].likeness);
}
END_TEST

/* The table of identity.c, all of it. */
static const struct {
    struct tail_evidence evidence;
    enum tail_verdict verdict;
} verdicts[] = {
    { { TAIL_OTHER, false, false }, TAIL_NEW },
    { { TAIL_OTHER, false, true }, TAIL_NEW },
    { { TAIL_OTHER, true, false }, TAIL_NEW },
    { { TAIL_OTHER, true, true }, TAIL_NEW },
    { { TAIL_PERHAPS, false, true }, TAIL_RESUME },
    { { TAIL_PERHAPS, false, false }, TAIL_NEW },
    { { TAIL_PERHAPS, true, true }, TAIL_NEW },
    { { TAIL_PERHAPS, true, false }, TAIL_NEW },
    { { TAIL_LIKELY, false, true }, TAIL_RESUME },
    { { TAIL_LIKELY, false, false }, TAIL_TRUNCATED },
    { { TAIL_LIKELY, true, true }, TAIL_TRUNCATED },
    { { TAIL_LIKELY, true, false }, TAIL_TRUNCATED },
    { { TAIL_SAME, false, true }, TAIL_RESUME },
    { { TAIL_SAME, false, false }, TAIL_TRUNCATED },
    { { TAIL_SAME, true, true }, TAIL_TRUNCATED },
    { { TAIL_SAME, true, false }, TAIL_TRUNCATED },
};

START_TEST(evidence_decides)
{
    ck_assert_int_eq(tail_decide(&verdicts[_i].evidence), verdicts[_i].verdict);
}
END_TEST

START_TEST(a_birth_is_only_taken_where_it_is_known)
{
    struct statx stat = { .stx_mask = TAIL_STATX,
                          .stx_ino = 7,
                          .stx_dev_major = 8,
                          .stx_dev_minor = 1,
                          .stx_btime = { .tv_sec = 2, .tv_nsec = 5 } };
    struct tail_identity identity = tail_identity_of(&stat);
    ck_assert_uint_eq(identity.device, (UINT64_C(8) << 32) + 1);
    ck_assert_uint_eq(identity.inode, 7);
    ck_assert_int_eq(identity.born, 2000000005);
    stat.stx_mask &= ~STATX_BTIME;
    ck_assert_int_eq(tail_identity_of(&stat).born, 0);
}
END_TEST

START_TEST(markers_hold_for_their_bytes)
{
    char text[200];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)i;
    ck_assert_uint_eq(tail_marker_of(text, 0), 0);
    for (size_t len = 1; len <= sizeof(text); len++) {
        const uint64_t marker = tail_marker_of(text, len);
        const size_t marked = tail_marker_len(marker);
        ck_assert_uint_eq(marked, len < TAIL_MARKER_MAX ? len : TAIL_MARKER_MAX);
        ck_assert(tail_marker_holds(marker, text + len - marked));
        for (size_t i = len - marked; i < len; i++) {
            text[i] ^= 1;
            ck_assert(!tail_marker_holds(marker, text + len - marked));
            text[i] ^= 1;
        }
    }
}
END_TEST

static bool same_note(const struct tail_note *a, const struct tail_note *b)
{
    return a->identity.device == b->identity.device && a->identity.inode == b->identity.inode &&
           a->identity.born == b->identity.born && a->generation == b->generation &&
           a->head.len == b->head.len && a->head.hash == b->head.hash && a->mark == b->mark;
}

START_TEST(notes_come_back)
{
    char path[300];
    memset(path, 'p', sizeof(path));
    for (size_t len = 0; len < sizeof(path); len++) {
        const struct tail_note note = { .identity = { UINT64_MAX - 1, 1234567890123, -5 },
                                        .generation = 4000000000,
                                        .head = { TAIL_HEAD_MAX, 0x123456789abcdef0 },
                                        .mark = len % 2,
                                        .path = { path, len } };
        unsigned char bytes[WEIR_NOTE_MAX];
        struct tail_note got;
        const size_t size = tail_note_encode(&note, bytes);
        ck_assert_uint_le(size, WEIR_NOTE_MAX);
        ck_assert(tail_note_decode(bytes, size, &got));
        ck_assert(same_note(&note, &got));
        ck_assert(tail_note_is_at(got.path, note.path));
        ck_assert(len < 10 || !tail_note_is_at(got.path, (struct weir_str){ path, 9 }));
    }
}
END_TEST

START_TEST(a_note_keeps_the_end_of_a_long_path)
{
    char path[400];
    unsigned char bytes[WEIR_NOTE_MAX];
    for (size_t i = 0; i < sizeof(path); i++)
        path[i] = (char)('a' + i % 26);
    const struct tail_note note = { .path = { path, sizeof(path) } };
    struct tail_note got;
    ck_assert(tail_note_decode(bytes, tail_note_encode(&note, bytes), &got));
    ck_assert(tail_note_is_at(got.path, note.path));
    path[sizeof(path) - 1] = '!';
    ck_assert(!tail_note_is_at(got.path, note.path));
}
END_TEST

START_TEST(what_is_no_note_is_refused)
{
    unsigned char bytes[WEIR_NOTE_MAX + 1] = { 0 };
    struct tail_note got;
    const size_t size = tail_note_encode(&(struct tail_note){ .path = WEIR_STR("/a") }, bytes);
    ck_assert(tail_note_decode(bytes, size, &got));
    ck_assert(!tail_note_decode(bytes, 0, &got));
    ck_assert(!tail_note_decode(bytes, 39, &got));
    ck_assert(!tail_note_decode(bytes, sizeof(bytes), &got));
    bytes[3] = 0xff; /* a fingerprint longer than any */
    ck_assert(!tail_note_decode(bytes, size, &got));
    bytes[3] = 0;
    bytes[0]++; /* another version */
    ck_assert(!tail_note_decode(bytes, size, &got));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("identity");
    TCase *tcase = tcase_create("identity");
    suite_add_tcase(suite, tcase);
    tcase_add_loop_test(tcase, identities_are_compared, 0, COUNT_OF(pairs));
    tcase_add_loop_test(tcase, evidence_decides, 0, COUNT_OF(verdicts));
    tcase_add_test(tcase, a_birth_is_only_taken_where_it_is_known);
    tcase_add_test(tcase, markers_hold_for_their_bytes);
    tcase_add_test(tcase, notes_come_back);
    tcase_add_test(tcase, a_note_keeps_the_end_of_a_long_path);
    tcase_add_test(tcase, what_is_no_note_is_refused);
    return check_main(suite);
}
