/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong configurations, and word for word what is said about them. CFG-01 to CFG-05, CFG-08, CFG-11. */
#include <check.h>
#include <stdio.h>
#include <time.h>

#include "config/config.h"
#include "config/diagnostics.h"
#include "fake_plugins.h"
#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct mistake {
    const char *text, *want;
};

static char *said_about(struct weir_str text)
{
    char *said = NULL;
    size_t len = 0;
    struct diagnostics *diag = diagnostics_new();
    struct config *config = config_read_text("f", text, &fake_hooks, diag);
    FILE *out = open_memstream(&said, &len);
    diagnostics_print(diag, out, false);
    fclose(out);
    ck_assert((config != NULL) == (diagnostics_errors(diag) == 0));
    config_free(config);
    diagnostics_free(diag);
    return said;
}

static void check_all(const struct mistake *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *said = said_about(weir_str_of(cases[i].text));
        ck_assert_msg(strcmp(said, cases[i].want) == 0, "of\n%s\nis said\n%s\nnot\n%s",
                      cases[i].text, said, cases[i].want);
        free(said);
    }
}

START_TEST(yaml)
{
    static const struct mistake cases[] = {
        /* tabs, quotes, brackets */
        { "service:\n\tdata_dir: x\n", "f:2:1: error: a tab cannot indent a line: use spaces\n" },
        { "service:\n  data_dir: x\n\tmemory_limit: y\n",
          "f:3:1: error: a tab cannot indent a line: use spaces\n" },
        { "service: {data_dir: \"x}\n", "f:1:21: error: this quote is never closed\n" },
        { "service:\n  data_dir: 'x\n  y: z\n", "f:2:13: error: this quote is never closed\n" },
        { "a: [1, 2\nb: 3\n",
          "f:2:2: error: expected \",\" or \"]\" here: a list in brackets is not closed\n" },
        { "a: {b: 1\nc: 2\n",
          "f:2:2: error: expected \",\" or \"}\" here: a map in braces is not closed\n" },
        { "a: \"\\d+\"\n",
          "f:1:5: error: unknown escape in double quotes: write \\\\ for a backslash, "
          "or use single quotes\n" },
        { "a: \"\\xZZ\"\n", "f:1:7: error: an escape in double quotes lacks hexadecimal digits\n" },
        { "a: \"\\uD800\"\n", "f:1:7: error: this escape stands for no character\n" },
        { "a: b: c\n",
          "f:1:5: error: \": \" cannot stand here: either the line is indented too far, "
          "or the value must be in quotes\n" },
        { "a: 1\n  b: 2\n",
          "f:2:4: error: \": \" cannot stand here: either the line is indented too "
          "far, or the value must be in quotes\n" },
        { "a:\n  b: 1\n c: 2\n",
          "f:3:2: error: expected a key here: check the indentation, and that "
          "what stands before is closed\n" },
        { "service:\n  data_dir\n  memory_limit: 1\n",
          "f:3:15: error: \": \" cannot stand here: either the line is indented too far, or the value "
          "must be in quotes\n" },
        { "service:\n  data_dir: x\n  memory_limit\n",
          "f:3:3: error: expected \": \" after this key\n" },
        { "- a\nb: c\n",
          "f:2:1: error: expected \"- \" here: the items of a list must begin in the "
          "same column\n" },
        { "a: - b\n",
          "f:1:4: error: \"- \" cannot stand here: begin the list on a line of its own, "
          "below its key\n" },
        { "a: @b\n",
          "f:1:4: error: a value cannot begin with this character unless it is in quotes\n" },
        { "a: `b`\n",
          "f:1:4: error: a value cannot begin with this character unless it is in quotes\n" },
        { "a: %b\n",
          "f:1:4: error: a value cannot begin with this character unless it is in quotes\n" },
        { "%b\n", "f:1:1: error: a line cannot begin with \"%\"\n" },
        { "a: *.log\n", "f:1:4: error: a value cannot begin with \"*\" unless it is in quotes\n" },
        { "a: &\n", "f:1:4: error: a value cannot begin with \"&\" unless it is in quotes\n" },
        { "a: !<\n", "f:1:4: error: a value cannot begin with \"!\" unless it is in quotes\n" },
        { "a: !x!y z\n", "f:1:4: error: a value cannot begin with \"!\" unless it is in quotes\n" },
        { "a: |x\n  b\n",
          "f:1:5: error: only a line break may follow \"|\" or \">\": put the text on the "
          "next lines\n" },
        { "a: |0\n  b\n", "f:1:5: error: the text's indentation cannot be 0\n" },
        { "a: [,]\n", "f:1:5: error: expected a value here\n" },
        { "[a]\nb\n", "f:2:1: error: nothing may follow here: check the indentation\n" },
        /* what is refused */
        { "a: &x 1\nb: *x\n",
          "f:1:4: error: anchors (\"&x\") are not supported: write the value out, or use ${VARIABLE}\n"
          "f:2:4: error: aliases (\"*x\") are not supported: write the value out; a value that begins "
          "with \"*\" must be in quotes\n" },
        { "a: {<<: {b: 1}}\n",
          "f:1:5: error: merge keys (\"<<\") are not supported: write the keys out\n" },
        { "a: !!str 1\n",
          "f:1:4: error: tags (\"!...\") are not supported: leave it out; what a value "
          "is follows from its key\n" },
        { "!!map {a: 1}\n", "f:1:1: error: tags (\"!...\") are not supported: leave it out; what a "
                            "value is follows from its key\n" },
        { "a: 1\nb: {c: 1, d: 2, c: 3}\na: 2\n",
          "f:2:17: error: \"c\" is given a second time; the first is in line 2, column 5\n"
          "f:3:1: error: \"a\" is given a second time; the first is in line 1, column 1\n" },
        { "a: 1\n'a': 2\n",
          "f:2:1: error: \"a\" is given a second time; the first is in line 1, column 1\n" },
        { "a: 1\n---\nb: 2\n", "f:2:1: error: a second document begins here; a file holds one\n" },
        { "? [a]\n: b\n", "f:1:3: error: a key must be a text\n" },
        { "{a: 1}: b\n", "f:1:1: error: a key must be a text\n" },
        { "'': b\n", "f:1:1: error: a key is missing before \":\"\n" },
        { "a: \"b\\0c\"\n", "f:1:4: error: a text cannot hold a NUL character\n" },
        /* bytes */
        { "a: \xff\n", "f:1:4: error: the byte 0xff is not UTF-8: save the file as UTF-8\n" },
        { "a: \xc3\xa4\xc3\n",
          "f:1:5: error: the byte 0xc3 is not UTF-8: save the file as UTF-8\n" },
        { "\xff\xfe"
          "a",
          "f:1:1: error: this is UTF-16: save the file as UTF-8\n" },
        { "a: b\nc: \x1b[2J\n",
          "f:2:4: error: the control character 0x1b cannot stand in a configuration\n" },
        { "a: \x7f\n",
          "f:1:4: error: the control character 0x7f cannot stand in a configuration\n" },
        { "a: \xc2\x9b\n",
          "f:1:4: error: the character \"\\u{9b}\" cannot stand in a configuration\n" },
        { "a: \xef\xbb\xbf\n",
          "f:1:4: error: the character \"\xef\xbb\xbf\" cannot stand in a configuration\n" },
    };
    check_all(cases, COUNT_OF(cases));
    char *said = said_about((struct weir_str){ "a: b\n\0", 6 });
    ck_assert_str_eq(said,
                     "f:2:1: error: the control character 0x00 cannot stand in a configuration\n");
    free(said);
}
END_TEST

/* A pipeline whose places are easy to count: the entry begins in line 3, column 1. */
#define INPUT(entry) "pipelines:\n  p: {outputs: [{type: null}], inputs: [\n" entry "]}\n"
#define FILTER(entry)                                                                              \
    "pipelines:\n  p: {inputs: [{type: stdin}], outputs: [{type: null}], filters: [\n" entry "]}\n"
#define OUTPUT(entry) "pipelines:\n  p: {inputs: [{type: stdin}], outputs: [\n" entry "]}\n"
#define BUFFER(map)                                                                                \
    "pipelines:\n  p: {inputs: [{type: stdin}], outputs: [{type: null}], buffer:\n" map "}\n"
#define SERVICE(map)                                                                               \
    "pipelines: {p: {inputs: [{type: stdin}], outputs: [{type: null}]}}\nservice:\n  " map "\n"

START_TEST(options)
{
    static const struct mistake cases[] = {
        { INPUT("{type: tail, pahts: x}"),
          "f:3:1: error: option \"paths\" of input \"tail\" is missing\n"
          "f:3:14: error: unknown option \"pahts\" of input \"tail\"; did you mean \"paths\"?\n" },
        { INPUT("{type: tail, paths: x, frobnicate: 1}"),
          "f:3:24: error: unknown option \"frobnicate\" of input \"tail\"\n" },
        { INPUT("{type: tail, paths: x, Max-Line: 1}"),
          "f:3:24: error: unknown option \"Max-Line\" of input \"tail\"; did you mean \"max_line\"?\n" },
        { INPUT("{type: stdin, paths: x}"),
          "f:3:15: error: unknown option \"paths\" of input \"stdin\"\n" },
        /* sizes */
        { INPUT("{type: tail, paths: x, max_line: big}"),
          "f:3:34: error: option \"max_line\" of input \"tail\" must be a size, such as 64KiB or 10MB, "
          "not \"big\"\n" },
        { INPUT("{type: tail, paths: x, max_line: 64k}"),
          "f:3:34: error: option \"max_line\" of input \"tail\" must be a size, such as 64KiB or 10MB, "
          "not \"64k\"\n" },
        { INPUT("{type: tail, paths: x, max_line: 1023}"),
          "f:3:34: error: option \"max_line\" of input \"tail\" must be between 1KiB and 64MiB, not "
          "\"1023\"\n" },
        { INPUT("{type: tail, paths: x, max_line: 65MiB}"),
          "f:3:34: error: option \"max_line\" of input \"tail\" must be between 1KiB and 64MiB, not "
          "\"65MiB\"\n" },
        { INPUT("{type: tail, paths: x, max_line: 99999999TiB}"),
          "f:3:34: error: option \"max_line\" of input \"tail\" must be between 1KiB and 64MiB, not "
          "\"99999999TiB\"\n" },
        { INPUT("{type: tail, paths: x, max_line: [1KiB]}"),
          "f:3:34: error: option \"max_line\" of input \"tail\" must be a size, such as 64KiB or 10MB, "
          "not a list\n" },
        { INPUT("{type: tail, paths: x, max_line: }"),
          "f:3:34: error: option \"max_line\" of input \"tail\" has no value: give one, or leave the "
          "key out (\"\" is an empty text)\n" },
        { INPUT("{type: tail, paths: x, max_line: ~}"),
          "f:3:34: error: option \"max_line\" of input \"tail\" has no value: give one, or leave the "
          "key out (\"\" is an empty text)\n" },
        /* words */
        { INPUT("{type: tail, paths: x, read_from: begining}"),
          "f:3:35: error: option \"read_from\" of input \"tail\" must be one of beginning, end, not "
          "\"begining\"; did you mean \"beginning\"?\n" },
        { INPUT("{type: tail, paths: x, read_from: {a: 1}}"),
          "f:3:35: error: option \"read_from\" of input \"tail\" must be one of beginning, end, not a "
          "map\n" },
        /* lists of texts */
        { INPUT("{type: tail, paths: []}"),
          "f:3:21: error: option \"paths\" of input \"tail\" needs at least one item\n" },
        { INPUT("{type: tail, paths: {a: b}}"),
          "f:3:21: error: option \"paths\" of input \"tail\" must be a text or a list of texts, not a "
          "map\n" },
        { INPUT("{type: tail, paths: [a, [b], {c: d}, ~]}"),
          "f:3:25: error: option \"paths\" of input \"tail\" must hold texts, not a list\n"
          "f:3:30: error: option \"paths\" of input \"tail\" must hold texts, not a map\n"
          "f:3:38: error: option \"paths\" of input \"tail\" has an item without a value; write \"\" "
          "for an empty text\n" },
        /* numbers, bools */
        { FILTER("{type: parse, limit: 0x1F}"),
          "f:3:22: error: option \"limit\" of filter \"parse\" must be a whole number, not \"0x1F\"\n" },
        { FILTER("{type: parse, limit: 08}"),
          "f:3:22: error: option \"limit\" of filter \"parse\" must be a whole number, not \"08\"\n" },
        { FILTER("{type: parse, limit: 1_000}"),
          "f:3:22: error: option \"limit\" of filter \"parse\" must be a whole number, not \"1_000\"\n" },
        { FILTER("{type: parse, limit: 1e3}"),
          "f:3:22: error: option \"limit\" of filter \"parse\" must be a whole number, not \"1e3\"\n" },
        { FILTER("{type: parse, limit: 0}"),
          "f:3:22: error: option \"limit\" of filter \"parse\" must be at least 1, not \"0\"\n" },
        { FILTER("{type: parse, limit: 9999999999999999999}"),
          "f:3:22: error: option \"limit\" of filter \"parse\" must be at least 1, not "
          "\"9999999999999999999\"\n" },
        { FILTER("{type: parse, ratio: 1.5}"),
          "f:3:22: error: option \"ratio\" of filter \"parse\" must be at most 1, not \"1.5\"\n" },
        { FILTER("{type: parse, ratio: half}"),
          "f:3:22: error: option \"ratio\" of filter \"parse\" must be a number, not \"half\"\n" },
        { FILTER("{type: parse, keep: yes}"),
          "f:3:21: error: option \"keep\" of filter \"parse\" must be true or false, not \"yes\"\n" },
        { FILTER("{type: parse, pattern: [a]}"),
          "f:3:24: error: option \"pattern\" of filter \"parse\" must be a text, not a list\n" },
        { OUTPUT("{type: file, path: x, linger: 5}"),
          "f:3:31: error: option \"linger\" of output \"file\" must be a duration with units, such as "
          "500ms, 5m or 1h30m, not \"5\"\n" },
        { OUTPUT("{type: file, path: x, linger: -1s}"),
          "f:3:31: error: option \"linger\" of output \"file\" must be between 10ms and 1m, not "
          "\"-1s\"\n" },
        { OUTPUT("{type: file, path: x, linger: 5ms}"),
          "f:3:31: error: option \"linger\" of output \"file\" must be between 10ms and 1m, not "
          "\"5ms\"\n" },
        /* groups */
        { FILTER("{type: parse, time: {feild: x}}"),
          "f:3:21: error: option \"time.field\" of filter \"parse\" is missing\n"
          "f:3:22: error: unknown option \"time.feild\" of filter \"parse\"; did you mean \"field\"?\n" },
        { FILTER("{type: parse, time: x}"),
          "f:3:21: error: option \"time\" of filter \"parse\" must be a map, not \"x\"\n" },
        { FILTER("{type: parse, time: }"),
          "f:3:21: error: option \"time\" of filter \"parse\" has no value: give one, or leave the key "
          "out (\"\" is an empty text)\n" },
        /* maps of names to values */
        { FILTER("{type: context, fields: x}"),
          "f:3:25: error: option \"fields\" of filter \"context\" must be a map of names to values, not "
          "\"x\"\n" },
        { FILTER("{type: context, fields: {a: [b], c: {d: e}}}"),
          "f:3:29: error: option \"fields\" of filter \"context\" must hold plain values, but \"a\" is "
          "a list\n"
          "f:3:37: error: option \"fields\" of filter \"context\" must hold plain values, but \"c\" is "
          "a map\n" },
        /* templates and codecs */
        { OUTPUT("{type: file, path: ab@@}"),
          "f:3:22: error: option \"path\" of output \"file\" is no template: what does \"@@\" mean\n" },
        { OUTPUT("{type: file, path: [x]}"),
          "f:3:20: error: option \"path\" of output \"file\" must be a text, not a list\n" },
        { OUTPUT("{type: file, path: x, codec: jsn}"),
          "f:3:30: error: unknown codec \"jsn\"; did you mean \"json\"?\n" },
        { OUTPUT("{type: file, path: x, codec: file}"),
          "f:3:30: error: \"file\" is an output, not a codec\n" },
        { OUTPUT("{type: file, path: x, codec: [json]}"),
          "f:3:30: error: option \"codec\" of output \"file\" must be a codec's name, or a map with its "
          "\"type\", not a list\n" },
        { OUTPUT("{type: file, path: x, codec: {time_key: ts}}"),
          "f:3:30: error: option \"codec\" of output \"file\" names no codec: add \"type\"\n" },
        { OUTPUT("{type: file, path: x, codec: {type: json, time_kye: ts}}"),
          "f:3:43: error: unknown option \"time_kye\" of codec \"json\" of output \"file\"; did you mean "
          "\"time_key\"?\n" },
        { OUTPUT("{type: file, path: x, codec: {type: json, time_key: bad}}"),
          "f:3:53: error: option \"time_key\" of codec \"json\" of output \"file\": no good name\n" },
        { OUTPUT("{type: file, path: x, codec: {type: json, prefix: a, time_key: [x]}}"),
          "f:3:64: error: option \"time_key\" of codec \"json\" of output \"file\" must be a text, not "
          "a list\n" },
        { OUTPUT("{type: file, path: x, codec: text}"),
          "f:3:30: error: option \"template\" of codec \"text\" of output \"file\" is missing\n" },
        /* what a plugin says itself */
        { FILTER("{type: parse, pattern: (}"),
          "f:3:24: error: option \"pattern\" of filter \"parse\": a "
          "parenthesis is not closed\n" },
        { FILTER("{type: parse, time: {field: t, format: bad}}"),
          "f:3:40: error: option \"time.format\" of filter \"parse\": no such format\n" },
        { FILTER("{type: parse, limit: 13}"),
          "f:3:1: error: filter \"parse\": 13 brings no luck\n" },
        /* secrets are not shown */
        { OUTPUT("{type: file, path: x, password: [hunter2]}"),
          "f:3:33: error: option \"password\" of output \"file\" must be a text, not a list\n" },
        { OUTPUT("{type: file, path: x, pin: hunter2}"),
          "f:3:28: error: option \"pin\" of output \"file\" must be a whole number\n" },
        /* a long value is cut, a wild one escaped */
        { FILTER("{type: parse, limit: \"\\e[2J\"}"),
          "f:3:22: error: option \"limit\" of filter \"parse\" must be a whole number, not "
          "\"\\x1b[2J\"\n" },
        { FILTER("{type: parse, limit: "
                 "0123456789012345678901234567890123456789012345678901234567890123456789}"),
          "f:3:22: error: option \"limit\" of filter \"parse\" must be a whole number, not "
          "\"0123456789012345678901234567890123456789012345678901234567890123...\"\n" },
    };
    check_all(cases, COUNT_OF(cases));
}
END_TEST

START_TEST(pipelines)
{
    static const struct mistake cases[] = {
        { "",
          "f:1:1: error: there is no pipeline: \"pipelines\" needs at least one, with inputs and "
          "outputs\n" },
        { "# nothing\n",
          "f:1:1: error: there is no pipeline: \"pipelines\" needs at least one, with "
          "inputs and outputs\n" },
        { "pipelines:\n",
          "f:1:1: error: there is no pipeline: \"pipelines\" needs at least one, with "
          "inputs and outputs\n" },
        { "hello\n", "f:1:1: error: a configuration is a map of sections, not a text\n" },
        { "- a\n", "f:1:1: error: a configuration is a map of sections, not a list\n" },
        { "pipeline: {}\n",
          "f:1:1: error: unknown section \"pipeline\"; did you mean \"pipelines\"?\n" },
        { "frobnicate: 1\n", "f:1:1: error: unknown section \"frobnicate\"\n" },
        { "tests: []\n",
          "f:1:1: error: \"tests\": this version does not run tests yet; leave it out\n" },
        { "pipelines: [a]\n",
          "f:1:12: error: \"pipelines\" must be a map of names to pipelines, not a list\n" },
        { "pipelines: {a: b}\n", "f:1:16: error: pipeline \"a\" must be a map with \"inputs\" and "
                                 "\"outputs\", not a text\n" },
        { "pipelines:\n  a:\n", "f:2:5: error: pipeline \"a\" must be a map with \"inputs\" and "
                                "\"outputs\", not nothing\n" },
        { "pipelines: {a b: {}}\n",
          "f:1:13: error: \"a b\" is no name: letters, digits, \"_\", \"-\" and \".\", at most 64, a "
          "letter or digit first\n" },
        { "pipelines: {../x: {}}\n",
          "f:1:13: error: \"../x\" is no name: letters, digits, \"_\", \"-\" and \".\", at most 64, a "
          "letter or digit first\n" },
        { "pipelines:\n  a:\n    input: []\n",
          "f:2:3: error: pipeline \"a\" has no inputs: it needs at least one\n"
          "f:2:3: error: pipeline \"a\" has no outputs: it needs at least one\n"
          "f:3:5: error: unknown key \"input\" of pipeline \"a\"; did you mean \"inputs\"?\n" },
        { "pipelines:\n  a:\n    inputs: []\n    outputs:\n",
          "f:3:13: error: pipeline \"a\" has no inputs: it needs at least one\n"
          "f:4:13: error: pipeline \"a\" has no outputs: it needs at least one\n" },
        { "pipelines:\n  a:\n    inputs: {type: stdin}\n    outputs: x\n",
          "f:3:13: error: \"inputs\" must be a list, each entry beginning with \"- type: \", not a map\n"
          "f:4:14: error: \"outputs\" must be a list, each entry beginning with \"- type: \", not a "
          "text\n" },
        { INPUT("stdin"),
          "f:3:1: error: an entry of \"inputs\" must be a map with \"type\", not a text\n" },
        { INPUT("{id: x}"), "f:3:1: error: this input needs \"type\", its plugin's name\n" },
        { INPUT("{type: }"), "f:3:8: error: this input needs \"type\", its plugin's name\n" },
        { INPUT("{type: [tail]}"), "f:3:8: error: this input needs \"type\", its plugin's name\n" },
        { INPUT("{type: tial, paths: x}"),
          "f:3:8: error: unknown input \"tial\"; did you mean \"tail\"?\n" },
        { INPUT("{type: file}"), "f:3:8: error: \"file\" is an output, not an input\n" },
        { OUTPUT("{type: tail}"), "f:3:8: error: \"tail\" is an input, not an output\n" },
        { FILTER("{type: json}"), "f:3:8: error: \"json\" is a codec, not a filter\n" },
        /* ids */
        { INPUT("{type: stdin, id: a/b}"),
          "f:3:19: error: option \"id\" of input \"stdin\": \"a/b\" is no name: letters, digits, \"_\", "
          "\"-\" and \".\", at most 64, a letter or digit first\n" },
        { INPUT("{type: stdin, id: x},\n{type: stdin, id: x}"),
          "f:4:1: error: this input and the one in line 3 have the same id \"x\": give one of them "
          "another `id`\n" },
        { INPUT("{type: stdin, id: stdin.2},\n{type: stdin}"),
          "f:4:1: error: this input and the one in line 3 have the same id \"stdin.2\": give one of "
          "them another `id`\n" },
        /* conditions */
        { INPUT("{type: stdin, when: x}"),
          "f:3:15: error: option \"when\" of input \"stdin\": an input has no condition: put `when` on "
          "a filter or an output, or use the filter `grep`\n" },
        { OUTPUT("{type: null, when: 'a @@'}"),
          "f:3:23: error: option \"when\" of output \"null\": what does \"@@\" mean\n" },
        { OUTPUT("{type: null, when: \"$$$${A:-@@}\"}"),
          "f:3:20: error: option \"when\" of output \"null\": what does \"@@\" mean\n" },
        { FILTER("{type: context, when: [x]}"),
          "f:3:23: error: option \"when\" of filter \"context\" must be a text, not a list\n" },
        /* buffers */
        { BUFFER("{memory: 1}"),
          "f:3:10: error: option \"memory\" of the buffer of pipeline \"p\" must "
          "be between 1MiB and 1TiB, not \"1\"\n" },
        { BUFFER("[]"), "f:3:1: error: \"buffer\" must be a map, not a list\n" },
        { BUFFER("{memroy: 1MiB}"),
          "f:3:2: error: unknown option \"memroy\" of the buffer of pipeline "
          "\"p\"; did you mean \"memory\"?\n" },
        { BUFFER("{}, dead_letter: []"),
          "f:3:18: error: \"dead_letter\" must be a map, not a list\n" },
        { BUFFER("{}, dead_letter: {max_size: 1KiB}"),
          "f:3:29: error: option \"max_size\" of the dead letters of pipeline \"p\" must be 0, or at "
          "least 1MiB, not \"1KiB\"\n" },
        { BUFFER("{}, dead_letter: {size: 1MiB}"),
          "f:3:19: error: unknown option \"size\" of the dead letters of pipeline \"p\"\n" },
        { BUFFER("{}, dead_letters: {}"),
          "f:3:5: error: unknown key \"dead_letters\" of pipeline \"p\"; did you mean "
          "\"dead_letter\"?\n" },
        /* disk tiers */
        { BUFFER("{disk: 1023KiB}"),
          "f:3:8: error: option \"disk\" of the buffer of pipeline \"p\" must be 0, or at least 1MiB, "
          "not \"1023KiB\"\n" },
        { BUFFER("{disk: 2PiB}"),
          "f:3:8: error: option \"disk\" of the buffer of pipeline \"p\" must be at most 1PiB, not "
          "\"2PiB\"\n" },
        { BUFFER("{disk: 0, when_full: drop_oldest,\ndurable: true,\nfsync: 1s,\nretention: 1h,\n"
                 "retention_size: 1MiB,\ncompression: lz4,\nshed: {debug: 50}}"),
          "f:3:11: error: option \"when_full\" of the buffer of pipeline \"p\" needs a disk tier: give "
          "\"disk\" a size, or leave this out\n"
          "f:4:1: error: option \"durable\" of the buffer of pipeline \"p\" needs a disk tier: give "
          "\"disk\" a size, or leave this out\n"
          "f:5:1: error: option \"fsync\" of the buffer of pipeline \"p\" needs a disk tier: give "
          "\"disk\" a size, or leave this out\n"
          "f:6:1: error: option \"retention\" of the buffer of pipeline \"p\" needs a disk tier: give "
          "\"disk\" a size, or leave this out\n"
          "f:7:1: error: option \"retention_size\" of the buffer of pipeline \"p\" needs a disk tier: "
          "give \"disk\" a size, or leave this out\n"
          "f:8:1: error: option \"compression\" of the buffer of pipeline \"p\" needs a disk tier: give "
          "\"disk\" a size, or leave this out\n"
          "f:9:1: error: option \"shed\" of the buffer of pipeline \"p\" needs a disk tier: give "
          "\"disk\" a size, or leave this out\n" },
        { BUFFER("{durable: true}"),
          "f:3:2: error: option \"durable\" of the buffer of pipeline \"p\" needs a disk tier: give "
          "\"disk\" a size, or leave this out\n" },
        { BUFFER("{disk: 1MiB, when_full: drop}"),
          "f:3:25: error: option \"when_full\" of the buffer of pipeline \"p\" must be one of block, "
          "drop_oldest, drop_newest, not \"drop\"\n" },
        { BUFFER("{disk: 1MiB, fsync: always}"),
          "f:3:21: error: option \"fsync\" of the buffer of pipeline \"p\" must be batch, never, or a "
          "duration from 10ms to 1h, not \"always\"\n" },
        { BUFFER("{disk: 1MiB, fsync: 9ms}"),
          "f:3:21: error: option \"fsync\" of the buffer of pipeline \"p\" must be batch, never, or a "
          "duration from 10ms to 1h, not \"9ms\"\n" },
        { BUFFER("{disk: 1MiB, fsync: 61m}"),
          "f:3:21: error: option \"fsync\" of the buffer of pipeline \"p\" must be batch, never, or a "
          "duration from 10ms to 1h, not \"61m\"\n" },
        { BUFFER("{disk: 1MiB, durable: true, fsync: never}"),
          "f:3:36: error: option \"fsync\" of the buffer of pipeline \"p\" must be batch or a duration "
          "where \"durable\" is true, not \"never\"\n" },
        { BUFFER("{disk: 1MiB, retention_size: 1MiB}"),
          "f:3:30: error: option \"retention_size\" of the buffer of pipeline \"p\" must be 0 where "
          "\"retention\" is, which keeps nothing, not \"1MiB\"\n" },
        { BUFFER("{disk: 1MiB, shed: {debug: 0, warn: 101}}"),
          "f:3:28: error: option \"shed.debug\" of the buffer of pipeline \"p\" must be between 1 and "
          "100, not \"0\"\n"
          "f:3:37: error: option \"shed.warn\" of the buffer of pipeline \"p\" must be between 1 and "
          "100, not \"101\"\n" },
        { BUFFER("{disk: 1MiB, shed: {warn: 60, debug: 70}}"),
          "f:3:27: error: option \"shed.warn\" of the buffer of pipeline \"p\" must be at least that of "
          "debug, 70, not \"60\"\n" },
        { BUFFER("{disk: 1MiB, shed: {error: 90}}"),
          "f:3:21: error: unknown option \"shed.error\" of the buffer of pipeline \"p\"\n" },
        { BUFFER("{memory: 55MiB, disk: 1MiB}"),
          "f:1:1: error: the pipelines' buffers and the reserve need 55MiB for p + 1 x 2MiB "
          "for disk tiers + 8MiB in reserve = 65MiB, but service.memory_limit is 64MiB: raise it, or give the pipelines "
          "less buffer.memory\n" },
        /* the sum */
        { BUFFER("{memory: 57MiB}"),
          "f:1:1: error: the pipelines' buffers and the reserve need 57MiB for p + 8MiB in "
          "reserve = 65MiB, but "
          "service.memory_limit is 64MiB: raise it, or give the pipelines less buffer.memory\n" },
        { BUFFER("{memory: 20MiB}") "  q: {inputs: [{type: stdin}], outputs: [{type: null}]}\n"
                                    "service:\n  memory_limit: 20MiB\n",
          "f:6:17: error: the pipelines' buffers and the reserve need 20MiB for p + 1MiB for q + "
          "8MiB in reserve = 29MiB, but "
          "service.memory_limit is 20MiB: raise it, or give the pipelines less buffer.memory\n" },
        { "pipelines:\n  p: {inputs: [{type: stdin}], outputs: [{type: heavy}, {type: heavy}]}\n",
          "f:1:1: error: the pipelines' buffers, what their plugins use and the reserve need 1MiB for p + "
          "80MiB for plugins + 8MiB in reserve = 89MiB, but service.memory_limit is 64MiB: raise it, or give the pipelines "
          "less buffer.memory\n" },
        /* a plugin that cannot be had */
        { OUTPUT("{type: broken}"),
          "f:3:8: error: output \"broken\" cannot be used: broken.so is not there\n" },
    };
    check_all(cases, COUNT_OF(cases));
}
END_TEST

START_TEST(service)
{
    static const struct mistake cases[] = {
        { SERVICE("data_dri: x"),
          "f:3:3: error: unknown option \"data_dri\" of service; did you mean \"data_dir\"?\n" },
        { SERVICE("memory_limit: 1MiB"),
          "f:3:17: error: option \"memory_limit\" of service must be "
          "between 10MiB and 1TiB, not \"1MiB\"\n" },
        { SERVICE("messages: {level: trace, form: x}"),
          "f:3:21: error: option \"messages.level\" of service must be one of debug, info, warn, error, "
          "not \"trace\"\n"
          "f:3:28: error: unknown option \"messages.form\" of service; did you mean \"format\"?\n" },
        { SERVICE("admin: off"), "f:3:10: error: option \"admin\" of service must be a map, not "
                                 "\"off\"\n" },
        { SERVICE("admin: {listen: nowhere}"),
          "f:3:19: error: option \"admin.listen\" of service: no address\n" },
        { "service: x\n", "f:1:10: error: \"service\" must be a map, not a text\n" },
        { SERVICE("data_dir: ${WEIR_TEST}"),
          "f:3:13: error: the variable WEIR_TEST is not set: set it, or give a default, "
          "\"${WEIR_TEST:-...}\"; for a record's field write \"$${WEIR_TEST}\"\n" },
        { SERVICE("data_dir: ${file:/etc/hostname}"),
          "f:3:13: error: files cannot be read here\n" },
        { "include: x.yaml\n", "f:1:10: error: files cannot be included here\n" },
        { "include:\n", "f:1:9: error: \"include\" must name files, such as conf.d/*.yaml, not "
                        "nothing\n" },
        { "include: {a: b}\n",
          "f:1:10: error: \"include\" must name files, such as conf.d/*.yaml, not a "
          "map\n" },
    };
    check_all(cases, COUNT_OF(cases));
}
END_TEST

START_TEST(all_of_them_at_once)
{
    char *said = said_about(WEIR_STR("servce: {}\n"
                                     "service:\n"
                                     "  memory_limit: lots\n"
                                     "pipelines:\n"
                                     "  a:\n"
                                     "    inputs:\n"
                                     "      - type: tail\n"
                                     "        paths: [a]\n"
                                     "        max_line: ${NOT_SET}\n"
                                     "      - type: tial\n"
                                     "    filters:\n"
                                     "      - {type: parse, keep: maybe, when: '@@'}\n"
                                     "    outputs:\n"
                                     "      - {type: file, path: '@@', codec: {type: jsn}}\n"));
    ck_assert_str_eq(
        said,
        "f:1:1: error: unknown section \"servce\"; did you mean \"service\"?\n"
        "f:3:17: error: option \"memory_limit\" of service must be a size, such as 64KiB or 10MB, not "
        "\"lots\"\n"
        "f:9:19: error: the variable NOT_SET is not set: set it, or give a default, "
        "\"${NOT_SET:-...}\"; for a record's field write \"$${NOT_SET}\"\n"
        "f:10:15: error: unknown input \"tial\"; did you mean \"tail\"?\n"
        "f:12:29: error: option \"keep\" of filter \"parse\" must be true or false, not \"maybe\"\n"
        "f:12:43: error: option \"when\" of filter \"parse\": what does \"@@\" mean\n"
        "f:14:29: error: option \"path\" of output \"file\" is no template: what does \"@@\" mean\n"
        "f:14:48: error: unknown codec \"jsn\"; did you mean \"json\"?\n");
    free(said);
}
END_TEST

/* Texts that grow when they are read: each must be refused soon, whatever its form. */
static char *repeat(const char *piece, size_t times, const char *end)
{
    size_t len = strlen(piece);
    char *text = malloc(len * times + strlen(end) + 1);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * len, piece, len);
    strcpy(text + len * times, end);
    return text;
}

START_TEST(bombs)
{
    static const struct {
        const char *piece;
        size_t times;
        const char *end, *want;
    } cases[] = {
        { "{", 100000, "", "a key must be a text" },
        { "[", 100000, "", "nested more than 64 deep" },
        { "[\n", 100000, "", "nested more than 64 deep" },
        { "{a: ", 100000, "", "nested more than 64 deep" },
        { "- ", 100000, "", "nested more than 64 deep" },
        { "? ", 100000, "", "a key must be a text" },
        { "a: 1\n", 200000, "", "more than 50000 keys and values" },
        { "- a\n", 200000, "", "more than 50000 keys and values" },
        { "\"", 500001, "", "f:" },
        { ",a", 200000, "", "f:1:1: error: " },
        { "a: 1\n---\n", 100000, "", "a second document begins here" },
        { "#", 1024 * 1024 + 1, "", "longer than 1024 KiB" },
        { "a: &a {b: *a, c: *a}\n", 40000, "", "anchors" },
        { "[", 63, "]", "f:" },
        { "a", 1000000, ": b", "f:" },
        { "!", 1000000, "", "f:" },
        { "%a ", 300000, "", "f:" },
        { "a: |\n ", 100000, "", "f:" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char *text = repeat(cases[i].piece, cases[i].times, cases[i].end);
        struct timespec from, to;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
        char *said = said_about(weir_str_of(text));
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
        ck_assert_msg(strstr(said, cases[i].want) != NULL, "%zu: %s", i, said);
        ck_assert_msg(strlen(said) < 100000, "%zu", i);
        ck_assert_msg(to.tv_sec - from.tv_sec < 10, "%zu took %ld s", i, to.tv_sec - from.tv_sec);
        free(said);
        free(text);
    }
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("mistakes");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, yaml);
    tcase_add_test(tc, options);
    tcase_add_test(tc, pipelines);
    tcase_add_test(tc, service);
    tcase_add_test(tc, all_of_them_at_once);
    tcase_add_test(tc, bombs);
    Suite *suite = suite_create("config/mistakes");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
