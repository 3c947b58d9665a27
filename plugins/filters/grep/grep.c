/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the records that match, or those that do not.
 *
 * A batch of plain lines stays one: its lines are matched where they stand. A record without the field
 * matches nothing: `include` drops it, `exclude` does not. One that takes too long to match is kept, since
 * nothing is known about it, and counted. */
#include <weir/plugin.h>
#include <weir/regex.h>

#include <errno.h>
#include <stdlib.h>

static const char *const match_words[] = { "any", "all", NULL };
enum match { MATCH_ANY, MATCH_ALL };

struct patterns {
    struct weir_regex **items;
    size_t count;
};

struct filter_grep {
    /* Options. */
    struct weir_texts include_texts, exclude_texts;
    char *field;
    int match; /* enum match */

    /* Made by open. */
    struct weir_host *host;
    struct patterns include, exclude;
    struct weir_str field_name;
    struct weir_counter *gave_up;
};

static const struct weir_option options[] = {
    { .name = "include",
      .type = WEIR_TEXT_LIST,
      .offset = offsetof(struct filter_grep, include_texts),
      .help =
          "Regular expressions (PCRE2, on bytes): records that match are kept, others dropped." },
    { .name = "exclude",
      .type = WEIR_TEXT_LIST,
      .offset = offsetof(struct filter_grep, exclude_texts),
      .help = "Regular expressions: records that match any of them are dropped." },
    { .name = "match",
      .type = WEIR_ENUM,
      .offset = offsetof(struct filter_grep, match),
      .choices = match_words,
      .def = "any",
      .help = "Whether a record must match any or all of `include`." },
    { .name = "field",
      .type = WEIR_TEXT,
      .offset = offsetof(struct filter_grep, field),
      .def = "message",
      .help =
          "The field whose text is matched, or a path into a nested one (`http.request.method`)." },
    { 0 },
};

static void patterns_free(struct patterns *patterns)
{
    for (size_t i = 0; patterns->items && i < patterns->count; i++)
        weir_regex_free(patterns->items[i]);
    free(patterns->items);
    *patterns = (struct patterns){ 0 };
}

static int patterns_make(struct patterns *patterns, const struct weir_texts *texts,
                         const char *option, struct weir_error *err)
{
    if (!texts->count)
        return 0;
    patterns->items = calloc(texts->count, sizeof(struct weir_regex *));
    if (!patterns->items)
        return weir_error_set(err, -ENOMEM, "out of memory");
    for (; patterns->count < texts->count; patterns->count++) {
        const char *text = texts->items[patterns->count];
        struct weir_error why = { 0 };
        struct weir_regex *regex = weir_regex_new(weir_str_of(text), &why, NULL);
        if (!regex)
            return weir_error_option(err, option, "\"%.100s\": %s", text, why.text);
        patterns->items[patterns->count] = regex;
    }
    return 0;
}

static int make(const struct filter_grep *self, struct filter_grep *made, struct weir_error *err)
{
    if (!self->include_texts.count && !self->exclude_texts.count)
        return weir_error_option(err, "include",
                                 "needs at least one pattern in `include` or `exclude`");
    int r = patterns_make(&made->include, &self->include_texts, "include", err);
    return r < 0 ? r : patterns_make(&made->exclude, &self->exclude_texts, "exclude", err);
}

static void filter_grep_close(void *state)
{
    struct filter_grep *self = state;
    patterns_free(&self->include);
    patterns_free(&self->exclude);
}

static int filter_grep_check(void *state, struct weir_error *err)
{
    struct filter_grep made = { 0 };
    int r = make(state, &made, err);
    filter_grep_close(&made);
    return r;
}

static void filter_grep_explain(const void *state, struct weir_bytes *out)
{
    const struct weir_str drops =
        WEIR_STR("Records that `include` and `exclude` leave out are dropped, and "
                 "counted as filtered.\n");
    (void)state;
    if (weir_bytes_add(out, drops.ptr, drops.len) < 0)
        return; /* the report is as long as it may be */
}

static int filter_grep_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct filter_grep *self = state;
    self->host = host;
    self->field_name = weir_str_of(self->field);
    self->gave_up = weir_counter_new(host, "grep_gave_up_total",
                                     "Records kept because their text took too long to match.");
    int r = make(self, self, err);
    if (r < 0)
        return r;
    const struct weir_regex *first =
        self->include.count ? self->include.items[0] : self->exclude.items[0];
    if (!weir_regex_is_compiled(first))
        weir_info(
            host,
            "patterns are interpreted, which is slower: the system forbids machine code made at "
            "run time",
            weir_kv_str("field", self->field));
    return 0;
}

/* Whether one of the patterns matches, or with `all` each of them; *ret_unsure is set when that could not
 * be found out. */
static bool matches(const struct patterns *patterns, struct weir_str text, bool all,
                    bool *ret_unsure)
{
    bool unsure = false;
    for (size_t i = 0; i < patterns->count; i++) {
        enum weir_regex_answer answer = weir_regex_match(patterns->items[i], text);
        if (answer == WEIR_REGEX_GAVE_UP)
            unsure = true;
        else if ((answer == WEIR_REGEX_YES) != all)
            return !all; /* this one decides */
    }
    *ret_unsure = unsure;
    return all;
}

static bool keeps(struct filter_grep *self, struct weir_str text)
{
    bool unsure_out = false, unsure_in = false;
    if (self->exclude.count && matches(&self->exclude, text, false, &unsure_out))
        return false;
    bool kept = !self->include.count ||
                matches(&self->include, text, self->match == MATCH_ALL, &unsure_in) || unsure_in;
    if (unsure_out || unsure_in)
        weir_counter_add(self->gave_up, 1);
    return kept;
}

static bool keeps_record(struct filter_grep *self, struct weir_batch *batch,
                         const struct weir_record *record)
{
    struct weir_field field;
    if (!weir_record_lookup(record, self->field_name, &field))
        return !self->include.count;
    return keeps(self, weir_field_text(batch, &field));
}

static void filter_grep_apply(void *state, struct weir_batch *batch)
{
    struct filter_grep *self = state;
    const bool is_message = weir_str_eq(self->field_name, WEIR_STR("message"));
    if (!batch->records && !is_message && weir_batch_open_records(batch) < 0) {
        weir_error(self->host, "out of memory: records pass unmatched",
                   weir_kv_int("records", batch->count));
        return;
    }
    for (uint32_t i = 0; i < batch->count; i++) {
        if (weir_batch_is_dropped(batch, i))
            continue;
        bool kept = batch->records ? keeps_record(self, batch, &batch->records[i])
                                   : keeps(self, weir_batch_line(batch, i));
        if (!kept)
            weir_batch_drop(batch, i);
    }
}

WEIR_PLUGIN(filter_grep) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "grep",
    .summary = "Keeps the records that match a regular expression, or those that do not.",
    .state_size = sizeof(struct filter_grep),
    .options = options,
    .check = filter_grep_check,
    .explain = filter_grep_explain,
    .open = filter_grep_open,
    .close = filter_grep_close,
    .filter = { .apply = filter_grep_apply },
};
