/* SPDX-License-Identifier: Apache-2.0 */
/* The schema of an output, from its start on:
 *
 *                    the registry has it          it is compiled, kept on disk and used; nobody is asked again
 *     start ─ ask ─┬──────────────────────────▶   unless it differs from what is on disk, or from `file`: held
 *                  │ the registry is away
 *                  └──┬───────────────────────▶   it is on disk: used, and the registry asked again, ever more rarely
 *                     └───────────────────────▶   it is not: held, and asked again
 *
 * Held means that nothing is written, /readyz says why, and it goes on by itself. A pinned schema never changes while we look
 * away: not its text, not its id. A registry that says something else than it said before was set up anew or is another
 * one, and readers that ask it would take messages of ours for something that they are not.
 *
 * The first answer is waited for also where the schema is on disk, for at most `timeout` an address: an agent that started by
 * what it remembers would find out a moment later that it should not have. */
#include "schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema_store.h"

#define PAUSE_MIN_MS 250
#define PAUSE_MAX_MS 30000
#define POLL_MIN_MS 1
#define POLL_MAX_MS 20
#define TELL_MS 700       /* how long a hold is told, */
#define TELL_EVERY_MS 500 /* and how often */
/* The frame of a message: a zero, and the schema's id, four bytes, the high ones first. */
#define PREFIX_BYTES 5

static void ask_later(struct kafka_schema *schema)
{
    weir_timer_set(schema->timer, schema->pause);
    schema->pause = schema->pause * 2 < PAUSE_MAX_MS ? schema->pause * 2 : PAUSE_MAX_MS;
}

/* Nothing is written until the registry says something else. */
static void hold(struct kafka_schema *schema, const char *why)
{
    char before[KAFKA_SCHEMA_WHY_MAX];
    memcpy(before, schema->why, sizeof(before));
    snprintf(schema->why, sizeof(schema->why), "%.*s", KAFKA_SCHEMA_WHY_MAX - 1, why);
    if (strcmp(before, schema->why) != 0) /* somebody is at work there */
        schema->pause = PAUSE_MIN_MS;
    schema->ready = false;
    weir_warn(schema->host, "there is no schema to write by, so records are held",
              weir_kv_str("subject", schema->options->subject), weir_kv_str("why", schema->why),
              weir_kv_str("kept", schema->kept.text ? schema->path : "nothing"));
    weir_pause(schema->host, TELL_MS, weir_str_of(schema->why));
    weir_timer_set(schema->tell, TELL_EVERY_MS);
}

/* As often as it takes, so that a hold that ends is over soon. */
void kafka_schema_tell(struct kafka_schema *schema)
{
    if (schema->ready)
        return;
    weir_pause(schema->host, TELL_MS, weir_str_of(schema->why));
    weir_timer_set(schema->tell, TELL_EVERY_MS);
}

/* ---- using one ---------------------------------------------------------------------------------------------------- */

int kafka_schema_use(struct weir_encoder *codec, const struct kafka_schema_version *version,
                     struct weir_error *err)
{
    const uint32_t id = (uint32_t)version->id;
    const char prefix[PREFIX_BYTES] = { 0, (char)(id >> 24), (char)(id >> 16), (char)(id >> 8),
                                        (char)id };
    const struct weir_schema given = { weir_str_of(version->text), { prefix, sizeof(prefix) } };
    return weir_encoder_set_schema(codec, &given, err);
}

static void become_ready(struct kafka_schema *schema)
{
    schema->ready = true;
    schema->why[0] = '\0';
    weir_timer_cancel(schema->tell);
}

/* Keeps it, unless it is there; takes `version` over. */
static void keep(struct kafka_schema *schema, struct kafka_schema_version *version)
{
    const bool there = schema->kept.text != NULL;
    kafka_schema_version_deinit(&schema->kept);
    schema->kept = *version;
    *version = (struct kafka_schema_version){ 0 };
    int r = there ? 0 : kafka_schema_keep(schema->path, &schema->kept);
    if (r < 0)
        weir_warn(schema->host, "the schema cannot be kept on disk: a start needs the registry",
                  weir_kv_str("path", schema->path), weir_kv_str("error", strerrordesc_np(-r)));
}

bool kafka_schema_is_wrong(const struct kafka_schema *schema,
                           const struct kafka_schema_version *version,
                           char why[KAFKA_SCHEMA_WHY_MAX])
{
    char where[KAFKA_SCHEMA_WHY_MAX];
    const struct kafka_schema_options *options = schema->options;
    if (options->version && version->version != options->version) {
        snprintf(why, KAFKA_SCHEMA_WHY_MAX,
                 "the registry answers with version %lld, asked for %lld",
                 (long long)version->version, (long long)options->version);
        return true;
    }
    if (schema->file_text && !kafka_schema_same(schema->file_text, version->text, where)) {
        snprintf(why, KAFKA_SCHEMA_WHY_MAX,
                 "version %lld in the registry is not what `file` says: they differ at %.120s",
                 (long long)version->version, where[0] ? where : "their top");
        return true;
    }
    if (!schema->kept.text)
        return false;
    if (schema->kept.id != version->id) {
        snprintf(why, KAFKA_SCHEMA_WHY_MAX,
                 "the registry has another id for the pinned schema: %lld, and it was %lld",
                 (long long)version->id, (long long)schema->kept.id);
        return true;
    }
    if (!kafka_schema_same(schema->kept.text, version->text, where)) {
        snprintf(why, KAFKA_SCHEMA_WHY_MAX,
                 "the registry has another text for the pinned schema: it differs at %.120s",
                 where[0] ? where : "its top");
        return true;
    }
    return false;
}

/* The registry has it. */
static void take(struct kafka_schema *schema, struct kafka_schema_version *version)
{
    struct weir_error err = { 0 };
    char why[KAFKA_SCHEMA_WHY_MAX];
    const int64_t id = version->id, number = version->version;
    if (kafka_schema_is_wrong(schema, version, why)) {
        hold(schema, why);
        ask_later(schema);
        return;
    }
    if (!schema->ready && kafka_schema_use(schema->codec, version, &err) < 0) {
        hold(schema, err.text);
        ask_later(schema);
        return;
    }
    keep(schema, version);
    schema->confirmed = true;
    schema->registry = registry_close(schema->registry);
    weir_info(schema->host, "the schema is pinned",
              weir_kv_str("subject", schema->options->subject), weir_kv_int("version", number),
              weir_kv_int("id", id));
    if (!schema->ready)
        become_ready(schema);
}

/* The registry says nothing: on with what is on disk, if it is there. */
static void go_without(struct kafka_schema *schema, const char *why)
{
    struct weir_error err = { 0 };
    if (!schema->ready && schema->kept.text) {
        if (kafka_schema_use(schema->codec, &schema->kept, &err) < 0) {
            hold(schema, err.text);
        } else {
            weir_warn(schema->host,
                      "the registry cannot confirm the schema: it is used as it is on disk",
                      weir_kv_str("subject", schema->options->subject),
                      weir_kv_int("id", schema->kept.id), weir_kv_str("why", why));
            become_ready(schema);
        }
    } else if (!schema->ready) {
        hold(schema, why);
    }
    ask_later(schema);
}

/* ---- asking -------------------------------------------------------------------------------------------------------- */

static void answered(struct kafka_schema *schema)
{
    struct kafka_schema_version version = { 0 };
    char why[KAFKA_SCHEMA_WHY_MAX];
    switch (kafka_schema_read_answer(registry_status(schema->registry),
                                     registry_body(schema->registry), &version, why)) {
    case KAFKA_SCHEMA_GIVEN: take(schema, &version); break;
    case KAFKA_SCHEMA_ABSENT:
        hold(schema, why);
        ask_later(schema);
        break;
    case KAFKA_SCHEMA_REFUSED:
    case KAFKA_SCHEMA_AWAY: go_without(schema, why); break;
    }
    kafka_schema_version_deinit(&version);
}

bool kafka_schema_ask(struct registry *registry, const struct kafka_schema_options *options,
                      const char *file_text)
{
    char suffix[32] = "";
    char *body = NULL;
    if (options->mode == KAFKA_SCHEMA_LOOKUP) {
        body = kafka_schema_question(file_text);
        if (!body)
            return false;
    } else {
        snprintf(suffix, sizeof(suffix), "/versions/%lld", (long long)options->version);
    }
    registry_ask(registry, "/subjects/", suffix, body);
    return true;
}

/* Asks, or looks at what has become of it. */
static void step(struct kafka_schema *schema)
{
    struct weir_error err = { 0 };
    if (!schema->registry)
        schema->registry = registry_open(schema->options, &err);
    if (!schema->registry) {
        go_without(schema, err.text);
        return;
    }
    if (!schema->asking) {
        schema->poll = POLL_MIN_MS;
        schema->asking = kafka_schema_ask(schema->registry, schema->options, schema->file_text);
    }
    if (!schema->asking) {
        go_without(schema, "out of memory");
        return;
    }
    const enum registry_state state = registry_step(schema->registry);
    if (state == REGISTRY_BUSY) {
        weir_timer_set(schema->timer, schema->poll);
        schema->poll = schema->poll * 2 < POLL_MAX_MS ? schema->poll * 2 : POLL_MAX_MS;
        return;
    }
    schema->asking = false;
    if (state == REGISTRY_ANSWERED)
        answered(schema);
    else
        go_without(schema, registry_why(schema->registry));
}

bool kafka_schema_step(struct kafka_schema *schema)
{
    const bool before = schema->ready;
    step(schema);
    return schema->ready && !before;
}

/* ---- beginning and end ------------------------------------------------------------------------------------------------ */

int kafka_schema_recall(struct kafka_schema *schema)
{
    char where[KAFKA_SCHEMA_WHY_MAX];
    const struct kafka_schema_options *options = schema->options;
    struct kafka_schema_version *kept = &schema->kept;
    int r = kafka_schema_fetch(schema->path, kept);
    if (r < 0)
        return r;
    const bool other = strcmp(kept->subject, options->subject) != 0 ||
                       (options->version && kept->version != options->version) ||
                       (options->mode == KAFKA_SCHEMA_LOOKUP &&
                        !kafka_schema_same(schema->file_text, kept->text, where));
    if (other)
        kafka_schema_version_deinit(kept);
    return 0;
}

static int open_file(struct kafka_schema *schema, struct weir_error *err)
{
    size_t len;
    if (!schema->options->file)
        return 0;
    int r = kafka_schema_file(schema->options->file, &schema->file_text, &len);
    return r < 0 ? weir_error_option(err, "schema.file", "%s: %s", schema->options->file,
                                     strerrordesc_np(-r))
                 : 0;
}

int kafka_schema_open(struct kafka_schema *schema, const struct kafka_schema_options *options,
                      struct weir_encoder *codec, struct weir_host *host, struct weir_timer *timer,
                      struct weir_timer *tell, struct weir_error *err)
{
    char where[KAFKA_SCHEMA_WHY_MAX];
    if (!options->registry.count)
        return 0;
    schema->options = options;
    schema->codec = codec;
    schema->host = host;
    schema->timer = timer;
    schema->tell = tell;
    schema->pause = PAUSE_MIN_MS;
    schema->path =
        kafka_schema_path(weir_host_data_dir(host), weir_host_pipeline(host), weir_host_id(host));
    if (!schema->path)
        return weir_error_set(err, -ENOMEM, "out of memory");
    int r = open_file(schema, err);
    if (r < 0)
        return r;
    r = kafka_schema_recall(schema);
    if (r < 0 && r != -ENOENT)
        weir_warn(host, "the schema on disk cannot be read, and is asked for again",
                  weir_kv_str("path", schema->path), weir_kv_str("error", strerrordesc_np(-r)));
    if (schema->kept.text && schema->file_text &&
        !kafka_schema_same(schema->file_text, schema->kept.text, where))
        kafka_schema_version_deinit(&schema->kept); /* not what is asked for now */
    schema->left_out =
        weir_counter_new(host, "kafka_schema_fields_left_out_total",
                         "Fields of records that were left out, having no place in the schema.");
    weir_timer_set(timer, 0);
    return 0;
}

void kafka_schema_close(struct kafka_schema *schema)
{
    schema->registry = registry_close(schema->registry);
    kafka_schema_version_deinit(&schema->kept);
    free(schema->file_text);
    free(schema->path);
}

void kafka_schema_count(struct kafka_schema *schema)
{
    const uint64_t now = schema->codec ? weir_encoder_left_out(schema->codec) : 0;
    if (now == schema->left_out_told)
        return;
    weir_counter_add(schema->left_out, (int64_t)(now - schema->left_out_told));
    schema->left_out_told = now;
}
