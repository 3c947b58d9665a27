/* SPDX-License-Identifier: Apache-2.0 */
#include "config/describe.h"

#include <check.h>
#include <jansson.h>

#include "fake_plugins.h"
#include "support/check_main.h"

struct page {
    FILE *out;
    char *text;
    size_t len;
};

static FILE *page_open(struct page *page)
{
    page->out = open_memstream(&page->text, &page->len);
    return page->out;
}

static void page_is(struct page *page, const char *want)
{
    fclose(page->out);
    ck_assert_msg(strcmp(page->text, want) == 0, "%s", page->text);
    free(page->text);
}

/* Of these pages only what must be in them. */
static void page_has(struct page *page, const char *const *lines)
{
    fclose(page->out);
    for (; *lines; lines++)
        ck_assert_msg(strstr(page->text, *lines) != NULL, "no %s in\n%s", *lines, page->text);
    free(page->text);
}

START_TEST(a_plugin_on_a_terminal)
{
    struct page page;
    describe_plugin_text(&fake_parse, page_open(&page));
    page_is(&page,
            "filter parse\n"
            "Takes lines apart.\n"
            "\n"
            "  pattern: text\n"
            "      A regular expression.\n"
            "  time: group\n"
            "      Where the record's time is.\n"
            "  time.field: text, required\n"
            "      The field that holds the time.\n"
            "  time.format: text, default rfc3339\n"
            "      How it is written.\n"
            "  time.zone: text, default UTC\n"
            "      Its zone | when it names none.\n"
            "  limit: whole number, at least 1 matches, default 10\n"
            "      How often it may match.\n"
            "  ratio: number, at most 1\n"
            "      A share.\n"
            "  keep: true or false, default false\n"
            "      Keep what was read.\n"
            "\n"
            "Every filter also has:\n"
            "\n"
            "  type: text, required\n"
            "      The plugin's name.\n"
            "  id: text\n"
            "      What it is called in messages, metrics and committed positions. Without\n"
            "      it: the type, and for the second of a type `type.2`.\n"
            "  when: text\n"
            "      A condition, such as `level == \"error\" and status >= 500`: only records of\n"
            "      which it holds are given to this filter or output.\n");
    static const char *const tail[] = { "  read_from: one of beginning or end, default beginning\n",
                                        "  max_line: size, 1KiB to 64MiB, default 1MiB\n",
                                        "  paths: text or list of texts, required\n",
                                        "Every input also has:\n", NULL };
    describe_plugin_text(&fake_tail, page_open(&page));
    page_has(&page, tail);
    static const char *const file[] = { "  password: text, secret\n",
                                        "  path: template, required\n",
                                        "  codec: codec, default json\n", NULL };
    describe_plugin_text(&fake_file, page_open(&page));
    page_has(&page, file);
    static const char *const nothing[] = { "  It has no options of its own.\n", NULL };
    describe_plugin_text(&fake_null, page_open(&page));
    page_has(&page, nothing);
}
END_TEST

START_TEST(a_plugin_in_the_reference)
{
    struct page page;
    describe_plugin_markdown(&fake_parse, page_open(&page));
    page_is(
        &page,
        "<!-- Made from the option tables; change them, not this file. -->\n"
        "# filter `parse`\n"
        "\n"
        "Takes lines apart.\n"
        "\n"
        "| option | type | default | meaning |\n"
        "| --- | --- | --- | --- |\n"
        "| `pattern` | text |  | A regular expression. |\n"
        "| `time` | group |  | Where the record's time is. |\n"
        "| `time.field` | text | required | The field that holds the time. |\n"
        "| `time.format` | text | `rfc3339` | How it is written. |\n"
        "| `time.zone` | text | `UTC` | Its zone \\| when it names none. |\n"
        "| `limit` | whole number, at least 1 matches | `10` | How often it may match. |\n"
        "| `ratio` | number, at most 1 |  | A share. |\n"
        "| `keep` | true or false | `false` | Keep what was read. |\n"
        "\n"
        "`type` and `id`, and `when`, are [options of every filter](../configuration.md#entries).\n");
}
END_TEST

START_TEST(the_file_itself)
{
    static const char *const lines[] = {
        "| `memory_limit` | size, 10MiB to 1TiB | `64MiB` | What all pipelines together may use.",
        "| `messages.level` | one of debug, info, warn or error | `info` | ",
        "| `when` | text |  | A condition,",
        "| `memory` | size, 1MiB to 1TiB |  | What the pipeline may hold in memory;",
        "| `shed.info` | whole number, 1 to 100 % of disk |  | From this fill",
        "## dead_letter\n\n| option | type | default | meaning |\n| --- | --- | --- | --- |\n"
        "| `max_size` | size, at most 1PiB | `100MiB` | ",
        NULL,
    };
    static const char *const text[] = { "  shutdown_timeout: duration, 0s to 1h, default 30s\n",
                                        "  memory: size, 1MiB to 1TiB\n",
                                        "  disk: size, at most 1PiB, default 0\n",
                                        "  max_size: size, at most 1PiB, default 100MiB\n", NULL };
    struct page page;
    describe_file_markdown(page_open(&page));
    page_has(&page, lines);
    describe_file_text(page_open(&page));
    page_has(&page, text);
}
END_TEST

START_TEST(all_of_them)
{
    struct page page;
    describe_index_markdown(&fake_hooks, page_open(&page));
    page_is(&page, "<!-- Made from the option tables; change them, not this file. -->\n"
                   "# Reference\n"
                   "\n"
                   "- [The configuration file](configuration.md)\n"
                   "- [The command line](command-line.md)\n"
                   "- [Metrics](metrics.md)\n"
                   "\n"
                   "## inputs\n"
                   "\n"
                   "- [`tail`](inputs/tail.md): Reads files.\n"
                   "- [`stdin`](inputs/stdin.md): Reads standard input.\n"
                   "\n"
                   "## filters\n"
                   "\n"
                   "- [`parse`](filters/parse.md): Takes lines apart.\n"
                   "- [`context`](filters/context.md): Adds fields.\n"
                   "\n"
                   "## outputs\n"
                   "\n"
                   "- [`file`](outputs/file.md): Writes files.\n"
                   "- [`null`](outputs/null.md): Takes everything.\n"
                   "\n"
                   "## codecs\n"
                   "\n"
                   "- [`json`](codecs/json.md): An object a line.\n"
                   "- [`text`](codecs/text.md): A line of text.\n");
}
END_TEST

START_TEST(for_programs)
{
    struct page page;
    describe_plugins_json(&fake_hooks, NULL, page_open(&page));
    fclose(page.out);
    json_t *array = json_loads(page.text, 0, NULL);
    ck_assert_uint_eq(json_array_size(array), 8);
    const json_t *tail = json_array_get(array, 0), *row;
    ck_assert_str_eq(json_string_value(json_object_get(tail, "kind")), "input");
    ck_assert_str_eq(json_string_value(json_object_get(tail, "name")), "tail");
    row = json_array_get(json_object_get(tail, "options"), 3);
    ck_assert_str_eq(json_string_value(json_object_get(row, "name")), "max_line");
    ck_assert_str_eq(json_string_value(json_object_get(row, "type")), "size");
    ck_assert_str_eq(json_string_value(json_object_get(row, "default")), "1MiB");
    ck_assert_str_eq(json_string_value(json_object_get(row, "max")), "64MiB");
    ck_assert(json_is_false(json_object_get(row, "required")));
    ck_assert_ptr_null(json_object_get(row, "choices"));
    json_decref(array);
    free(page.text);

    describe_plugins_json(&fake_hooks, &fake_parse, page_open(&page));
    fclose(page.out);
    array = json_loads(page.text, 0, NULL);
    ck_assert_uint_eq(json_array_size(array), 1);
    row = json_array_get(json_object_get(json_array_get(array, 0), "options"), 1);
    ck_assert_str_eq(json_string_value(json_object_get(row, "type")), "group");
    ck_assert_uint_eq(json_array_size(json_object_get(row, "options")), 3);
    json_decref(array);
    free(page.text);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("describe");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, a_plugin_on_a_terminal);
    tcase_add_test(tc, a_plugin_in_the_reference);
    tcase_add_test(tc, the_file_itself);
    tcase_add_test(tc, all_of_them);
    tcase_add_test(tc, for_programs);
    Suite *suite = suite_create("config/describe");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
