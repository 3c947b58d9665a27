/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/replay_choice.h"

#include <check.h>

#include "support/check_main.h"
#include "support/make_batch.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Six records, two runs of three; the second was read a second later. Output 1 takes the even ones, output 2
 * all. Their frame begins with number 100. */
static struct batch *batch;
static uint64_t even = 21, *masks[3] = { NULL, &even, NULL };
static uint8_t ids[2][16];
#define IDS ((const uint8_t(*)[16])ids)

static void setup(void)
{
    batch = make_batch("a\nb\nc\nd\ne\nf\n", 0);
    made_batch_split(batch, 3, 0);
    ((struct weir_run *)&batch->pub.runs[1])->observed += 1000000000;
    batch->routed = 6;
    batch->masks = masks;
    batch->note = WEIR_STR("{\"reason\":\"rejected\",\"answer\":\"mapper_parsing_exception: no\"}");
    weir_batch_record_id(&batch->pub, 1, ids[0]);
    weir_batch_record_id(&batch->pub, 4, ids[1]);
}

static void teardown(void)
{
    batch->masks = NULL;
    made_batch_free(batch);
}

START_TEST(conditions_narrow_the_choice)
{
    static const char output[] = "out";
    const int64_t later = MADE_OBSERVED + 1000000000;
    struct replay_request all = REPLAY_ALL;
    const struct {
        struct replay_request request;
        int output;
        uint64_t want;
    } cases[] = {
        { all, -1, 63 },
        { { .since = MADE_OBSERVED, .until = later, .to = UINT64_MAX }, -1, 7 },
        { { .since = MADE_OBSERVED + 1, .until = INT64_MAX, .to = UINT64_MAX }, -1, 56 },
        { { .since = later + 1, .until = INT64_MAX, .to = UINT64_MAX }, -1, 0 },
        { { .since = INT64_MIN, .until = INT64_MAX, .from = 101, .to = 104 }, -1, 14 },
        { { .since = INT64_MIN, .until = INT64_MAX, .from = 106, .to = UINT64_MAX }, -1, 0 },
        { { .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX, .output = output }, 1, 21 },
        { { .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX, .output = output }, 2, 63 },
        { { .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX, .output = output }, 0, 0 },
        { { .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX, .output = output }, -1, 0 },
        { { .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX, .ids = IDS, .id_count = 2 },
          -1,
          18 },
        { { .since = INT64_MIN,
            .until = INT64_MAX,
            .to = UINT64_MAX,
            .ids = IDS,
            .id_count = 2,
            .output = output },
          1,
          16 },
        { { .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX, .reason = "rejected" },
          -1,
          63 },
        { { .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX, .reason = "parsing" },
          -1,
          63 },
        { { .since = INT64_MIN, .until = INT64_MAX, .to = UINT64_MAX, .reason = "reject" }, -1, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint64_t bits = UINT64_MAX;
        uint32_t count = replay_choose(&cases[i].request, batch, 100, cases[i].output, &bits);
        ck_assert_msg(bits == cases[i].want, "case %zu: %lu", i, (unsigned long)bits);
        ck_assert_uint_eq(count, __builtin_popcountll(bits));
    }
}
END_TEST

START_TEST(a_note_that_is_none_has_no_reason)
{
    struct replay_request request = REPLAY_ALL;
    uint64_t bits;
    request.reason = "rejected";
    static const char *const notes[] = { "", "{", "[]", "{\"reason\":7}", "rejected" };
    for (size_t i = 0; i < COUNT_OF(notes); i++) {
        batch->note = weir_str_of(notes[i]);
        ck_assert_uint_eq(replay_choose(&request, batch, 100, -1, &bits), 0);
    }
}
END_TEST

START_TEST(frames_that_cannot_hold_any_are_told)
{
    struct replay_request request = REPLAY_ALL;
    ck_assert(replay_may_choose(&request, 0, 1, 5));
    request.from = 10;
    request.to = 20;
    request.until = 7;
    ck_assert(!replay_may_choose(&request, 0, 10, 5));
    ck_assert(replay_may_choose(&request, 0, 11, 5));
    ck_assert(replay_may_choose(&request, 19, 30, 6));
    ck_assert(!replay_may_choose(&request, 20, 30, 6));
    ck_assert(!replay_may_choose(&request, 10, 20, 7));
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("replay_choice");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, conditions_narrow_the_choice);
    tcase_add_test(tc, a_note_that_is_none_has_no_reason);
    tcase_add_test(tc, frames_that_cannot_hold_any_are_told);
    Suite *suite = suite_create("pipeline/replay_choice");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
