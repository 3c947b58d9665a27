/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_LINES_H
#define TESTS_SUPPORT_FAKE_LINES_H

#include <stdatomic.h>
#include <weir/plugin.h>

/* An input of numbered lines, for pipelines made by hand. It ends after the last one. */
enum { FAKE_LINE_BYTES = 32 }; /* with the newline: the number in decimal, filled up with zeros */

/* Whether every output has answered for the line. */
typedef bool fake_line_answered_f(void *arg, int64_t line);

struct fake_lines {
    int64_t lines;      /* to emit in all */
    int64_t per_block;  /* at most */
    int64_t first;      /* the number of the first */
    const char *source; /* tells streams apart; NULL: "test" */
    /* Looked at in each commit: `failed` is set when a position passes a line without an answer. May be
     * NULL. */
    fake_line_answered_f *is_answered;
    void *arg;
    int open_error, start_error; /* a negative errno to answer with */
    bool closes; /* its stream, or with `forgets` forgets it, in the commit of the last line */
    bool forgets;
    const atomic_uint *begin_after; /* emits nothing while that is 0; may be NULL */

    struct weir_host *host;
    struct weir_stream *stream;
    int64_t next;              /* to be emitted, counted from 0 */
    _Atomic int64_t committed; /* lines */
    _Atomic int64_t emitted;
    atomic_uint opened, started, closed;
    bool failed;
};

extern const struct weir_plugin fake_lines_plugin;      /* replayable */
extern const struct weir_plugin fake_lines_push_plugin; /* not */

/* The number of the line at `i`. */
int64_t fake_line_number(const struct weir_batch *batch, uint32_t i);

#endif
