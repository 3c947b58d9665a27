/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_MAKE_BATCH_H
#define TESTS_SUPPORT_MAKE_BATCH_H

#include "record/batch.h"

/* Batches by hand, as an input would have made them, for tests of what works on batches. One run of one
 * stream (see fake_stream.h), positions from MADE_FROM on. Everything aborts when memory is short. */
enum { MADE_FROM = 1000 };
#define MADE_OBSERVED 1772323200123456789 /* 2026-03-01T00:00:00.123456789Z */
#define MADE_CLOCK 77

/* One record for each line of `text`. When the last has no newline, one is put there, and the run says
 * that it is partial. `run_flags`: enum weir_run_flags. At least one line. */
struct batch *make_batch(const char *text, unsigned run_flags);
/* The same for text of any bytes. */
struct batch *make_batch_of(struct weir_str text, unsigned run_flags);
/* The same, each text being one record, whatever newlines it holds. */
struct batch *make_batch_records(const struct weir_str *texts, uint32_t count, unsigned run_flags);

/* Begins another run at record `first`, with flags of its own, in the same stream. At most
 * MADE_RUNS_MAX runs. */
enum { MADE_RUNS_MAX = 8 };
void made_batch_split(struct batch *batch, uint32_t first, unsigned run_flags);

/* What the stream says about its source: see fake_stream_new(). Borrowed. */
void made_batch_describe(struct batch *batch, const char *attributes, const char *position_name);

/* Opens the records as `parse` with format json would: the members of each line that is a JSON object,
 * with `object` set where no name repeats; `message` for other lines. */
void made_batch_parse_json(struct batch *batch);

/* Adds to record `i` a string field, or another type's text; name and text are borrowed, and flagged as
 * nothing in particular. */
void made_batch_add(struct batch *batch, uint32_t i, const char *name, enum weir_value type,
                    const char *text);

/* All records of the batch. */
static inline struct weir_slice made_batch_slice(const struct batch *batch)
{
    return (struct weir_slice){ .batch = &batch->pub, .count = batch->pub.count };
}

void made_batch_free(struct batch *batch);

#endif
