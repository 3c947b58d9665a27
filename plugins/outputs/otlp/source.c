/* SPDX-License-Identifier: Apache-2.0 */
/* A stream's records follow one another, and what is known about it (log.file.path and the like) is the same for all of
 * them. So it is read and written as attributes when another stream comes, known by its text, and copied from then on.
 * A record that has a field of one of these names gets the others one by one. */
#include "source.h"

#include <weir/host.h>
#include <weir/json.h>

static int write_all(struct otlp_source *source, struct otlp_writer *writer,
                     const struct weir_record *unless)
{
    int r = 0;
    for (int i = 0; r == 0 && i < source->count; i++) {
        const struct weir_field *member = &source->members[i];
        const struct weir_str name = { member->name, member->name_len };
        if (member->type == WEIR_VALUE_STRING && (!unless || weir_record_find(unless, name) < 0))
            r = otlp_attribute(writer, OTLP_ATTRIBUTES, member);
    }
    return r;
}

static int take(struct otlp_source *source, struct otlp_writer *writer, struct weir_str members)
{
    static const char padding[WEIR_BATCH_PADDING];
    struct weir_json json;
    source->json.max = source->attributes.max = OTLP_TEXT_BYTES_MAX;
    source->json.len = source->attributes.len = 0;
    source->members_len = SIZE_MAX; /* nothing, until all of it is there */
    int r = weir_bytes_add(&source->json, "{", 1);
    if (r == 0)
        r = weir_bytes_add(&source->json, members.ptr, members.len);
    if (r == 0)
        r = weir_bytes_add(&source->json, "}", 1);
    if (r == 0)
        r = weir_bytes_add(&source->json, padding, sizeof(padding));
    if (r < 0)
        return r;
    source->count = weir_json_object(source->json.data, members.len + 2, source->members,
                                     OTLP_SOURCE_MEMBERS_MAX, &json);
    struct weir_bytes *out = writer->out;
    writer->out = &source->attributes;
    r = write_all(source, writer, NULL);
    writer->out = out;
    if (r == 0)
        source->members_len = members.len;
    return r;
}

static bool is_taken(const struct otlp_source *source, struct weir_str members)
{
    return source->json.len &&
           weir_str_eq((struct weir_str){ source->json.data + 1, source->members_len }, members);
}

static bool meets(const struct otlp_source *source, const struct weir_record *record)
{
    for (int i = 0; i < source->count; i++)
        if (weir_record_find(record, (struct weir_str){ source->members[i].name,
                                                        source->members[i].name_len }) >= 0)
            return true;
    return false;
}

int otlp_source_add(struct otlp_source *source, struct otlp_writer *writer,
                    const struct weir_stream *stream, const struct weir_record *record)
{
    const struct weir_str members = weir_stream_json(stream);
    if (!is_taken(source, members)) {
        int r = take(source, writer, members);
        if (r < 0)
            return r;
    }
    if (meets(source, record))
        return write_all(source, writer, record);
    return writer->form->copy(writer->out,
                              (struct weir_str){ source->attributes.data, source->attributes.len });
}

bool otlp_source_starved(struct otlp_source *source)
{
    bool starved = source->json.starved || source->attributes.starved;
    source->json.starved = source->attributes.starved = false;
    return starved;
}

void otlp_source_deinit(struct otlp_source *source)
{
    weir_bytes_free(&source->json);
    weir_bytes_free(&source->attributes);
}
