/* SPDX-License-Identifier: Apache-2.0 */
/* Which of what is known of a record goes into which field of the outermost type.
 *
 *     1. a field of the record of that name, of an alias, or of the name that `fields` gives for it
 *     2. a builtin whose key it is
 *     3. what is known about the source by that name
 *     4. the schema's default; null where the type takes it; for `time`, when the record was read
 *
 * and else the record does not fit. Avro's names have letters, digits and '_' only, so that a field of the record is known
 * by its name with '_' in the other characters' places too: `host.name` is the schema's `host_name`.
 *
 * Fields that the schema has no place for are gathered in the map that `rest` names, if it names one; else the record is
 * refused, or they are left out and counted, as `unknown` says. */
#include "avro.h"

#include <errno.h>
#include <stdlib.h>

#include "json_walk.h"

#define NAME_BYTES_MAX 256
#define SOURCE_BYTES_MAX ((size_t)1 << 20)

/* ---- names ------------------------------------------------------------------------------------------------------ */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The name with what Avro does not have replaced; false when there is nothing to replace, or it is too long. */
static bool as_avro(struct weir_str name, char *ret)
{
    bool changed = false;
    if (name.len > NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        ret[i] = is_name_byte(name.ptr[i]) ? name.ptr[i] : '_';
        changed |= ret[i] != name.ptr[i];
    }
    return changed;
}

/* The schema's field that goes by `name`; *ret_own: by no other name. */
static const struct avro_name *find(const struct codec_avro *self, struct weir_str name,
                                    bool *ret_own)
{
    char other[NAME_BYTES_MAX];
    const struct avro_name *found = avro_program_find(&self->program, 0, name.ptr, name.len);
    *ret_own = found && found->own;
    if (!found && as_avro(name, other))
        found = avro_program_find(&self->program, 0, other, name.len);
    return found;
}

static const struct avro_name *find_field(struct codec_avro *self, const struct weir_field *field,
                                          bool *ret_own)
{
    struct weir_str name;
    (void)avro_plain(self, field->name, field->name_len, field->flags & WEIR_NAME_ESCAPED, &name);
    return find(self, name, ret_own);
}

/* ---- once a schema ------------------------------------------------------------------------------------------------ */

static int64_t slot_of(const struct avro_program *program, const char *name)
{
    const struct avro_type *root = program->types;
    for (uint32_t i = 0; i < root->count; i++)
        if (weir_str_eq(program->fields[root->first + i].name, weir_str_of(name)))
            return i;
    return -1;
}

/* The field that `rest` names must be a map, or a union with one. */
static int prepare_rest(struct codec_avro *self, struct weir_error *err)
{
    const struct avro_program *program = &self->program;
    self->rest_slot = self->rest ? slot_of(program, self->rest) : -1;
    self->rest_branch = -1;
    if (!self->rest)
        return 0;
    if (self->rest_slot < 0)
        return weir_error_set(
            err, -EINVAL,
            "the codec's option \"rest\" names \"%s\", which the schema does not have", self->rest);
    const struct avro_field *field = &program->fields[program->types->first + self->rest_slot];
    const struct avro_type *type = &program->types[field->type];
    self->rest_map = field->type;
    for (uint32_t i = 0; type->kind == AVRO_UNION && i < type->count; i++) {
        const uint32_t branch = program->branches[type->first + i];
        if (program->types[branch].kind == AVRO_MAP) {
            self->rest_map = branch;
            self->rest_branch = i;
        }
    }
    if (program->types[self->rest_map].kind != AVRO_MAP)
        return weir_error_set(
            err, -EINVAL, "the codec's option \"rest\" names \"%s\", which is no map in the schema",
            self->rest);
    return 0;
}

int avro_record_prepare(struct codec_avro *self, struct weir_error *err)
{
    const uint32_t count = self->program.types->count;
    struct avro_slot *slots = calloc((size_t)count + 1, sizeof(*slots));
    struct avro_place *places = calloc((size_t)count + 1, sizeof(*places));
    free(self->slots);
    free(self->places);
    self->slots = slots;
    self->places = places;
    if (!slots || !places)
        return weir_error_set(err, -ENOMEM, "out of memory for the schema");
    for (uint32_t i = 0; i < count; i++)
        places[i].builtin = -1;
    for (int builtin = 0; builtin < AVRO_BUILTIN_COUNT; builtin++) {
        const char *key = self->keys[builtin];
        const int64_t slot = key && key[0] ? slot_of(&self->program, key) : -1;
        if (slot >= 0)
            places[slot].builtin = builtin;
    }
    self->source.known = false;
    memset(self->guesses, 0, sizeof(self->guesses));
    return prepare_rest(self, err);
}

/* ---- once a run: the source ---------------------------------------------------------------------------------------- */

static bool same(const struct weir_bytes *bytes, struct weir_str text)
{
    return weir_str_eq((struct weir_str){ bytes->data, bytes->len }, text);
}

static int set(struct weir_bytes *bytes, struct weir_str text)
{
    bytes->max = SOURCE_BYTES_MAX;
    bytes->len = 0;
    return weir_bytes_add(bytes, text.ptr, text.len);
}

static int add_attribute(struct codec_avro *self, const struct weir_field *attribute)
{
    struct avro_source *source = &self->source;
    bool own;
    const struct avro_name *name = find_field(self, attribute, &own);
    if (!name)
        return 0;
    if (source->count == source->room) {
        const uint32_t room = source->room ? source->room * 2 : 8;
        struct weir_field *grown = reallocarray(source->fields, room, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        source->fields = grown;
        source->room = room;
    }
    source->fields[source->count++] = *attribute;
    self->places[name->field].source = source->count;
    return 0;
}

int avro_source_read(struct codec_avro *self, const struct weir_run *run)
{
    struct avro_source *source = &self->source;
    const struct weir_str json = weir_stream_json(run->stream);
    const struct weir_str position = weir_str_of(weir_stream_position_name(run->stream));
    struct json_walk walk;
    struct weir_field attribute;
    bool own;
    if (source->known && same(&source->text, json) && same(&source->position_name, position))
        return 0;
    source->known = false;
    source->count = source->position = 0;
    for (uint32_t i = 0; i < self->program.types->count; i++)
        self->places[i].source = 0;
    int r = set(&source->text, json);
    if (r == 0)
        r = set(&source->position_name, position);
    if (r == 0 && source->text.len) {
        walk = (struct json_walk){ source->text.data, source->text.data + source->text.len, true };
        while (r == 0 && json_walk_next(&walk, &attribute))
            r = add_attribute(self, &attribute);
    }
    const struct avro_name *name = position.len ? find(self, position, &own) : NULL;
    if (name)
        source->position = name->field + 1;
    source->known = r == 0;
    return r;
}

/* ---- once a record -------------------------------------------------------------------------------------------------- */

static enum avro_answer leave(struct codec_avro *self, const struct weir_field *field)
{
    if (self->rest_slot < 0 && self->unknown == AVRO_REJECT) {
        avro_misfit(self, AVRO_UNKNOWN, 0, field);
        avro_misfit_in(self, (struct weir_str){ field->name, field->name_len });
        return AVRO_MISFIT;
    }
    if (self->rest_slot < 0)
        self->left_out++;
    else
        self->left[self->left_count++] = field; /* there is room for every field of the record */
    return AVRO_FITS;
}

/* As find_field(), for field `i` of a record. Only names that are the schema's own are guessed. */
static inline const struct avro_name *guess_field(struct codec_avro *self, uint32_t i,
                                                  const struct weir_field *field, bool *ret_own)
{
    const struct avro_name *guess = i < AVRO_GUESSES ? self->guesses[i] : NULL;
    *ret_own = true;
    if (guess && guess->text.len == field->name_len && !(field->flags & WEIR_NAME_ESCAPED) &&
        memcmp(guess->text.ptr, field->name, field->name_len) == 0)
        return guess;
    const struct avro_name *found = find_field(self, field, ret_own);
    if (i < AVRO_GUESSES)
        self->guesses[i] = *ret_own ? found : NULL;
    return found;
}

/* Puts field `i` of the record where it belongs. Of two that belong there, the one by its own name does. */
static enum avro_answer place(struct codec_avro *self, uint32_t i, const struct weir_field *field)
{
    bool own;
    const struct avro_name *name = guess_field(self, i, field, &own);
    if (!name)
        return leave(self, field);
    struct avro_slot *slot = &self->slots[name->field];
    const struct weir_field *other = slot->field;
    if (other && !own)
        return leave(self, field);
    *slot = (struct avro_slot){ field, own };
    return other ? leave(self, other) : AVRO_FITS;
}

static enum avro_answer place_all(struct codec_avro *self, const struct weir_record *record)
{
    memset(self->slots, 0, self->program.types->count * sizeof(*self->slots));
    self->left_count = 0;
    if (self->rest_slot >= 0 && record->count > self->left_room) {
        const struct weir_field **grown =
            reallocarray(self->left, (size_t)record->count * 2, sizeof(*grown));
        if (!grown) {
            self->starved = true;
            return AVRO_FULL;
        }
        self->left = grown;
        self->left_room = record->count * 2;
    }
    for (uint32_t i = 0; i < record->count; i++) {
        enum avro_answer answer = place(self, i, &record->fields[i]);
        if (answer != AVRO_FITS)
            return answer;
    }
    return AVRO_FITS;
}

/* Where nothing else fits, and text does: the text that the value is written with. */
static enum avro_answer encode_as_text(struct codec_avro *self, struct avro_pen *pen, uint32_t type,
                                       const struct weir_field *field)
{
    const struct avro_program *program = &self->program;
    const struct avro_type *row = &program->types[type];
    if (field->type == WEIR_VALUE_STRING)
        return AVRO_MISFIT;
    if (row->kind == AVRO_STRING)
        return avro_encode_text(self, pen, type, field);
    for (uint32_t i = 0; row->kind == AVRO_UNION && i < row->count; i++) {
        const uint32_t branch = program->branches[row->first + i];
        if (program->types[branch].kind != AVRO_STRING)
            continue;
        enum avro_answer answer = avro_write_long(pen, i);
        return answer == AVRO_FITS ? avro_encode_text(self, pen, branch, field) : answer;
    }
    return AVRO_MISFIT;
}

static enum avro_answer encode_left(struct codec_avro *self, struct avro_pen *pen,
                                    const struct weir_field *field)
{
    const uint32_t items = self->program.types[self->rest_map].first;
    struct weir_str key;
    enum avro_answer answer =
        avro_plain(self, field->name, field->name_len, field->flags & WEIR_NAME_ESCAPED, &key);
    if (answer == AVRO_FITS && !weir_utf8_is_valid(key))
        return avro_misfit(self, AVRO_NOT_UTF8, self->rest_map, field);
    if (answer == AVRO_FITS)
        answer = avro_write_bytes(pen, key);
    if (answer != AVRO_FITS)
        return answer;
    const size_t before = avro_pen_tell(pen);
    answer = avro_encode(self, pen, items, field);
    if (answer == AVRO_MISFIT) {
        const struct avro_misfit misfit = self->misfit;
        avro_pen_seek(pen, before);
        answer = encode_as_text(self, pen, items, field);
        if (answer == AVRO_MISFIT)
            self->misfit = misfit;
    }
    return answer;
}

/* What the record itself has for that field, and what is left, as blocks of one map. */
static enum avro_answer encode_rest(struct codec_avro *self, struct avro_pen *pen,
                                    const struct weir_field *given)
{
    enum avro_answer answer = AVRO_FITS;
    if (self->rest_branch >= 0)
        answer = avro_write_long(pen, self->rest_branch);
    if (answer == AVRO_FITS && given)
        answer = avro_encode_block(self, pen, self->rest_map, given);
    if (answer == AVRO_FITS && self->left_count)
        answer = avro_write_long(pen, self->left_count);
    for (uint32_t i = 0; answer == AVRO_FITS && i < self->left_count; i++) {
        answer = encode_left(self, pen, self->left[i]);
        if (answer == AVRO_MISFIT)
            avro_misfit_in(self, (struct weir_str){ self->left[i]->name, self->left[i]->name_len });
    }
    return answer == AVRO_FITS ? avro_write_long(pen, 0) : answer;
}

static enum avro_answer encode_position(struct codec_avro *self, struct avro_pen *pen,
                                        uint32_t type, uint64_t position)
{
    char digits[24];
    char *at = digits + sizeof(digits);
    do
        *--at = (char)('0' + position % 10);
    while (position /= 10);
    const struct weir_field value = { .value = at,
                                      .value_len = (uint32_t)(digits + sizeof(digits) - at),
                                      .type = WEIR_VALUE_INT };
    return avro_encode(self, pen, type, &value);
}

/* What the fields of the record at hand are looked for in. */
struct at_hand {
    const struct weir_batch *batch;
    const struct weir_run *run;
    const struct weir_record *record;
    uint32_t i;
};

/* A field that the record itself does not have. */
static enum avro_answer encode_other(struct codec_avro *self, struct avro_pen *pen, uint32_t index,
                                     const struct at_hand *at)
{
    const struct avro_program *program = &self->program;
    const struct avro_field *field = &program->fields[program->types->first + index];
    const struct avro_place *known = &self->places[index];
    uint32_t branch;
    if (known->builtin >= 0) {
        bool is_set;
        enum avro_answer answer =
            avro_encode_builtin(self, pen, field->type, (enum avro_builtin)known->builtin,
                                at->batch, at->run, at->i, at->record, &is_set);
        if (is_set)
            return answer;
    }
    if (self->rest_slot == index && self->left_count)
        return encode_rest(self, pen, NULL);
    if (known->source)
        return avro_encode(self, pen, field->type, &self->source.fields[known->source - 1]);
    if (self->source.position == index + 1)
        return encode_position(self, pen, field->type, weir_batch_position(at->batch, at->i));
    if (field->state == AVRO_DEFAULT_NONE && known->builtin == AVRO_TIME &&
        !avro_type_takes_null(program, &program->types[field->type], &branch))
        return avro_encode_observed(self, pen, field->type, at->run);
    if (field->state == AVRO_DEFAULT_NONE && self->rest_slot == index)
        return encode_rest(self, pen, NULL);
    return avro_encode_absent(self, pen, field);
}

enum avro_answer avro_encode_record(struct codec_avro *self, struct avro_pen *pen,
                                    const struct weir_batch *batch, const struct weir_run *run,
                                    uint32_t i)
{
    struct weir_line_record room;
    const struct weir_record *record = weir_batch_record(batch, i, &room);
    const struct at_hand at = { batch, run, record, i };
    const struct avro_field *fields = self->program.fields + self->program.types->first;
    enum avro_answer answer = place_all(self, record);
    if (answer == AVRO_FITS)
        answer = avro_write_raw(pen, self->program.prefix);
    const uint32_t count = self->program.types->count;
    for (uint32_t n = 0; answer == AVRO_FITS && n < count; n++) {
        const struct weir_field *field = self->slots[n].field;
        if (!field)
            answer = encode_other(self, pen, n, &at);
        else if (self->rest_slot == n && self->left_count && field->type == WEIR_VALUE_JSON)
            answer = encode_rest(self, pen, field);
        else
            answer = avro_encode(self, pen, fields[n].type, field);
        if (answer == AVRO_MISFIT)
            avro_misfit_in(self, fields[n].name);
    }
    return answer;
}
