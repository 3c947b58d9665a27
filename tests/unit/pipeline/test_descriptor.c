/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/descriptor.h"

#include <check.h>

#include "pipeline/registry.h"
#include "support/check_main.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

struct state {
    char *text;
    int64_t number;
    bool flag;
    int word;
};

static void apply(void *state, struct weir_batch *batch)
{
    (void)state;
    (void)batch;
}

static const char *const words[] = { "one", "two", NULL };

/* A filter with one option, which a test may spoil. */
static struct weir_plugin plugin_with(const struct weir_option *options)
{
    return (struct weir_plugin){
        .abi = WEIR_PLUGIN_ABI,
        .kind = WEIR_FILTER,
        .name = "test",
        .summary = "For this test.",
        .state_size = sizeof(struct state),
        .options = options,
        .filter = { .apply = apply },
    };
}

static void expect(const struct weir_plugin *plugin, const char *want)
{
    struct weir_error err = { 0 };
    int r = descriptor_check(plugin, &err);
    ck_assert_msg((r == 0) == (want == NULL), "%s: %s", want ? want : "good", err.text);
    if (want)
        ck_assert_msg(strstr(err.text, want), "\"%s\" is not in: %s", want, err.text);
}

#define NUMBER .offset = offsetof(struct state, number), .help = "Help."
#define TEXT .offset = offsetof(struct state, text), .help = "Help."

START_TEST(an_option_row_must_hold_together)
{
    static const struct {
        struct weir_option option;
        const char *wrong;
    } cases[] = {
        { { "n", WEIR_INT, NUMBER, .def = "5", .min = "5", .max = "7" }, NULL },
        { { "d", WEIR_DURATION, NUMBER, .def = "1h30m", .max = "2h" }, NULL },
        { { "s", WEIR_SIZE, NUMBER, .def = "64KiB" }, NULL },
        { { "f", WEIR_NUMBER, NUMBER, .def = "0.5", .min = "-1e3" }, NULL },
        { { "t", WEIR_TEXT, TEXT, .def = "anything" }, NULL },
        { { "t", WEIR_TEXT, TEXT, .required = true }, NULL },
        { { "e", WEIR_ENUM, .offset = offsetof(struct state, word), .choices = words, .def = "two",
            .help = "Help." },
          NULL },
        { { "Name", WEIR_TEXT, TEXT }, "\"Name\": its name" },
        { { "a.b", WEIR_TEXT, TEXT }, "\"a.b\": its name" },
        { { "", WEIR_TEXT, TEXT }, "its name" },
        { { "when", WEIR_TEXT, TEXT }, "of that name already" },
        { { "type", WEIR_TEXT, TEXT }, "of that name already" },
        { { "t", (enum weir_type)99, TEXT }, "its type" },
        { { "t", WEIR_TEXT, .help = "Help.", .offset = sizeof(struct state) }, "outside" },
        { { "t", WEIR_TEXT, .help = "Help.", .offset = sizeof(struct state) - 4 }, "outside" },
        { { "t", WEIR_TEXT, .help = "Help.", .offset = SIZE_MAX - 3 }, "outside" },
        { { "n", WEIR_INT, .help = "Help.", .offset = 1 }, "offset" },
        { { "t", WEIR_TEXT, TEXT, .required = true, .def = "x" }, "required and has a default" },
        { { "t", WEIR_TEXT, .offset = 0 }, "no help" },
        { { "t", WEIR_TEXT, TEXT, .min = "1" }, "bounds" },
        { { "s", WEIR_SIZE, NUMBER, .unit = "bytes" }, "need a unit" },
        { { "n", WEIR_INT, NUMBER, .def = "5s" }, "default is not of its type" },
        { { "d", WEIR_DURATION, NUMBER, .def = "5" }, "default is not of its type" },
        { { "n", WEIR_INT, NUMBER, .min = "x" }, "minimum is not of its type" },
        { { "s", WEIR_SIZE, NUMBER, .max = "-1" }, "maximum is not of its type" },
        { { "n", WEIR_INT, NUMBER, .min = "2", .max = "1" }, "minimum is above" },
        { { "n", WEIR_INT, NUMBER, .def = "4", .min = "5" }, "out of its bounds" },
        { { "n", WEIR_INT, NUMBER, .def = "8", .max = "7" }, "out of its bounds" },
        { { "b", WEIR_BOOL, .offset = offsetof(struct state, flag), .def = "yes", .help = "H." },
          "true nor false" },
        { { "e", WEIR_ENUM, .offset = offsetof(struct state, word), .help = "Help." },
          "no choices" },
        { { "e", WEIR_ENUM, .offset = offsetof(struct state, word), .choices = words,
            .def = "three", .help = "Help." },
          "not among its choices" },
        { { "g", WEIR_GROUP, .help = "Help." }, "a group has a table" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct weir_option options[] = { cases[i].option, { 0 } };
        struct weir_plugin plugin = plugin_with(options);
        expect(&plugin, cases[i].wrong);
    }
}
END_TEST

START_TEST(tables_may_be_nested_a_little)
{
    static const struct weir_option inner[] = { { "t", WEIR_TEXT, TEXT }, { 0 } };
    static const struct weir_option outer[] = {
        { "g", WEIR_GROUP, .group = inner, .help = "Help." }, { 0 }
    };
    struct weir_plugin plugin = plugin_with(outer);
    expect(&plugin, NULL);

    static const struct weir_option wrong[] = { { "t", WEIR_TEXT, TEXT, .max = "1" }, { 0 } };
    static const struct weir_option outer_of_wrong[] = {
        { "g", WEIR_GROUP, .group = wrong, .help = "Help." }, { 0 }
    };
    plugin = plugin_with(outer_of_wrong);
    expect(&plugin, "option \"g.t\": only numbers");

    struct weir_option circle[] = { { "g", WEIR_GROUP, .help = "Help." }, { 0 } };
    circle[0].group = circle;
    plugin = plugin_with(circle);
    expect(&plugin, "nested more than");

    static const struct weir_option twice[] = {
        { "t", WEIR_TEXT, TEXT }, { "n", WEIR_INT, NUMBER }, { "t", WEIR_TEXT, TEXT }, { 0 }
    };
    plugin = plugin_with(twice);
    expect(&plugin, "option \"t\": it is there twice");
}
END_TEST

START_TEST(a_descriptor_must_hold_together)
{
    struct weir_plugin plugin = plugin_with(NULL);
    expect(&plugin, NULL);
    plugin.abi = WEIR_PLUGIN_ABI + 1;
    expect(&plugin, "build it again");

    static const char *const names[] = { NULL,    "",    "Test",
                                         "te-st", "1st", "a_name_that_is_much_too_long_for_one" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        plugin = plugin_with(NULL);
        plugin.name = names[i];
        expect(&plugin, "its name");
    }
    plugin = plugin_with(NULL);
    plugin.summary = NULL;
    expect(&plugin, "no summary");
    plugin = plugin_with(NULL);
    plugin.state_size = DESCRIPTOR_STATE_BYTES_MAX + 1;
    expect(&plugin, "its state");
    plugin = plugin_with(NULL);
    plugin.kind = 0;
    expect(&plugin, "its kind is 0");
    plugin.kind = (enum weir_kind)5;
    expect(&plugin, "its kind is 5");

    static const struct {
        enum weir_kind kind;
        const char *wrong;
    } kinds[] = {
        { WEIR_INPUT, "input \"test\" has no callback \"start\"" },
        { WEIR_FILTER, "filter \"test\" has no callback \"apply\"" },
        { WEIR_OUTPUT, "output \"test\" has no callback \"deliver\"" },
        { WEIR_CODEC_PLUGIN, "codec \"test\" has no callback \"encode\"" },
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        plugin = plugin_with(NULL);
        memset(&plugin.input, 0, sizeof(plugin.input));
        plugin.kind = kinds[i].kind;
        expect(&plugin, kinds[i].wrong);
    }
}
END_TEST

START_TEST(every_built_in_plugin_holds_together)
{
    struct weir_error err = { 0 };
    for (size_t i = 0; weir_builtin_plugins[i]; i++)
        ck_assert_msg(descriptor_check(weir_builtin_plugins[i], &err) == 0, "%s: %s",
                      weir_builtin_plugins[i]->name, err.text);
}
END_TEST

int main(void)
{
    TCase *tc = tcase_create("descriptor");
    tcase_add_test(tc, an_option_row_must_hold_together);
    tcase_add_test(tc, tables_may_be_nested_a_little);
    tcase_add_test(tc, a_descriptor_must_hold_together);
    tcase_add_test(tc, every_built_in_plugin_holds_together);
    Suite *suite = suite_create("pipeline/descriptor");
    suite_add_tcase(suite, tc);
    return check_main(suite);
}
