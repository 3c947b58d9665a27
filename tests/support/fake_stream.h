/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_STREAM_H
#define TESTS_SUPPORT_FAKE_STREAM_H

#include <weir/batch.h>

/* A stream for tests that run no pipeline: it has an id, and says about its source what it was told.
 * `attributes` (members without braces) and `position_name` are borrowed. Aborts when memory is short. */
struct weir_stream *fake_stream_new(const char *attributes, const char *position_name);
void fake_stream_free(struct weir_stream *stream);

#endif
