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
    /* Of what weir_encode() writes to: why the codec refuses the record that it has stopped at, else empty. */
    struct weir_str refused;
};

/* The part of weir_bytes_room() that is not the usual one. */
WEIR_API char *weir_bytes_more(struct weir_bytes *bytes, size_t more);

/* Room for `more` bytes after `len`, to be written and then added to `len`. NULL when that would
 * exceed `max`, or memory is short; what is inside stays. */
static inline char *weir_bytes_room(struct weir_bytes *bytes, size_t more)
{
    const size_t end = bytes->cap < bytes->max ? bytes->cap : bytes->max;
    if (bytes->len < end && more <= end - bytes->len)
        return bytes->data + bytes->len;
    return weir_bytes_more(bytes, more);
}
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

/* For a codec's check: of the names under which it prints things no two may be the same. NULL and "" are none. 0, or
 * -EINVAL and *err set. */
WEIR_API WEIR_MUST_USE int weir_codec_check_keys(char *const keys[], size_t count,
                                                 struct weir_error *err);

/* A codec with its options, as an output's option of type WEIR_CODEC gives it. */
struct weir_encoder;

/* The codec's name. A constant. @thread any. */
WEIR_API const char *weir_encoder_name(const struct weir_encoder *encoder);

/* What is unusual about a codec. An output takes such a codec only if its option's row says so (`takes` in
 * option.h); for others the configuration is refused. */
enum weir_codec_flags {
    /* A record is any bytes and has no end of its own, so that what has no frame for each record, such as a
     * file of lines, cannot hold it. Other codecs end each record with a newline and have none inside. */
    WEIR_CODEC_BINARY = 1,
    /* It writes by a schema, which the output gives it: weir_encoder_set_schema(). */
    WEIR_CODEC_SCHEMA = 2,
};

/* enum weir_codec_flags. A constant. @thread any. */
WEIR_API unsigned weir_encoder_flags(const struct weir_encoder *encoder);

/* Adds what the codec says of itself for `weir explain` (`explain` in plugin.h): for an output's own. */
WEIR_API void weir_encoder_explain(const struct weir_encoder *encoder, struct weir_bytes *out);

/* By what a codec writes from now on; all of it is copied. */
struct weir_schema {
    struct weir_str text; /* in the schema's own language */
    struct weir_str
        prefix; /* bytes that come before each record, such as the schema's id; at most 32 */
};

/* For codecs with WEIR_CODEC_SCHEMA, before the first record. 0, or a negative errno and *err set: the codec
 * cannot write by it, and goes on as before. @thread the output's. */
WEIR_API WEIR_MUST_USE int weir_encoder_set_schema(struct weir_encoder *encoder,
                                                   const struct weir_schema *schema,
                                                   struct weir_error *err);

/* How many fields of records the codec has left out, as configured, since they have no place in what it writes:
 * counted each time that a record is encoded. @thread the output's. */
WEIR_API uint64_t weir_encoder_left_out(const struct weir_encoder *encoder);

/* Encodes records of `slice` from index `at` on, each ended as the codec ends a record (a newline, but for
 * WEIR_CODEC_BINARY), until the slice ends or `out` holds `want` bytes or more. A record is encoded
 * whole or not at all.
 * Returns the index of the first record that was not encoded (slice->first + slice->count at the end).
 * When a single record cannot be encoded it returns its index with nothing added. There are three reasons:
 *   out->refused is set   the codec will never take it, for the reason that stands there until the next call
 *   out->starved is set   memory is short: it can be encoded later
 *   neither               it does not fit into out->max
 * @thread the output's. */
WEIR_API uint32_t weir_encode(struct weir_encoder *encoder, const struct weir_slice *slice,
                              uint32_t at, struct weir_bytes *out, size_t want);

/* Why the record that weir_encode() has stopped at is to be rejected: the codec's reason, else `too_large`. */
static inline struct weir_str weir_refusal(const struct weir_bytes *out, const char *too_large)
{
    return out->refused.len ? out->refused : weir_str_of(too_large);
}

/* Where the encoding of the slice from `at` on already stands in the batch, byte for byte, the records
 * that are so in one piece: returns the index after the last of them and sets *ret_bytes, which lives
 * as long as the batch. Returns `at` when the record there must be encoded. */
WEIR_API uint32_t weir_encode_view(struct weir_encoder *encoder, const struct weir_slice *slice,
                                   uint32_t at, struct weir_str *ret_bytes);

#endif
