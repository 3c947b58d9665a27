/* SPDX-License-Identifier: Apache-2.0 */
#include <weir/regex.h>

#include <check.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "support/check_main.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* A view as a constant initialiser. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

static struct weir_regex *regex_of(struct weir_str pattern)
{
    struct weir_error err = { 0 };
    struct weir_regex *regex = weir_regex_new(pattern, &err, NULL);
    ck_assert_msg(regex != NULL, "%s", err.text);
    return regex;
}

static const struct match_case {
    struct weir_str pattern, text;
    enum weir_regex_answer answer;
    size_t from, to; /* of group 1 */
} match_cases[] = {
    { TEXT("(b+)"), TEXT("abbc"), WEIR_REGEX_YES, 1, 3 },
    { TEXT("(b+)"), TEXT("ac"), WEIR_REGEX_NO, 0, 0 },
    { TEXT("()"), { NULL, 0 }, WEIR_REGEX_YES, 0, 0 },
    { { NULL, 0 }, TEXT("x"), WEIR_REGEX_YES, 0, 0 },
    { TEXT("^(a)?b$"), TEXT("b"), WEIR_REGEX_YES, SIZE_MAX, SIZE_MAX },
    { TEXT("a(.)c"), TEXT("a\0c"), WEIR_REGEX_YES, 1, 2 },
    { TEXT("a(\0)c"), TEXT("a\0c"), WEIR_REGEX_YES, 1, 2 },
    /* Bytes: half a character is one, and two of them are no letter. */
    { TEXT("a(.)c"), TEXT("a\xc3\x63"), WEIR_REGEX_YES, 1, 2 },
    { TEXT("a(.)c"), TEXT("a\xc3\xa9\x63"), WEIR_REGEX_NO, 0, 0 },
    { TEXT("(*UTF)a(.)c"), TEXT("a\xc3\xa9\x63"), WEIR_REGEX_YES, 1, 3 },
    { TEXT("(*UTF)a(.)c"), TEXT("\xff\x80 abc"), WEIR_REGEX_YES, 4, 5 },
    { TEXT("(*UTF)a(.)c"), TEXT("a\xc3\x63"), WEIR_REGEX_NO, 0, 0 },
    { TEXT("(*NO_JIT)(b+)"), TEXT("abbc"), WEIR_REGEX_YES, 1, 3 },
    { TEXT("(?i)(ERROR)"), TEXT("an error"), WEIR_REGEX_YES, 3, 8 },
};

START_TEST(a_pattern_is_found_in_a_text)
{
    const struct match_case *c = &match_cases[_i];
    struct weir_regex *regex = regex_of(c->pattern);
    for (int again = 0; again < 2; again++)
        ck_assert_int_eq(weir_regex_match(regex, c->text), c->answer);
    if (c->answer == WEIR_REGEX_YES && weir_regex_group_count(regex) > 0) {
        ck_assert_uint_eq(weir_regex_spans(regex)[2], c->from);
        ck_assert_uint_eq(weir_regex_spans(regex)[3], c->to);
    }
    weir_regex_free(regex);
}
END_TEST

START_TEST(groups_have_names)
{
    struct weir_regex *regex = regex_of(WEIR_STR("(?<a>x)(y)(?P<long_name>z)(?|(?<u>1)|(?<u>2))"));
    static const char *const names[] = { "a", "", "long_name", "u" };
    ck_assert_uint_eq(weir_regex_group_count(regex), 4);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert(weir_str_eq(weir_regex_group_name(regex, i + 1), weir_str_of(names[i])));
    weir_regex_free(regex);
}
END_TEST

static const struct bad_case {
    struct weir_str pattern;
    size_t offset;
} bad_cases[] = {
    { TEXT("(a"), 2 },
    { TEXT("a)"), 1 },
    { TEXT("[z-a]"), 3 },
    { TEXT("*"), 0 },
    { TEXT("(?<1>x)"), 3 },
    { TEXT("(?<a>x)(?<a>y)"), 12 },
    { TEXT("a\\"), 2 },
    { TEXT("\\C"), 2 },
    { TEXT("((((((((((((((((((((((((((((((a){9}){9}){9}){9}){9}){9}){9}"), 59 },
    { TEXT("(?:(?:(?:(?:(?:abc){99}){99}){99}){99}){99}"), 44 },
};

START_TEST(what_is_no_pattern_is_refused_with_its_place)
{
    struct weir_error err = { 0 };
    size_t offset = SIZE_MAX;
    ck_assert_ptr_null(weir_regex_new(bad_cases[_i].pattern, &err, &offset));
    ck_assert_int_lt(err.code, 0);
    ck_assert_ptr_nonnull(strstr(err.text, "not a regular expression: "));
    ck_assert_uint_le(offset, bad_cases[_i].pattern.len);
    if (bad_cases[_i].offset <= bad_cases[_i].pattern.len)
        ck_assert_uint_eq(offset, bad_cases[_i].offset);
}
END_TEST

START_TEST(a_pattern_may_not_be_too_long)
{
    static char pattern[70000];
    memset(pattern, 'a', sizeof(pattern));
    ck_assert_ptr_null(weir_regex_new((struct weir_str){ pattern, sizeof(pattern) }, NULL, NULL));
}
END_TEST

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* `unit` again and again up to `bytes`, then `tail`. */
static const struct hostile_case {
    const char *pattern, *unit, *tail;
    size_t bytes;
    bool no_answer; /* else either NO or GAVE_UP will do */
} hostile_cases[] = {
    { "^(a+)+$", "a", "!", 100, true },
    { "^(a|aa)+$", "a", "!", 100, true },
    { "(x+x+)+y", "x", "!y", 1000, true },
    { "^(([a-z])+.)+[A-Z]([a-z])+$", "a", "", 100, true },
    { "^.*\\d.*\\d.*\\d.*x$", "1", "x!", 5000, true },
    { "a.*\\d.*\\d.*c", "a1", "", 1000, false },
    { "\\w+\\s", "a", "!", 1 << 20, false },
    { "[ab]+?\\d", "ab", "", 1 << 20, false },
    { "a.*b.*c", "ab", "", 1 << 20, false },
    { "(a?){30}a{30}", "a", "", 29, false },
    { "(?<n>a(?&n)?b)+$", "a", "", 1 << 20, false },
    { "(?:a|ab)(?:c|bcd)(?:d*)", "ab", "", 1 << 20, false },
};

static void match_hostile(const struct hostile_case *c)
{
    size_t len = c->bytes + strlen(c->tail);
    char *text = malloc(len + 1);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < c->bytes; i++)
        text[i] = c->unit[i % strlen(c->unit)];
    memcpy(text + c->bytes, c->tail, strlen(c->tail) + 1);
    struct weir_regex *regex = regex_of(weir_str_of(c->pattern));
    double start = seconds_now();
    enum weir_regex_answer answer = weir_regex_match(regex, (struct weir_str){ text, len });
    double took = seconds_now() - start;
    ck_assert_msg(took < 5, "%s took %.1f s", c->pattern, took); /* with a sanitizer; else 0.2 */
    ck_assert_int_ne(answer, WEIR_REGEX_YES);
    if (c->no_answer)
        ck_assert_int_eq(answer, WEIR_REGEX_GAVE_UP);
    /* And the next text is matched as if nothing had been. */
    ck_assert_int_ne(weir_regex_match(regex, WEIR_STR("#")), WEIR_REGEX_GAVE_UP);
    weir_regex_free(regex);
    free(text);
}

START_TEST(no_text_takes_long)
{
    match_hostile(&hostile_cases[_i]);
}
END_TEST

static void match_in_texts_of(size_t len)
{
    const size_t at = len / 3 * 2;
    const struct {
        const char *pattern;
        size_t from, to;
    } cases[] = {
        { "needle", at, at + 6 },
        { "[mn]e+dle", at, at + 6 },
        { "(?<=x)needle(?=x)", at, at + 6 },
        { "needle|x$", at, at + 6 },
        { "x$", len - 1, len },
        { "\\z", len, len },
        { "^x+n", 0, at + 1 },
    };
    char *text = malloc(len);
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', len);
    memcpy(text + at, "needle", 6);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct weir_regex *regex = regex_of(weir_str_of(cases[i].pattern));
        ck_assert_int_eq(weir_regex_match(regex, (struct weir_str){ text, len }), WEIR_REGEX_YES);
        ck_assert_uint_eq(weir_regex_spans(regex)[0], cases[i].from);
        ck_assert_uint_eq(weir_regex_spans(regex)[1], cases[i].to);
        weir_regex_free(regex);
    }
    free(text);
}

START_TEST(a_long_text_is_searched_to_its_end)
{
    match_in_texts_of(1 << 20);
}
END_TEST

START_TEST(windows_find_what_one_call_finds)
{
    /* The same text shorter and longer than what one call takes: the match lies at the end of both. */
    static const char *const patterns[] = { "a{3}b", "(c|a+)b", "\\bab", "(?<!a)a+b$" };
    char text[8192];
    for (size_t len = 1000; len <= sizeof(text); len += 1031)
        for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
            memset(text, '.', len);
            memcpy(text + len - 4, i == 2 ? "..ab" : "aaab", 4);
            struct weir_regex *regex = regex_of(weir_str_of(patterns[i]));
            ck_assert_int_eq(weir_regex_match(regex, (struct weir_str){ text, len }),
                             WEIR_REGEX_YES);
            ck_assert_uint_eq(weir_regex_spans(regex)[0], i == 2 ? len - 2 : len - 4);
            ck_assert_uint_eq(weir_regex_spans(regex)[1], len);
            weir_regex_free(regex);
        }
}
END_TEST

/* As under systemd's MemoryDenyWriteExecute=: the kernel does it from 6.3 on. Runs in the test's own
 * process, since it cannot be undone. */
START_TEST(without_machine_code_all_is_the_same)
{
    bool denied = prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0;
    struct weir_regex *regex = regex_of(denied ? WEIR_STR("(b+)") : WEIR_STR("(*NO_JIT)(b+)"));
    ck_assert(!weir_regex_is_compiled(regex));
    ck_assert_int_eq(weir_regex_match(regex, WEIR_STR("abbc")), WEIR_REGEX_YES);
    ck_assert_uint_eq(weir_regex_spans(regex)[3], 3);
    if (denied) {
        match_in_texts_of(1 << 14); /* slower, and the limit on time is the same */
        for (size_t i = 0; i < sizeof(hostile_cases) / sizeof(hostile_cases[0]); i++)
            match_hostile(&hostile_cases[i]);
    }
    weir_regex_free(regex);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("regex");
    TCase *tcase = tcase_create("match");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, a_pattern_is_found_in_a_text, 0,
                        sizeof(match_cases) / sizeof(match_cases[0]));
    tcase_add_test(tcase, groups_have_names);
    tcase_add_loop_test(tcase, what_is_no_pattern_is_refused_with_its_place, 0,
                        sizeof(bad_cases) / sizeof(bad_cases[0]));
    tcase_add_test(tcase, a_pattern_may_not_be_too_long);
    tcase_add_loop_test(tcase, no_text_takes_long, 0,
                        sizeof(hostile_cases) / sizeof(hostile_cases[0]));
    tcase_add_test(tcase, a_long_text_is_searched_to_its_end);
    tcase_add_test(tcase, windows_find_what_one_call_finds);
    tcase_add_test(tcase, without_machine_code_all_is_the_same);
    suite_add_tcase(suite, tcase);
    return check_main(suite);
}
