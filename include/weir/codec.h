/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CODEC_H
#define WEIR_CODEC_H

#include <weir/batch.h>
#include <weir/error.h>

/* Bytes that grow up to a maximum set at birth: all zero but for `max`. One writer; kept and reused
 * between batches. */
struct weir_bytes {
    char *data;
    size_t len, cap;
    size_t max;   /* growing beyond it fails */
    bool starved; /* growing has failed because memory is short; stays until its owner clears it */
};

/* Room for `more` bytes after `len`, to be written and then added to `len`. NULL when that would
 * exceed `max`, or memory is short; what is inside stays. */
WEIR_API char *weir_bytes_room(struct weir_bytes *bytes, size_t more);
WEIR_API void weir_bytes_free(struct weir_bytes *bytes);

/* Adds; 0 or -ENOSPC / -ENOMEM. */
WEIR_API WEIR_MUST_USE int weir_bytes_add(struct weir_bytes *bytes, const void *data, size_t len);
/* Adds the text of a field with JSON's escapes undone. */
WEIR_API WEIR_MUST_USE int weir_bytes_add_text(struct weir_bytes *bytes,
                                               const struct weir_field *field);
/* Adds `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD. */
WEIR_API WEIR_MUST_USE int weir_bytes_add_json(struct weir_bytes *bytes, struct weir_str text);
/* Adds `ns` since 1970 as RFC 3339 in UTC, with as many fraction digits (0, 3, 6, 9) as it needs. */
WEIR_API WEIR_MUST_USE int weir_bytes_add_time(struct weir_bytes *bytes, int64_t ns);

/* A codec with its options, as an output's option of type WEIR_CODEC gives it. */
struct weir_encoder;

/* The codec's name. A constant. @thread any. */
WEIR_API const char *weir_encoder_name(const struct weir_encoder *encoder);

/* Encodes records of `slice` from index `at` on, each ended as the codec ends a record (json, text,
 * logfmt: a newline), until the slice ends or `out` holds `want` bytes or more. A record is encoded
 * whole or not at all.
 * Returns the index of the first record that was not encoded (slice->first + slice->count at the end).
 * When a single record does not fit into out->max it returns its index with nothing added; the same when
 * memory is short, and then out->starved is set: the record can be encoded later.
 * @thread the output's. */
WEIR_API uint32_t weir_encode(struct weir_encoder *encoder, const struct weir_slice *slice,
                              uint32_t at, struct weir_bytes *out, size_t want);

/* Where the encoding of the slice from `at` on already stands in the batch, byte for byte, the records
 * that are so in one piece: returns the index after the last of them and sets *ret_bytes, which lives
 * as long as the batch. Returns `at` when the record there must be encoded. */
WEIR_API uint32_t weir_encode_view(struct weir_encoder *encoder, const struct weir_slice *slice,
                                   uint32_t at, struct weir_str *ret_bytes);

#endif
