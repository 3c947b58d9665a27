/* SPDX-License-Identifier: Apache-2.0 */
/* What a file becomes, node by node; what is wrong with files is in test_mistakes.c. */
#include "config/yaml.h"

#include <check.h>

#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct reading {
    struct memory *memory;
    struct diagnostics *diag;
    struct node *root;
};

static struct reading read_text(const char *text)
{
    struct reading reading = { memory_new(), diagnostics_new(), NULL };
    reading.root = yaml_read(reading.memory, "f", weir_str_of(text), reading.diag);
    ck_assert_uint_eq(diagnostics_count(reading.diag), 0);
    ck_assert_ptr_nonnull(reading.root);
    return reading;
}

static void reading_free(struct reading *reading)
{
    memory_free(reading->memory);
    diagnostics_free(reading->diag);
}

START_TEST(scalars)
{
    static const struct {
        const char *text, *value;
        bool quoted, empty;
        unsigned text_column; /* 0: its bytes have no places of their own */
    } cases[] = {
        { "a: b", "b", false, false, 4 },
        { "a: b # c", "b", false, false, 4 },
        { "a: 08", "08", false, false, 4 },
        { "a: no", "no", false, false, 4 },
        { "a: null", "null", false, false, 4 },
        { "a: ~", "~", false, true, 4 },
        { "a:", "", false, true, 3 },
        { "a: ''", "", true, false, 5 },
        { "a: '~'", "~", true, false, 5 },
        { "a: \"b\"", "b", true, false, 5 },
        { "a: 'it''s'", "it's", true, false, 0 },
        { "a: \"\\t\"", "\t", true, false, 0 },
        { "a: \xc3\xa4\xe2\x82\xac", "\xc3\xa4\xe2\x82\xac", false, false, 4 },
        { "a: b\n  c", "b c", false, false, 0 },
        { "a: |\n  b\n  c\n", "b\nc\n", true, false, 0 },
        { "a: >-\n  b\n  c\n", "b c", true, false, 0 },
        { "a: b\r\n", "b", false, false, 4 },
        { "a: http://x:1/#y", "http://x:1/#y", false, false, 4 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reading reading = read_text(cases[i].text);
        const struct node *node = node_find(reading.root, WEIR_STR("a"));
        ck_assert_ptr_nonnull(node);
        ck_assert_int_eq(node->kind, NODE_SCALAR);
        ck_assert_str_eq(node->text.ptr, cases[i].value);
        ck_assert_uint_eq(node->text.len, strlen(cases[i].value));
        ck_assert_msg(node->quoted == cases[i].quoted, "%s", cases[i].text);
        ck_assert_msg(node_is_empty(node) == cases[i].empty, "%s", cases[i].text);
        ck_assert_msg(node->text_column == cases[i].text_column, "%s: %u", cases[i].text,
                      node->text_column);
        reading_free(&reading);
    }
}
END_TEST

START_TEST(places)
{
    struct reading reading = read_text("# head\n"
                                       "a:\n"
                                       "  - x\n"
                                       "  - {k: v, \"l\": [1, 2]}\n"
                                       "b: \xc3\xa4\xc3\xb6z\n");
    const struct node *a = reading.root->first, *b = a->next;
    ck_assert_uint_eq(reading.root->place.line, 2);
    ck_assert_uint_eq(reading.root->count, 2);
    ck_assert_str_eq(a->key, "a");
    ck_assert_int_eq(a->kind, NODE_LIST);
    ck_assert_uint_eq(a->count, 2);
    ck_assert_uint_eq(a->key_place.line, 2);
    ck_assert_uint_eq(a->key_place.column, 1);
    ck_assert_uint_eq(a->first->place.line, 3);
    ck_assert_uint_eq(a->first->place.column, 5);
    const struct node *l = node_find(a->first->next, WEIR_STR("l"));
    ck_assert_uint_eq(l->key_place.line, 4);
    ck_assert_uint_eq(l->key_place.column, 12);
    ck_assert_uint_eq(l->place.column, 17);
    ck_assert_str_eq(l->place.file, "f");
    ck_assert_uint_eq(l->first->next->place.column, 21);
    ck_assert_ptr_null(node_find(reading.root, WEIR_STR("l")));
    /* The third character, five bytes in. */
    ck_assert_uint_eq(node_place_of(b, 4).column, 6);
    ck_assert_uint_eq(node_place_of(b, 4).line, 5);
    ck_assert_uint_eq(node_place_of(b, 1000).column, 7);
    reading_free(&reading);
}
END_TEST

START_TEST(nothing_is_an_empty_map)
{
    static const char *const texts[] = { "", "\n", "# only a comment\n", "   \n" };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct reading reading = read_text(texts[i]);
        ck_assert_int_eq(reading.root->kind, NODE_MAP);
        ck_assert_uint_eq(reading.root->count, 0);
        ck_assert_uint_eq(reading.root->place.line, 1);
        reading_free(&reading);
    }
    struct reading reading = read_text("%YAML 1.1\n---\na: b\n...\n");
    ck_assert_uint_eq(reading.root->count, 1);
    reading_free(&reading);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("yaml");
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, scalars);
    tcase_add_test(tc, places);
    tcase_add_test(tc, nothing_is_an_empty_map);
    Suite *suite = suite_create("config/yaml");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
