/* SPDX-License-Identifier: Apache-2.0 */
/* A note is its input's own: bytes that only it can read. But most end with a name for people (the tail
 * input's with the file's path), so the text that a note ends with is shown, and all of it in hexadecimal in the
 * JSON. Owners are hashes; they are told by hashing each input and output of the configuration. */
#include "cli/positions_list.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <weir/hex.h>

#include "base/civil.h"
#include "base/utf8.h"
#include "cli/document.h"
#include "cli/table.h"

/* Shorter text at the end of a note may be there by chance. */
#define TEXT_BYTES_MIN 4

static void put_hex(const unsigned char *bytes, size_t len, char *ret)
{
    *weir_hex(ret, bytes, len) = '\0';
}

/* ---- the document ------------------------------------------------------------------------------------ */

/* Sets the names of the owner in `row`, when it is one of `plugins`. */
static bool name_owner(json_t *row, uint64_t owner, const char *kind, const char *pipeline,
                       const struct config_plugin *plugins, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (positions_owner(kind, pipeline, plugins[i].id) != owner)
            continue;
        json_object_set_new(row, "pipeline", json_string(pipeline));
        json_object_set_new(row, "kind", json_string(kind));
        json_object_set_new(row, "plugin", json_string(plugins[i].id));
        return true;
    }
    return false;
}

static void name_owner_of(json_t *row, uint64_t owner, const struct config *config)
{
    for (size_t i = 0; config && i < config->pipeline_count; i++) {
        const struct config_pipeline *pipeline = &config->pipelines[i];
        if (name_owner(row, owner, "input", pipeline->name, pipeline->inputs,
                       pipeline->input_count) ||
            name_owner(row, owner, "output", pipeline->name, pipeline->outputs,
                       pipeline->output_count))
            return;
    }
}

/* The longest end of the note that is text: valid UTF-8 without control characters; from its first slash on,
 * if it has one, since a byte before a path may look like text. */
static struct weir_str text_of(const struct weir_stream_state *state)
{
    const char *end = (const char *)state->note + state->note_len, *begin = end;
    for (const char *at = end; at > (const char *)state->note;) {
        at--;
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            break;
        if (utf8_valid_prefix(at, (size_t)(end - at)) == (size_t)(end - at))
            begin = at;
    }
    const char *slash = memchr(begin, '/', (size_t)(end - begin));
    begin = slash ? slash : begin;
    return end - begin < TEXT_BYTES_MIN ? WEIR_STR("")
                                        : (struct weir_str){ begin, (size_t)(end - begin) };
}

struct listing {
    const struct config *config;
    json_t *rows;
    bool failed;
};

static void add_row(void *arg, const struct positions_key *key,
                    const struct weir_stream_state *state)
{
    struct listing *listing = arg;
    char hex[2 * WEIR_NOTE_MAX + 1], time[CIVIL_RFC3339_MAX + 1];
    json_t *row = json_object();
    snprintf(hex, sizeof(hex), "%016" PRIx64, key->owner);
    json_object_set_new(row, "owner", json_string(hex));
    name_owner_of(row, key->owner, listing->config);
    put_hex(key->id, sizeof(key->id), hex);
    json_object_set_new(row, "id", json_string(hex));
    json_object_set_new(row, "position", document_number(state->position));
    time[civil_put_rfc3339(state->updated, time)] = '\0';
    json_object_set_new(row, "updated", json_string(time));
    put_hex(state->note, state->note_len, hex);
    json_object_set_new(row, "note", json_string(hex));
    struct weir_str text = text_of(state);
    json_object_set_new(row, "text", json_stringn(text.ptr, text.len));
    listing->failed |= json_array_append_new(listing->rows, row) < 0;
}

/* The agent's id as it is usually written; nothing while no agent has made the store. */
static json_t *agent_id_json(const struct positions *positions)
{
    static const uint8_t none[16];
    static const size_t parts[] = { 4, 2, 2, 2, 6 };
    uint8_t uuid[16];
    char text[40];
    size_t from = 0, at = 0;
    positions_instance(positions, uuid);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        put_hex(uuid + from, parts[i], text + at);
        from += parts[i];
        at += 2 * parts[i];
        text[at++] = '-';
    }
    text[at - 1] = '\0';
    return json_string(memcmp(uuid, none, sizeof(none)) == 0 ? "" : text);
}

json_t *positions_list_document(struct positions *positions, const struct config *config)
{
    struct listing listing = { .config = config, .rows = json_array() };
    positions_walk(positions, add_row, &listing);
    json_t *document = json_object();
    json_object_set_new(document, "version", json_integer(1));
    json_object_set_new(document, "agent_id", agent_id_json(positions));
    if (json_object_set_new(document, "positions", listing.rows) < 0 || listing.failed) {
        json_decref(document);
        return NULL;
    }
    return document;
}

/* ---- for people -------------------------------------------------------------------------------------- */

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

int positions_list_print(const json_t *document, FILE *out)
{
    static const char *const heads[] = { "PIPELINE", "PLUGIN", "ID", ">POSITION",
                                         "UPDATED",  "WHAT",   NULL };
    struct table *table = table_new(heads);
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(document, "positions"), i, row)
    {
        char number[24], plugin[256], updated[CIVIL_RFC3339_MAX];
        const json_t *position = json_object_get(row, "position");
        snprintf(number, sizeof(number), "%" PRId64, (int64_t)json_integer_value(position));
        snprintf(plugin, sizeof(plugin), "%s %s", text(row, "kind"), text(row, "plugin"));
        /* To the second: 2026-11-25T16:24:30 */
        snprintf(updated, sizeof(updated), "%.19sZ", text(row, "updated"));
        table_text(table, text(row, "pipeline")[0] ? text(row, "pipeline") : text(row, "owner"));
        table_text(table, text(row, "kind")[0] ? plugin : "?");
        table_text(table, text(row, "id"));
        table_text(table, json_is_string(position) ? json_string_value(position) : number);
        table_text(table, updated);
        table_text(table, text(row, "text"));
    }
    int r = table_print(table, 0, out);
    table_free(table);
    return r;
}

/* ---- finding ----------------------------------------------------------------------------------------- */

struct search {
    const char *prefix;
    struct positions_key key;
    struct weir_stream_state state;
    int count;
};

static void match(void *arg, const struct positions_key *key, const struct weir_stream_state *state)
{
    struct search *search = arg;
    char hex[33];
    put_hex(key->id, sizeof(key->id), hex);
    if (strncasecmp(hex, search->prefix, strlen(search->prefix)) != 0)
        return;
    search->key = *key;
    search->state = *state;
    search->count++;
}

int positions_list_find(struct positions *positions, const char *prefix,
                        struct positions_key *ret_key, struct weir_stream_state *ret_state)
{
    size_t len = strlen(prefix);
    if (len == 0 || len > 32 || strspn(prefix, "0123456789abcdefABCDEF") != len)
        return -EINVAL;
    struct search search = { .prefix = prefix };
    positions_walk(positions, match, &search);
    if (search.count != 1)
        return search.count ? -EEXIST : -ENOENT;
    *ret_key = search.key;
    *ret_state = search.state;
    return 0;
}
