/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

#include <weir/batch.h>

/* JSON text, checked in full (RFC 8259, UTF-8) and opened at its top level only: what lies deeper stays
 * text until someone asks for a member of it.
 *
 * Where we are stricter than the RFC, which allows an implementation its limits: containers nest at most
 * WEIR_JSON_DEPTH_MAX deep, an object has at most WEIR_JSON_MEMBERS_MAX members at its top level, and a
 * name there is at most 65535 bytes long. Numbers have any size (INT only if they fit int64_t). An escape
 * for half a surrogate pair is allowed, as the RFC has it, and reads as U+FFFD. */
#define WEIR_JSON_DEPTH_MAX 64
#define WEIR_JSON_MEMBERS_MAX 4096

/* Answers of weir_json_object() below zero. */
enum weir_json_answer {
    WEIR_JSON_BAD = -1,   /* not JSON: see `reason` and `offset` */
    WEIR_JSON_OTHER = -2, /* valid JSON, but no object */
    WEIR_JSON_MORE = -3,  /* `room` was too small: ask again with more, twice as much, say */
};

struct weir_json {
    struct weir_str object; /* the text from '{' to '}' */
    bool repeats;           /* a name occurs twice: see weir_json_drop_repeated() */
    size_t offset;          /* of what is wrong, and */
    const char *reason;     /* why, as constant text: "expected ':' after a name" */
};

/* Checks all of `text`, which at least 64 readable bytes follow (WEIR_BATCH_PADDING). When it is an object,
 * writes its members to `fields`, `room` at most, as views into the text, and returns how many there
 * are; WEIR_JSON_MORE may come before the rest has been checked. *ret is set in part: `object` and
 * `repeats` by an answer from 0 up, `offset` and `reason` by WEIR_JSON_BAD. @thread any. */
WEIR_API int weir_json_object(const char *text, size_t len, struct weir_field *fields,
                              uint32_t room, struct weir_json *ret);

/* Where a name occurs again among `fields`, gives the first of them the value of the last and takes the
 * others out. Returns how many are left, in their order. The fields come from weir_json_object(). @thread any. */
WEIR_API uint32_t weir_json_drop_repeated(struct weir_field *fields, uint32_t count);

/* Finds the member `name` of the object `json`, which is known to be valid JSON with nothing around it
 * (the value of a WEIR_VALUE_JSON field). Of several the last counts. False when there is none, or when
 * `json` is no object. Needs no padding. @thread any. */
WEIR_API bool weir_json_member(struct weir_str json, struct weir_str name, struct weir_field *ret);

/* Copies `text` to `out` as far as its bytes mean themselves inside of a JSON string, and returns how many
 * do: `len`, or up to the first that needs an escape or is not ASCII. It works in large steps: up to
 * WEIR_BATCH_PADDING bytes behind the text are read, as many behind the copy may be written. For lines of
 * a batch. @thread any. */
WEIR_API size_t weir_json_copy(const char *text, size_t len, char *out);

/* The elements of the array `json`, known to be valid JSON with nothing around it, one after the other: sets *ret_element
 * and moves *at, which is 0 at first. False after the last. Needs no padding. @thread any. */
WEIR_API bool weir_json_element(struct weir_str json, size_t *at, struct weir_str *ret_element);

#endif
