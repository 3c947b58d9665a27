/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_FILE_WRITER_H
#define WEIR_OUT_FILE_WRITER_H

#include <weir/codec.h>

#include "sink.h"

/* Encodes records and appends them to a sink. See writer.c. */
struct writer {
    struct weir_encoder *codec; /* borrowed */
    struct weir_bytes out;      /* reused; `out.max` is the largest record */
};

/* Records whose encoding is larger are rejected. A line of 1 MiB that is all control bytes fits as JSON. */
#define WRITER_RECORD_MAX ((size_t)8 * 1024 * 1024)

/* file_writer_append() met a record that cannot be written, ever. */
enum { WRITER_REJECTED = 1 };

/* Appends the records of `slice` from *at on, and moves *at to the first that is not in the file:
 *   0                 all are;
 *   WRITER_REJECTED   the record at *at is too large, or the codec refuses it: weir_refusal(&writer->out, ...)
 *                     says why, until the next call;
 *   -errno            the file takes no more.
 * *ret_bytes is what the file grew by. */
WEIR_MUST_USE int file_writer_append(struct writer *writer, struct sink *sink,
                                     const struct weir_slice *slice, uint32_t *at,
                                     uint64_t *ret_bytes);

/* Between batches: gives memory back that only a very large record needed. */
void file_writer_shrink(struct writer *writer);

#endif
