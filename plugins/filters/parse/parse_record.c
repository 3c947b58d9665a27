/* SPDX-License-Identifier: Apache-2.0 */
/* One record: its text goes in; fields, event time and severity come out. */
#include "parse.h"

static bool field_is(const struct weir_field *field, struct weir_str name)
{
    return field->name_len == name.len && !(field->flags & WEIR_NAME_ESCAPED) &&
           memcmp(field->name, name.ptr, name.len) == 0;
}

/* The field that is asked for, or NULL. */
static const struct weir_field *guess_find(struct field_guess *guess,
                                           const struct weir_record *record)
{
    if (guess->at < record->count && field_is(&record->fields[guess->at], guess->name))
        return &record->fields[guess->at];
    int at = weir_record_find(record, guess->name);
    if (at < 0)
        return NULL;
    guess->at = (uint32_t)at;
    return &record->fields[at];
}

static void count_memory(struct filter_parse *self, int r)
{
    if (r < 0)
        self->tally.no_memory++;
}

/* The same, or what the name leads to as a path into a nested object, which is put into *nested. */
static const struct weir_field *guess_find_path(struct field_guess *guess,
                                                const struct weir_record *record,
                                                struct weir_field *nested)
{
    const struct weir_field *field = guess_find(guess, record);
    if (field || !memchr(guess->name.ptr, '.', guess->name.len))
        return field;
    return weir_record_lookup(record, guess->name, nested) ? nested : NULL;
}

static void set_severity(struct filter_parse *self, struct weir_batch *batch,
                         struct weir_record *record)
{
    struct weir_field nested;
    const struct weir_field *field = guess_find_path(&self->severity_field, record, &nested);
    if (!field)
        return;
    unsigned severity = weir_severity_parse(weir_field_text(batch, field));
    if (severity)
        record->severity = (uint8_t)severity;
}

static void set_time(struct filter_parse *self, struct weir_batch *batch,
                     struct weir_record *record, int64_t observed)
{
    struct weir_field nested;
    const struct weir_field *field = guess_find_path(&self->time_field, record, &nested);
    if (!field)
        return;
    int64_t time;
    if (!weir_time_parse(self->time_format, weir_field_text(batch, field), observed, &time)) {
        self->tally.bad_times++;
        return;
    }
    record->event_time = time;
    if (!self->time_stays && field != &nested)
        count_memory(self, weir_record_remove(batch, record, self->time_field.at));
}

static void add_original(struct filter_parse *self, struct weir_batch *batch,
                         struct weir_record *record, struct weir_str text)
{
    const struct weir_field original = { .name = "log.record.original",
                                         .name_len = sizeof("log.record.original") - 1,
                                         .value = text.ptr,
                                         .value_len = (uint32_t)text.len,
                                         .type = WEIR_VALUE_STRING,
                                         .flags = WEIR_NAME_CLEAN };
    count_memory(self, weir_record_set(batch, record, &original));
}

static void take_parsed(struct weir_batch *batch, struct weir_record *record,
                        const struct parsed *parsed)
{
    weir_record_keep_fields(batch, record, parsed->fields, parsed->count);
    record->object = parsed->object.ptr;
    record->object_len = (uint32_t)parsed->object.len;
    record->object_fields = parsed->object.len ? parsed->count : 0;
}

static void take_options(struct filter_parse *self, struct weir_batch *batch,
                         struct weir_record *record, struct weir_str text, int64_t observed)
{
    if (self->severity_field.name.len)
        set_severity(self, batch, record);
    if (self->time_field.name.len)
        set_time(self, batch, record, observed);
    if (self->keep_original)
        add_original(self, batch, record, text);
}

static void take_failed(struct filter_parse *self, struct weir_batch *batch, uint32_t i,
                        enum parse_answer answer, const struct parsed *parsed)
{
    struct parse_tally *tally = &self->tally;
    if (answer == PARSE_NO_MEMORY) {
        tally->no_memory++;
        return;
    }
    if (tally->first_bad == UINT32_MAX) {
        tally->first_bad = i;
        tally->reason = parsed->reason;
        tally->offset = parsed->offset;
    }
    if (answer == PARSE_GAVE_UP)
        tally->gave_up++;
    else
        tally->bad++;
    if (self->on_error == ON_ERROR_DROP)
        weir_batch_drop(batch, i);
}

/* 0, or -ENOMEM: then the record has nothing, not even its text. */
static int parse_line(struct filter_parse *self, struct weir_batch *batch, uint32_t i,
                      const struct weir_run *run)
{
    struct weir_record *record = &batch->records[i];
    struct weir_str line = weir_batch_line(batch, i);
    struct parsed parsed = { 0 };
    enum parse_answer answer = self->parse(self, batch, line, &parsed);
    if (answer != PARSE_OK) {
        int r = weir_record_set_message(batch, i); /* also where it is dropped: that may fail */
        if (r == 0)
            take_failed(self, batch, i, answer, &parsed);
        return r;
    }
    take_parsed(batch, record, &parsed);
    take_options(self, batch, record, line, run->observed);
    if ((run->flags & WEIR_RUN_TRUNCATED) && i == run->first + run->count - 1) {
        static const struct weir_field truncated = { .name = "weir.truncated",
                                                     .name_len = 14,
                                                     .value = "true",
                                                     .value_len = 4,
                                                     .type = WEIR_VALUE_BOOL,
                                                     .flags = WEIR_NAME_CLEAN | WEIR_VALUE_CLEAN };
        count_memory(self, weir_record_set(batch, record, &truncated));
    }
    return 0;
}

/* Lines that were opened here and cannot be kept so are the lines again that they were, all of the batch. */
static void stay_lines(struct filter_parse *self, struct weir_batch *batch)
{
    batch->records = NULL;
    self->tally.no_memory = batch->count;
}

void parse_lines(struct filter_parse *self, struct weir_batch *batch)
{
    if (weir_batch_open_empty(batch) < 0) {
        stay_lines(self, batch);
        return;
    }
    for (uint32_t r = 0; r < batch->run_count; r++) {
        const struct weir_run *run = &batch->runs[r];
        for (uint32_t i = run->first; i < run->first + run->count; i++)
            if (!weir_batch_is_dropped(batch, i) && parse_line(self, batch, i, run) < 0) {
                stay_lines(self, batch);
                return;
            }
    }
}

/* A field that the record had before stays, unless the text brought one of its name. */
static int add_earlier(struct weir_batch *batch, struct weir_record *record,
                       const struct weir_field *earlier)
{
    struct weir_field field = *earlier;
    if (field.flags & WEIR_NAME_ESCAPED) {
        const struct weir_field name = { .value = field.name,
                                         .value_len = field.name_len,
                                         .type = WEIR_VALUE_STRING,
                                         .flags = WEIR_VALUE_ESCAPED };
        struct weir_str plain = weir_field_text(batch, &name);
        field.name = plain.ptr;
        field.name_len = (uint16_t)plain.len;
        field.flags &= (uint8_t)~WEIR_NAME_ESCAPED;
    }
    if (weir_record_find(record, (struct weir_str){ field.name, field.name_len }) >= 0)
        return 0;
    return weir_record_set(batch, record, &field);
}

static void parse_record(struct filter_parse *self, struct weir_batch *batch, uint32_t i,
                         int64_t observed)
{
    struct weir_record *record = &batch->records[i];
    const struct weir_field *source = guess_find(&self->source, record);
    if (!source || source->type == WEIR_VALUE_NULL)
        return;
    struct weir_str text = weir_field_text(batch, source);
    struct parsed parsed = { 0 };
    enum parse_answer answer = self->parse(self, batch, text, &parsed);
    if (answer != PARSE_OK) {
        take_failed(self, batch, i, answer, &parsed);
        return;
    }
    const struct weir_field *earlier = record->fields;
    const uint32_t earlier_count = record->count;
    take_parsed(batch, record, &parsed);
    take_options(self, batch, record, text, observed);
    for (uint32_t n = 0; n < earlier_count; n++)
        if (&earlier[n] != source)
            count_memory(self, add_earlier(batch, record, &earlier[n]));
}

void parse_opened(struct filter_parse *self, struct weir_batch *batch)
{
    for (uint32_t r = 0; r < batch->run_count; r++) {
        const struct weir_run *run = &batch->runs[r];
        for (uint32_t i = run->first; i < run->first + run->count; i++)
            if (!weir_batch_is_dropped(batch, i))
                parse_record(self, batch, i, run->observed);
    }
}
