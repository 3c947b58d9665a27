/* SPDX-License-Identifier: Apache-2.0 */
/* A filter that cuts one text field to a maximum length: `{type: shorten, field: stack, max: 200}`. It is
 * the example of docs/plugin-guide.md. */
#include <weir/plugin.h>

#include <errno.h>

/* The state of an instance. The host gives it zeroed, with the options filled in. */
struct filter_shorten {
    char *field;
    int64_t max; /* bytes */
    char *mark;
    struct weir_counter *shortened;
};

static const struct weir_option options[] = {
    { .name = "field",
      .type = WEIR_TEXT,
      .offset = offsetof(struct filter_shorten, field),
      .def = "message",
      .help = "The field to cut." },
    { .name = "max",
      .type = WEIR_INT,
      .offset = offsetof(struct filter_shorten, max),
      .required = true,
      .min = "1",
      .max = "65536",
      .unit = "bytes",
      .help = "A longer text is cut to this length, the mark included." },
    { .name = "mark",
      .type = WEIR_TEXT,
      .offset = offsetof(struct filter_shorten, mark),
      .def = "...",
      .help = "Stands where the text was cut." },
    { 0 },
};

/* What the table cannot say: two options must fit together. */
static int shorten_check(void *state, struct weir_error *err)
{
    struct filter_shorten *self = state;
    if (strlen(self->mark) > (size_t)self->max)
        return weir_error_option(err, "mark", "the mark is longer than \"max\"");
    return 0;
}

static int shorten_open(void *state, struct weir_host *host, struct weir_error *err)
{
    struct filter_shorten *self = state;
    (void)err;
    self->shortened =
        weir_counter_new(host, "shorten_fields_total", "Fields that the filter shorten has cut.");
    return 0;
}

/* The longest beginning of `text` that fits and does not end inside a character. */
static size_t cut_length(struct weir_str text, size_t max)
{
    size_t len = max;
    while (len > 0 && ((unsigned char)text.ptr[len] & 0xc0) == 0x80)
        len--;
    return len;
}

/* Gives the field a shorter text, made in the batch's memory. 0, or -ENOMEM. */
static int shorten_field(const struct filter_shorten *self, struct weir_batch *batch,
                         struct weir_record *record, const struct weir_field *field)
{
    struct weir_str text = weir_field_text(batch, field);
    size_t mark = strlen(self->mark), max = (size_t)self->max;
    if (text.len <= max)
        return 0;
    size_t len = cut_length(text, max - mark);
    char *copy = weir_batch_alloc(batch, len + mark);
    if (!copy)
        return -ENOMEM;
    memcpy(copy, text.ptr, len);
    memcpy(copy + len, self->mark, mark);
    struct weir_field shorter = {
        .name = field->name,
        .name_len = field->name_len,
        .flags = field->flags & (WEIR_NAME_ESCAPED | WEIR_NAME_CLEAN), /* the name is as it was */
        .value = copy,
        .value_len = (uint32_t)(len + mark),
        .type = WEIR_VALUE_STRING,
    };
    weir_counter_add(self->shortened, 1);
    return weir_record_set(batch, record, &shorter);
}

/* A batch at a time. Records that are dropped, or that `when:` leaves out, are passed over. When memory
 * is short a record stays as it is: the host counts nothing as lost, and neither do we. */
static void shorten_apply(void *state, struct weir_batch *batch)
{
    struct filter_shorten *self = state;
    struct weir_str name = weir_str_of(self->field);
    if (weir_batch_open_records(batch) < 0)
        return;
    for (uint32_t i = 0; i < batch->count; i++) {
        struct weir_record *record = &batch->records[i];
        int at = weir_batch_is_dropped(batch, i) ? -1 : weir_record_find(record, name);
        if (at >= 0 && record->fields[at].type == WEIR_VALUE_STRING &&
            record->fields[at].value_len > self->max &&
            shorten_field(self, batch, record, &record->fields[at]) < 0)
            return;
    }
}

WEIR_PLUGIN(filter_shorten) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_FILTER,
    .name = "shorten",
    .summary = "Cuts a text field to a maximum length.",
    .state_size = sizeof(struct filter_shorten),
    .options = options,
    .check = shorten_check,
    .open = shorten_open,
    .filter = { .apply = shorten_apply },
};
