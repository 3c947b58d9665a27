/* SPDX-License-Identifier: Apache-2.0 */
/* PCRE2 behind a small face, with a price that has a limit.
 *
 * What a match costs depends on pattern and text, and the text comes from outside. Three kinds of
 * trouble, and what stops each:
 *
 *   (a+)+$ on aaaa!     backtracking that grows like 2^n      PCRE2's match limit, a count of steps
 *   ^.*x.*y             one start, n steps that read n bytes  the limit shrinks as the text grows
 *   \w+\s on aaaa       n starts that read n bytes each       long texts are tried a few starts at a
 *                                                             time, and a clock looked at in between
 *
 * PCRE2 counts for each start anew, and reading on is no step to it, so that its limit alone lets a text
 * of a MiB take hours. With these bounds the worst is about a second, and what is usual is free: a text of
 * up to SHORT_BYTES is one call. The clock makes the answer GAVE_UP (and only that) depend on the
 * machine's speed.
 *
 * The windows of starts rest on PCRE2's offset limit, which its machine code respects in everything it
 * does. The interpreter's search for a possible start does not: it would read the whole text for each
 * window. So without machine code long texts have a second compilation, without that search. */
#include <weir/regex.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define PATTERN_BYTES_MAX (64 * 1024)
#define STEPS_MAX 100000       /* PCRE2's match limit: a millisecond or so */
#define STEPS_MIN 256          /* what the longest text is given */
#define STEPS_BYTES_MAX 0x1p28 /* steps times the bytes that one may read, for a start */
#define SHORT_BYTES 1024       /* up to here, one call */
#define WINDOW_STARTS_MIN 4
#define WINDOW_COST_MAX 0x1p30 /* starts times bytes times bytes */
#define LONG_NANOSECONDS_MAX 100000000
#define HEAP_KIB_MAX 1024 /* of the interpreter */
#define STACK_BYTES_START (32 * 1024)
#define STACK_BYTES_MAX (256 * 1024)

struct weir_regex {
    pcre2_code *code;
    pcre2_code *windowed; /* for long texts; the same as `code` where that is machine code */
    pcre2_match_data *data;
    pcre2_match_context *limits;
    pcre2_jit_stack *stack;
    const size_t *spans;
    struct weir_str *names; /* of groups 1 .. group_count, from index 1 */
    uint32_t group_count;
    bool compiled;
    bool one_start; /* a match is tried at offset 0 only, or must be one call for another reason */
};

static int set_compile_error(struct weir_error *err, struct weir_str pattern, int code,
                             size_t offset)
{
    PCRE2_UCHAR reason[256];
    if (pcre2_get_error_message(code, reason, sizeof(reason)) < 0)
        reason[0] = '\0';
    if (offset > pattern.len)
        offset = pattern.len;
    size_t shown = offset < 24 ? offset : 24;
    return weir_error_set(err, -EINVAL,
                          "not a regular expression: %s (at offset %zu, after \"%s%.*s\")",
                          (const char *)reason, offset, shown < offset ? "..." : "", (int)shown,
                          pattern.ptr + offset - shown);
}

static pcre2_code *compile(struct weir_str pattern, uint32_t options, struct weir_error *err,
                           size_t *ret_offset)
{
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) {
        weir_error_set(err, -ENOMEM, "out of memory for a pattern");
        return NULL;
    }
    pcre2_set_max_pattern_length(context, PATTERN_BYTES_MAX);
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    int code = 0;
    size_t offset = 0;
    pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len,
                                         options | PCRE2_USE_OFFSET_LIMIT | PCRE2_NEVER_BACKSLASH_C,
                                         &code, &offset, context);
    pcre2_compile_context_free(context);
    if (!compiled) {
        set_compile_error(err, pattern, code, offset);
        if (ret_offset)
            *ret_offset = offset;
    }
    return compiled;
}

static uint32_t options_in_force(const pcre2_code *code)
{
    uint32_t options = 0;
    pcre2_pattern_info(code, PCRE2_INFO_ALLOPTIONS, &options);
    return options;
}

static bool compile_all(struct weir_regex *regex, struct weir_str pattern, struct weir_error *err,
                        size_t *ret_offset)
{
    uint32_t options = 0;
    regex->code = compile(pattern, options, err, ret_offset);
    if (regex->code && (options_in_force(regex->code) & PCRE2_UTF)) {
        /* Characters were asked for: then bytes that are none just match nothing. */
        options = PCRE2_MATCH_INVALID_UTF;
        pcre2_code_free(regex->code);
        regex->code = compile(pattern, options, err, ret_offset);
    }
    if (!regex->code)
        return false;
    regex->one_start = (options_in_force(regex->code) & (PCRE2_ANCHORED | PCRE2_UTF)) != 0;
    size_t machine_code = 0;
    pcre2_jit_compile(regex->code,
                      PCRE2_JIT_COMPLETE); /* may be refused, or switched off by (*NO_JIT) */
    pcre2_pattern_info(regex->code, PCRE2_INFO_JITSIZE, &machine_code);
    regex->compiled = machine_code > 0;
    regex->windowed = regex->compiled || regex->one_start
                          ? regex->code
                          : compile(pattern, options | PCRE2_NO_START_OPTIMIZE, err, ret_offset);
    return regex->windowed != NULL;
}

static int read_names(struct weir_regex *regex)
{
    uint32_t count = 0, entries = 0, entry_bytes = 0;
    PCRE2_SPTR table = NULL;
    pcre2_pattern_info(regex->code, PCRE2_INFO_CAPTURECOUNT, &count);
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &entries);
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &entry_bytes);
    pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &table);
    regex->group_count = count;
    regex->names = calloc((size_t)count + 1, sizeof(*regex->names));
    if (!regex->names)
        return -ENOMEM;
    for (uint32_t i = 0; i < entries; i++, table += entry_bytes) {
        uint32_t group = (uint32_t)(table[0] << 8 | table[1]); /* | group 2 | name | NUL | */
        assert(group >= 1 && group <= count);
        regex->names[group] = weir_str_of((const char *)table + 2);
    }
    return 0;
}

struct weir_regex *weir_regex_new(struct weir_str pattern, struct weir_error *err,
                                  size_t *ret_offset)
{
    if (ret_offset)
        *ret_offset = 0;
    struct weir_regex *regex = calloc(1, sizeof(*regex));
    if (!regex) {
        weir_error_set(err, -ENOMEM, "out of memory for a pattern");
        return NULL;
    }
    if (!pattern.ptr)
        pattern = WEIR_STR("");
    if (!compile_all(regex, pattern, err, ret_offset))
        return weir_regex_free(regex);
    regex->data = pcre2_match_data_create_from_pattern(regex->code, NULL);
    regex->limits = pcre2_match_context_create(NULL);
    if (regex->compiled)
        regex->stack = pcre2_jit_stack_create(STACK_BYTES_START, STACK_BYTES_MAX, NULL);
    if (!regex->data || !regex->limits || (regex->compiled && !regex->stack) ||
        read_names(regex) < 0) {
        weir_error_set(err, -ENOMEM, "out of memory for a pattern");
        return weir_regex_free(regex);
    }
    pcre2_set_heap_limit(regex->limits, HEAP_KIB_MAX);
    pcre2_set_match_limit(regex->limits, STEPS_MAX);
    if (regex->stack)
        pcre2_jit_stack_assign(regex->limits, NULL, regex->stack);
    static_assert(sizeof(PCRE2_SIZE) == sizeof(size_t), "spans are PCRE2's own");
    regex->spans = pcre2_get_ovector_pointer(regex->data);
    return regex;
}

struct weir_regex *weir_regex_free(struct weir_regex *regex)
{
    if (!regex)
        return NULL;
    if (regex->windowed != regex->code)
        pcre2_code_free(regex->windowed);
    pcre2_code_free(regex->code);
    pcre2_match_data_free(regex->data);
    pcre2_match_context_free(regex->limits);
    pcre2_jit_stack_free(regex->stack);
    free(regex->names);
    free(regex);
    return NULL;
}

static int match_from(struct weir_regex *regex, const pcre2_code *code, struct weir_str text,
                      size_t start)
{
    PCRE2_SPTR subject = (PCRE2_SPTR)text.ptr;
    if (regex->compiled)
        return pcre2_jit_match(code, subject, text.len, start, 0, regex->data, regex->limits);
    return pcre2_match(code, subject, text.len, start, 0, regex->data, regex->limits);
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int match_windows(struct weir_regex *regex, struct weir_str text)
{
    double bytes = (double)text.len;
    size_t window = (size_t)(WINDOW_COST_MAX / (bytes * bytes));
    if (window < WINDOW_STARTS_MIN)
        window = WINDOW_STARTS_MIN;
    int answer = PCRE2_ERROR_NOMATCH;
    int64_t deadline = now_ns() + LONG_NANOSECONDS_MAX;
    for (size_t start = 0; start <= text.len && answer == PCRE2_ERROR_NOMATCH; start += window) {
        if (now_ns() > deadline)
            answer = PCRE2_ERROR_MATCHLIMIT;
        else {
            pcre2_set_offset_limit(regex->limits, start + window - 1);
            answer = match_from(regex, regex->windowed, text, start);
        }
    }
    pcre2_set_offset_limit(regex->limits, PCRE2_UNSET);
    return answer;
}

static int match_long(struct weir_regex *regex, struct weir_str text)
{
    double steps = STEPS_BYTES_MAX / (double)text.len;
    steps = steps < STEPS_MIN ? STEPS_MIN : steps > STEPS_MAX ? STEPS_MAX : steps;
    pcre2_set_match_limit(regex->limits, (uint32_t)steps);
    int answer =
        regex->one_start ? match_from(regex, regex->code, text, 0) : match_windows(regex, text);
    pcre2_set_match_limit(regex->limits, STEPS_MAX);
    return answer;
}

enum weir_regex_answer weir_regex_match(struct weir_regex *regex, struct weir_str text)
{
    if (!text.ptr)
        text = WEIR_STR("");
    int answer =
        text.len <= SHORT_BYTES ? match_from(regex, regex->code, text, 0) : match_long(regex, text);
    if (answer > 0)
        return WEIR_REGEX_YES;
    assert(answer != 0); /* the match data was made for the pattern */
    return answer == PCRE2_ERROR_NOMATCH ? WEIR_REGEX_NO : WEIR_REGEX_GAVE_UP;
}

const size_t *weir_regex_spans(const struct weir_regex *regex)
{
    return regex->spans;
}

uint32_t weir_regex_group_count(const struct weir_regex *regex)
{
    return regex->group_count;
}

struct weir_str weir_regex_group_name(const struct weir_regex *regex, uint32_t group)
{
    assert(group >= 1 && group <= regex->group_count);
    return regex->names[group];
}

bool weir_regex_is_compiled(const struct weir_regex *regex)
{
    return regex->compiled;
}
