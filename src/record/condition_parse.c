/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a condition into a tree, by recursive descent:
 *
 *     or      = and { "or" and }
 *     and     = not { "and" not }
 *     not     = "not" not | "(" or ")" | test
 *     test    = "exists" "(" path ")" | path operator literal
 *     operator= == != < <= > >= =~ !~
 *     literal = "text" 'text' number true false null
 *     path    = letters, digits, _ - . @ : / , or any text between backquotes
 *
 * Mistakes are told with the byte at which they stand, and what was expected there. Depth is bounded, so
 * that no configuration can overflow the stack. */
#include "record/condition_node.h"

#include <errno.h>
#include <stdlib.h>
#include <weir/severity.h>

#include "base/json_number.h"

struct parser {
    const char *text;
    size_t len, at;
    unsigned depth;
    bool failed;
    struct weir_error *err;
    size_t *ret_offset;
};

static struct condition_node *parse_or(struct parser *parser);

struct condition_node *condition_node_free(struct condition_node *node)
{
    if (!node)
        return NULL;
    condition_node_free(node->left);
    condition_node_free(node->right);
    free((char *)node->path.ptr);
    free((char *)node->text.ptr);
    weir_regex_free(node->regex);
    free(node);
    return NULL;
}

/* The first mistake counts. Returns NULL, for its callers to return. */
static void *fail(struct parser *parser, size_t offset, const char *what)
{
    if (parser->failed)
        return NULL;
    parser->failed = true;
    *parser->ret_offset = offset;
    weir_error_set(parser->err, -EINVAL, "%s", what);
    return NULL;
}

static struct condition_node *node_new(struct parser *parser, enum condition_op op)
{
    struct condition_node *node = calloc(1, sizeof(*node));
    if (!node)
        return fail(parser, parser->at, "out of memory");
    node->op = op;
    return node;
}

/* Joins two sides; frees them when that is not possible. */
static struct condition_node *node_join(struct parser *parser, enum condition_op op,
                                        struct condition_node *left, struct condition_node *right)
{
    struct condition_node *node = parser->failed ? NULL : node_new(parser, op);
    if (!node) {
        condition_node_free(left);
        condition_node_free(right);
        return NULL;
    }
    node->left = left;
    node->right = right;
    return node;
}

/* ---- words ------------------------------------------------------------------------------------------ */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_-.@:/", c) != NULL) || (unsigned char)c >= 0x80;
}

static void skip_space(struct parser *parser)
{
    while (parser->at < parser->len && strchr(" \t\r\n", parser->text[parser->at]))
        parser->at++;
}

static struct weir_str word_here(struct parser *parser)
{
    skip_space(parser);
    size_t end = parser->at;
    while (end < parser->len && is_word(parser->text[end]))
        end++;
    return (struct weir_str){ parser->text + parser->at, end - parser->at };
}

static bool take_word(struct parser *parser, const char *word)
{
    struct weir_str here = word_here(parser);
    if (!weir_str_eq(here, weir_str_of(word)))
        return false;
    parser->at += here.len;
    return true;
}

static bool take(struct parser *parser, const char *symbol)
{
    skip_space(parser);
    size_t len = strlen(symbol);
    if (parser->len - parser->at < len || memcmp(parser->text + parser->at, symbol, len) != 0)
        return false;
    parser->at += len;
    return true;
}

static struct weir_str text_keep(struct parser *parser, const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy) {
        fail(parser, parser->at, "out of memory");
        return WEIR_STR_NONE;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    return (struct weir_str){ copy, len };
}

/* ---- what stands on both sides of an operator --------------------------------------------------------- */

static void parse_path(struct parser *parser, struct condition_node *node)
{
    static const struct {
        const char *name;
        enum condition_builtin builtin;
    } builtins[] = { { "severity", BUILTIN_SEVERITY },
                     { "trace_id", BUILTIN_TRACE_ID },
                     { "span_id", BUILTIN_SPAN_ID } };
    struct weir_str path = word_here(parser);
    if (take(parser, "`")) {
        const char *from = parser->text + parser->at;
        const char *end = memchr(from, '`', parser->len - parser->at);
        if (!end || end == from) {
            fail(parser, parser->at, "expected a field's name and a closing backquote");
            return;
        }
        path = (struct weir_str){ from, (size_t)(end - from) };
        parser->at++;
    } else if (path.len == 0) {
        fail(parser, parser->at, "expected a field's name, \"exists(...)\", \"not\" or \"(\"");
        return;
    }
    parser->at += path.len;
    node->path = text_keep(parser, path.ptr, path.len);
    node->is_message = weir_str_eq(path, WEIR_STR("message"));
    for (size_t i = 0; i < sizeof(builtins) / sizeof(builtins[0]); i++)
        if (weir_str_eq(path, weir_str_of(builtins[i].name)))
            node->builtin = builtins[i].builtin;
}

/* The text between quotes; a backslash makes the next byte stand for itself, but for n, r and t. */
static void parse_quoted(struct parser *parser, struct condition_node *node)
{
    const size_t from = parser->at;
    const char quote = parser->text[parser->at++];
    char *out = malloc(parser->len - from + 1);
    size_t len = 0;
    if (!out) {
        fail(parser, from, "out of memory");
        return;
    }
    while (parser->at < parser->len && parser->text[parser->at] != quote) {
        char c = parser->text[parser->at++];
        /* A pattern keeps its backslashes: they are its own. */
        if (c == '\\' && parser->at < parser->len) {
            char next = parser->text[parser->at++];
            if (node->op >= CONDITION_MATCHES && next != quote)
                out[len++] = '\\';
            else if (next == 'n' || next == 'r' || next == 't')
                next = next == 'n' ? '\n' : next == 'r' ? '\r' : '\t';
            c = next;
        }
        out[len++] = c;
    }
    out[len] = '\0';
    node->literal = LITERAL_TEXT;
    node->text = (struct weir_str){ out, len };
    if (parser->at == parser->len)
        fail(parser, from, "this quote is not closed");
    else
        parser->at++;
}

bool condition_number_read(struct weir_str text, struct condition_number *ret)
{
    char copy[64] = { 0 }; /* ended, and padded for json_number_read() */
    if (text.len == 0 || text.len > sizeof(copy) - 16)
        return false;
    memcpy(copy, text.ptr, text.len);
    struct json_number number = json_number_read(copy, copy + text.len);
    if (number.end != copy + text.len)
        return false;
    *ret = (struct condition_number){ .number = strtod(copy, NULL), .is_int = number.is_int };
    if (number.is_int)
        ret->integer = strtoll(copy, NULL, 10);
    return true;
}

static void parse_literal(struct parser *parser, struct condition_node *node)
{
    static const char expected[] =
        "expected a value: a text between quotes, a number, true, false or null";
    skip_space(parser);
    if (parser->at < parser->len && strchr("\"'", parser->text[parser->at])) {
        parse_quoted(parser, node);
        return;
    }
    const size_t from = parser->at;
    struct weir_str word = word_here(parser);
    if (parser->at < parser->len && parser->text[parser->at] == '+')
        word.len = 0;
    struct condition_number number;
    parser->at += word.len;
    if (weir_str_eq(word, WEIR_STR("true")) || weir_str_eq(word, WEIR_STR("false"))) {
        node->literal = LITERAL_BOOL;
        node->truth = word.ptr[0] == 't';
    } else if (weir_str_eq(word, WEIR_STR("null"))) {
        node->literal = LITERAL_NULL;
    } else if (condition_number_read(word, &number)) {
        node->literal = LITERAL_NUMBER;
        node->number = number.number;
        node->is_int = number.is_int;
        node->integer = number.integer;
    } else {
        fail(parser, from, expected);
    }
}

/* ---- tests ----------------------------------------------------------------------------------------------- */

static bool parse_operator(struct parser *parser, enum condition_op *ret)
{
    static const struct {
        const char *symbol;
        enum condition_op op;
    } operators[] = { { "==", CONDITION_EQ },      { "!=", CONDITION_NE },
                      { "<=", CONDITION_LE },      { ">=", CONDITION_GE },
                      { "<", CONDITION_LT },       { ">", CONDITION_GT },
                      { "=~", CONDITION_MATCHES }, { "!~", CONDITION_MATCHES_NOT } };
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (take(parser, operators[i].symbol)) {
            *ret = operators[i].op;
            return true;
        }
    fail(parser, parser->at, "expected one of == != < <= > >= =~ !~ after the field's name");
    return false;
}

static void check_literal(struct parser *parser, struct condition_node *node, size_t at)
{
    const bool ordered = node->op >= CONDITION_LT && node->op <= CONDITION_GE;
    if (ordered && node->literal != LITERAL_NUMBER && node->literal != LITERAL_TEXT) {
        fail(parser, at, "only numbers and texts have an order");
        return;
    }
    if (node->op < CONDITION_MATCHES) {
        if (node->literal == LITERAL_TEXT)
            node->severity = weir_severity_parse(node->text);
        return;
    }
    if (node->literal != LITERAL_TEXT) {
        fail(parser, at, "expected a regular expression between quotes");
        return;
    }
    struct weir_error err = { 0 };
    size_t offset = 0;
    node->regex = weir_regex_new(node->text, &err, &offset);
    if (!node->regex)
        fail(parser, at + 1 + offset, err.text);
}

static struct condition_node *parse_test(struct parser *parser)
{
    struct condition_node *node = node_new(parser, CONDITION_EXISTS);
    if (!node)
        return NULL;
    const size_t from = parser->at;
    if (take_word(parser, "exists") && take(parser, "(")) {
        parse_path(parser, node);
        if (!parser->failed && !take(parser, ")"))
            fail(parser, parser->at, "expected \")\" after the field's name");
    } else {
        parser->at = from;
        parse_path(parser, node);
        if (!parser->failed && parse_operator(parser, &node->op)) {
            skip_space(parser);
            const size_t at = parser->at;
            parse_literal(parser, node);
            if (!parser->failed)
                check_literal(parser, node, at);
        }
    }
    return parser->failed ? condition_node_free(node) : node;
}

static struct condition_node *parse_not(struct parser *parser)
{
    struct condition_node *node;
    if (++parser->depth > CONDITION_DEPTH_MAX)
        return fail(parser, parser->at, "too many parentheses or \"not\" inside each other");
    if (take_word(parser, "not")) {
        struct condition_node *inner = parse_not(parser);
        node = inner ? node_join(parser, CONDITION_NOT, inner, NULL) : NULL;
    } else if (take(parser, "(")) {
        node = parse_or(parser);
        if (node && !take(parser, ")")) {
            fail(parser, parser->at, "expected \"and\", \"or\" or \")\"");
            node = condition_node_free(node);
        }
    } else {
        node = parse_test(parser);
    }
    parser->depth--;
    return node;
}

/* Operands joined by `word`, from the left. A chain is as deep as it is long: that counts too. */
static struct condition_node *parse_chain(struct parser *parser, const char *word,
                                          enum condition_op op,
                                          struct condition_node *(*operand)(struct parser *))
{
    struct condition_node *node = operand(parser);
    unsigned links = 0;
    while (node && take_word(parser, word)) {
        struct condition_node *right = operand(parser);
        if (!right || ++links > CONDITION_DEPTH_MAX) {
            fail(parser, parser->at, "too many tests in one row: use parentheses");
            condition_node_free(right);
            return condition_node_free(node);
        }
        node = node_join(parser, op, node, right);
    }
    return node;
}

static struct condition_node *parse_and(struct parser *parser)
{
    return parse_chain(parser, "and", CONDITION_AND, parse_not);
}

static struct condition_node *parse_or(struct parser *parser)
{
    return parse_chain(parser, "or", CONDITION_OR, parse_and);
}

struct condition_node *condition_parse(const char *text, struct weir_error *err, size_t *ret_offset)
{
    struct parser parser = {
        .text = text, .len = strlen(text), .err = err, .ret_offset = ret_offset
    };
    if (parser.len > CONDITION_TEXT_MAX)
        return fail(&parser, 0, "a condition has at most 65536 bytes");
    struct condition_node *node = parse_or(&parser);
    skip_space(&parser);
    if (node && parser.at < parser.len) {
        fail(&parser, parser.at, "expected \"and\", \"or\" or the end");
        return condition_node_free(node);
    }
    return node;
}
