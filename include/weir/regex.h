/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_REGEX_H
#define WEIR_REGEX_H

#include <weir/error.h>

/* Regular expressions of Perl's kind (PCRE2), compiled once, to machine code where that is allowed.
 *
 * A pattern and a text meet as bytes, so that no text is invalid; a pattern that begins with (*UTF) asks
 * for characters instead. What one match may cost is bounded, whatever the pattern and the text: see
 * WEIR_REGEX_GAVE_UP.
 *
 * One instance is used by one thread at a time: it holds the memory in which a match is worked out, and
 * the groups of the last one. */
struct weir_regex;

/* NULL with *err set, and *ret_offset (unless that is NULL) the byte of `pattern` at fault. The pattern
 * is copied. Allocates everything that matching needs. @thread any. */
WEIR_API struct weir_regex *weir_regex_new(struct weir_str pattern, struct weir_error *err,
                                           size_t *ret_offset);
/* NULL is fine; returns NULL. */
WEIR_API struct weir_regex *weir_regex_free(struct weir_regex *regex);

enum weir_regex_answer {
    WEIR_REGEX_NO,
    WEIR_REGEX_YES,
    WEIR_REGEX_GAVE_UP, /* it would have cost too much: nothing is known */
};

/* Looks for the pattern anywhere in `text`. */
WEIR_API enum weir_regex_answer weir_regex_match(struct weir_regex *regex, struct weir_str text);

/* The groups of the last match that was found, as pairs of offsets into its text: group `n` spans
 * [2n, 2n + 1), the whole match being group 0; both are SIZE_MAX where a group took no part. The same
 * memory at every match. */
WEIR_API const size_t *weir_regex_spans(const struct weir_regex *regex);

/* How many groups the pattern has; they are numbered from 1. */
WEIR_API uint32_t weir_regex_group_count(const struct weir_regex *regex);
/* The name of group 1 .. count; empty when it has none. Lives as long as the regex. */
WEIR_API struct weir_str weir_regex_group_name(const struct weir_regex *regex, uint32_t group);

/* False where the system forbids memory that is both written and executed, or the machine is not one
 * that patterns can be compiled for: matching is then several times slower. */
WEIR_API bool weir_regex_is_compiled(const struct weir_regex *regex);

#endif
