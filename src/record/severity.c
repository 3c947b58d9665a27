/* SPDX-License-Identifier: Apache-2.0 */
/* Severities by the names that programs give them.
 *
 * The mapping of syslog, java.util.logging and the usual libraries is that of the OpenTelemetry logs
 * data model (appendix B): syslog's `critical` is ERROR2 and its `alert` ERROR3, so that there is room
 * between `error` and FATAL. Numbers are ambiguous, since each library counts in its own way: 0 to 7 are
 * syslog's, as journald and GELF write them, and the decades are those of bunyan and pino (30 is INFO),
 * which put numbers into JSON; Python's, which differ, are printed as names by everyone.
 *
 * Asked once a record: words are found by their first letter, among a handful. */
#include <weir/severity.h>

enum { TRACE = 1, DEBUG = 5, INFO = 9, WARN = 13, ERROR = 17, FATAL = 21 };
enum { WORD_MAX = 13 }; /* informational */

struct word {
    const char *text;
    unsigned severity;
};

static const struct word words_a[] = { { "alert", ERROR + 2 }, { 0 } };
static const struct word words_c[] = {
    { "critical", ERROR + 1 },
    { "crit", ERROR + 1 },
    { "config", DEBUG + 2 },
    { "c", ERROR + 1 },
    { 0 },
};
static const struct word words_d[] = {
    { "debug", DEBUG },
    { "d", DEBUG },
    { "dbg", DEBUG },
    { "dbug", DEBUG },
    { "debug5", DEBUG },
    { "dpanic", ERROR + 1 },
    { 0 },
};
static const struct word words_e[] = {
    { "error", ERROR },     { "err", ERROR },  { "e", ERROR }, { "emerg", FATAL },
    { "emergency", FATAL }, { "eror", ERROR }, { 0 },
};
static const struct word words_f[] = {
    { "fatal", FATAL },
    { "f", FATAL },
    { "ftl", FATAL },
    { "fine", DEBUG + 1 },
    { "finer", DEBUG },
    { "finest", TRACE },
    { 0 },
};
static const struct word words_i[] = {
    { "info", INFO },          { "i", INFO }, { "inf", INFO }, { "information", INFO },
    { "informational", INFO }, { 0 },
};
static const struct word words_l[] = { { "log", INFO }, { 0 } };
static const struct word words_n[] = { { "notice", INFO + 1 }, { "note", INFO + 1 }, { 0 } };
static const struct word words_p[] = { { "panic", FATAL }, { 0 } };
static const struct word words_s[] = { { "severe", ERROR }, { "silly", TRACE }, { 0 } };
static const struct word words_t[] = {
    { "trace", TRACE }, { "t", TRACE }, { "trc", TRACE }, { 0 }
};
static const struct word words_v[] = { { "verbose", TRACE }, { "v", TRACE }, { 0 } };
static const struct word words_w[] = {
    { "warn", WARN }, { "warning", WARN }, { "w", WARN }, { "wrn", WARN }, { 0 },
};

static const struct word *const words[26] = {
    ['a' - 'a'] = words_a, ['c' - 'a'] = words_c, ['d' - 'a'] = words_d, ['e' - 'a'] = words_e,
    ['f' - 'a'] = words_f, ['i' - 'a'] = words_i, ['l' - 'a'] = words_l, ['n' - 'a'] = words_n,
    ['p' - 'a'] = words_p, ['s' - 'a'] = words_s, ['t' - 'a'] = words_t, ['v' - 'a'] = words_v,
    ['w' - 'a'] = words_w,
};

static unsigned parse_number(struct weir_str word)
{
    static const unsigned syslog[] = { FATAL, ERROR + 2, ERROR + 1, ERROR,
                                       WARN,  INFO + 1,  INFO,      DEBUG };
    if (word.len == 1)
        return word.ptr[0] <= '7' ? syslog[word.ptr[0] - '0'] : 0;
    if (word.len == 2 && word.ptr[0] >= '1' && word.ptr[0] <= '6' && word.ptr[1] == '0')
        return (unsigned)(word.ptr[0] - '1') * 4 + TRACE;
    return 0;
}

/* `lower` in lower case, `len` letters and digits of it, the first a letter. */
static unsigned parse_word(const char *lower, size_t len)
{
    const struct word *word = words[lower[0] - 'a'];
    for (; word && word->text; word++)
        if (weir_str_eq(weir_str_of(word->text), (struct weir_str){ lower, len }))
            return word->severity;
    return 0;
}

unsigned weir_severity_parse(struct weir_str word)
{
    char lower[WORD_MAX];
    if (word.len == 0 || word.len > WORD_MAX)
        return 0;
    if (word.ptr[0] >= '0' && word.ptr[0] <= '9')
        return parse_number(word);
    for (size_t i = 0; i < word.len; i++) {
        char byte = word.ptr[i];
        lower[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte | 0x20) : byte;
    }
    if (lower[0] < 'a' || lower[0] > 'z')
        return 0;
    unsigned severity = parse_word(lower, word.len);
    char last = lower[word.len - 1];
    if (severity || word.len == 1 || last < '1' || last > '4')
        return severity;
    /* "INFO2": the names of OpenTelemetry's numbers between. */
    severity = parse_word(lower, word.len - 1);
    return severity % 4 == TRACE ? severity + (unsigned)(last - '1') : 0;
}

struct weir_str weir_severity_name(unsigned severity)
{
#define NAME(text)                                                                                 \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }
#define FOUR(text) NAME(text), NAME(text "2"), NAME(text "3"), NAME(text "4")
    static const struct weir_str names[WEIR_SEVERITY_MAX + 1] = {
        NAME(""),     FOUR("TRACE"), FOUR("DEBUG"), FOUR("INFO"),
        FOUR("WARN"), FOUR("ERROR"), FOUR("FATAL"),
    };
    return names[severity <= WEIR_SEVERITY_MAX ? severity : 0];
}
