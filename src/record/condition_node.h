/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_CONDITION_NODE_H
#define WEIR_RECORD_CONDITION_NODE_H

#include <weir/error.h>
#include <weir/regex.h>

/* A condition as a tree: made by condition_parse.c, asked by condition.c. */

enum condition_op {
    CONDITION_OR,
    CONDITION_AND,
    CONDITION_NOT, /* of `left` */
    CONDITION_EXISTS,
    CONDITION_EQ,
    CONDITION_NE,
    CONDITION_LT,
    CONDITION_LE,
    CONDITION_GT,
    CONDITION_GE,
    CONDITION_MATCHES,
    CONDITION_MATCHES_NOT,
};

enum condition_literal { LITERAL_NULL, LITERAL_BOOL, LITERAL_NUMBER, LITERAL_TEXT };

/* What is known of a record beside its fields; a field of that name comes first. */
enum condition_builtin { BUILTIN_NONE, BUILTIN_SEVERITY, BUILTIN_TRACE_ID, BUILTIN_SPAN_ID };

struct condition_node {
    enum condition_op op;
    struct condition_node *left, *right; /* OR, AND, NOT */

    /* The others look at one value. */
    struct weir_str path; /* from malloc */
    bool is_message;      /* the path is `message`: known for plain lines too */
    enum condition_builtin builtin;
    enum condition_literal literal;
    bool truth;               /* LITERAL_BOOL */
    double number;            /* LITERAL_NUMBER, and */
    bool is_int;              /* whether it is one that fits: */
    int64_t integer;          /* exact */
    struct weir_str text;     /* LITERAL_TEXT; from malloc */
    unsigned severity;        /* what the text means as one; 0: nothing */
    struct weir_regex *regex; /* MATCHES, MATCHES_NOT */
};

#define CONDITION_TEXT_MAX 65536
#define CONDITION_DEPTH_MAX 64

/* NULL with *err set and *ret_offset the byte at fault. */
struct condition_node *condition_parse(const char *text, struct weir_error *err,
                                       size_t *ret_offset);
struct condition_node *condition_node_free(struct condition_node *node); /* NULL is fine */

/* Reads `text` as a number of JSON's grammar: sets number, is_int and integer of *ret. False when it is
 * none, or longer than any that means something. */
struct condition_number {
    double number;
    bool is_int;
    int64_t integer;
};
bool condition_number_read(struct weir_str text, struct condition_number *ret);

#endif
