/* SPDX-License-Identifier: Apache-2.0 */
/* A parser reports the state in which it gave up ("did not find expected key"); a person needs the
 * mistake. Most are one of a dozen, told apart by the parser's own texts, which have not changed in ten
 * years; one that is not known here is passed on as it is. */
#include "config/yaml_words.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct words {
    const char *context; /* the beginning of libyaml's context, or NULL: any */
    const char *problem; /* the beginning of libyaml's problem */
    const char *text;
    bool at_context; /* look where the construct began */
};

static const struct words words[] = {
    { "while scanning an alias", "", "a value cannot begin with \"*\" unless it is in quotes",
      true },
    { "while scanning an anchor", "", "a value cannot begin with \"&\" unless it is in quotes",
      true },
    { "while scanning a tag", "", "a value cannot begin with \"!\" unless it is in quotes", true },
    { "while parsing a tag", "", "a value cannot begin with \"!\" unless it is in quotes", true },
    { "while parsing a node", "found undefined tag",
      "a value cannot begin with \"!\" unless it is in quotes", true },
    { "while scanning a directive", "", "a line cannot begin with \"%\"", true },
    { NULL, "found a tab character", "a tab cannot indent a line: use spaces", false },
    { NULL, "mapping values are not allowed",
      "\": \" cannot stand here: either the line is indented too far, or the value must be in quotes",
      false },
    { NULL, "block sequence entries are not allowed",
      "\"- \" cannot stand here: begin the list on a line of its own, below its key", false },
    { NULL, "mapping keys are not allowed", "\"? \" cannot stand here", false },
    { NULL, "did not find expected key",
      "expected a key here: check the indentation, and that what stands before is closed", false },
    { NULL, "did not find expected '-'",
      "expected \"- \" here: the items of a list must begin in the same column", false },
    { NULL, "could not find expected ':'", "expected \": \" after this key", true },
    { NULL, "did not find expected ',' or ']'",
      "expected \",\" or \"]\" here: a list in brackets is not closed", false },
    { NULL, "did not find expected ',' or '}'",
      "expected \",\" or \"}\" here: a map in braces is not closed", false },
    { NULL, "did not find expected node content", "expected a value here", false },
    { "while scanning a quoted", "found unexpected", "this quote is never closed", true },
    { NULL, "found unknown escape",
      "unknown escape in double quotes: write \\\\ for a backslash, or use single quotes", false },
    { NULL, "did not find expected hexdecimal",
      "an escape in double quotes lacks hexadecimal digits", false },
    { NULL, "found invalid Unicode", "this escape stands for no character", false },
    { NULL, "did not find expected <document start>",
      "nothing may follow here: check the indentation", false },
    { NULL, "did not find expected comment",
      "only a line break may follow \"|\" or \">\": put the text on the next lines", false },
    { NULL, "found an indentation indicator", "the text's indentation cannot be 0", false },
};

static bool begins(const char *text, const char *with)
{
    return text && strncmp(text, with, strlen(with)) == 0;
}

/* The character where the parser stood, '\0' at the end. Marks count characters, not bytes. */
static char char_at(struct weir_str text, size_t index)
{
    for (size_t i = 0; i < text.len; i++)
        if (((unsigned char)text.ptr[i] & 0xc0) != 0x80 && index-- == 0)
            return text.ptr[i];
    return '\0';
}

const char *yaml_words(const yaml_parser_t *parser, struct weir_str text, yaml_mark_t *ret_mark)
{
    const char *problem = parser->problem ? parser->problem : "not YAML";
    *ret_mark = parser->problem_mark;
    if (begins(problem, "found character that cannot start")) {
        char at = char_at(text, parser->problem_mark.index);
        if (at == '\t')
            return "a tab cannot indent a line: use spaces";
        return "a value cannot begin with this character unless it is in quotes";
    }
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if ((words[i].context && !begins(parser->context, words[i].context)) ||
            !begins(problem, words[i].problem))
            continue;
        if (words[i].at_context && parser->context)
            *ret_mark = parser->context_mark;
        return words[i].text;
    }
    return problem;
}
