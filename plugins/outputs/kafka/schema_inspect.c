/* SPDX-License-Identifier: Apache-2.0 */
/* What `weir validate` finds out about a schema: offline by its file and by what is kept on disk, with --online by asking
 * the registry what a start would ask, and whether the file is compatible with the newest version of its subject. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "schema_store.h"

/* Whether the codec, as it is configured, can write by `text`. */
static bool check_text(const struct kafka_schema *schema, const char *option, const char *what,
                       char *text, struct weir_inspection *inspection)
{
    struct weir_error err = { 0 };
    const struct kafka_schema_version version = { .text = text };
    if (kafka_schema_use(schema->codec, &version, &err) == 0)
        return true;
    weir_inspection_wrong(inspection, option, "%s: %s", what, err.text);
    return false;
}

static bool inspect_file(struct kafka_schema *schema, struct weir_inspection *inspection)
{
    size_t len;
    const char *path = schema->options->file;
    if (!path)
        return true;
    int r = kafka_schema_file(path, &schema->file_text, &len);
    if (r < 0) {
        weir_inspection_wrong(inspection, "schema.file", "%s: %s", path, strerrordesc_np(-r));
        return false;
    }
    return check_text(schema, "schema.file", path, schema->file_text, inspection);
}

/* What cannot be read says nothing: whoever validates need not be who runs the agent. */
static void inspect_kept(struct kafka_schema *schema, struct weir_inspection *inspection)
{
    char where[KAFKA_SCHEMA_WHY_MAX];
    struct kafka_schema_version *kept = &schema->kept;
    if (kafka_schema_recall(schema) < 0 || !kept->text)
        return;
    if (schema->file_text && !kafka_schema_same(schema->file_text, kept->text, where))
        weir_inspection_wrong(
            inspection, "schema.file",
            "it is not what version %lld was when it was last seen: they differ at %s",
            (long long)kept->version, where[0] ? where : "their top");
    else if (check_text(schema, "schema.version", "the schema as it is on disk", kept->text,
                        inspection))
        weir_inspection_good(inspection, "schema.subject",
                             "\"%s\" version %lld, id %lld, is on disk", kept->subject,
                             (long long)kept->version, (long long)kept->id);
}

/* ---- online ------------------------------------------------------------------------------------------------------ */

static void inspect_version(struct kafka_schema *schema, struct kafka_schema_version *version,
                            struct weir_inspection *inspection)
{
    char why[KAFKA_SCHEMA_WHY_MAX];
    if (kafka_schema_is_wrong(schema, version, why))
        weir_inspection_wrong(inspection, "schema.version", "%s", why);
    else if (check_text(schema, "schema.version", "the schema in the registry", version->text,
                        inspection))
        weir_inspection_good(inspection, "schema.subject",
                             "the registry has \"%s\" version %lld, id %lld", version->subject,
                             (long long)version->version, (long long)version->id);
}

static void inspect_answer(struct kafka_schema *schema, struct weir_inspection *inspection)
{
    struct kafka_schema_version version = { 0 };
    char why[KAFKA_SCHEMA_WHY_MAX];
    switch (kafka_schema_read_answer(registry_status(schema->registry),
                                     registry_body(schema->registry), &version, why)) {
    case KAFKA_SCHEMA_GIVEN: inspect_version(schema, &version, inspection); break;
    case KAFKA_SCHEMA_ABSENT: weir_inspection_wrong(inspection, "schema.version", "%s", why); break;
    case KAFKA_SCHEMA_REFUSED: weir_inspection_wrong(inspection, "schema.auth", "%s", why); break;
    case KAFKA_SCHEMA_AWAY: weir_inspection_wrong(inspection, "schema.registry", "%s", why); break;
    }
    kafka_schema_version_deinit(&version);
}

static void inspect_compatibility(struct kafka_schema *schema, struct weir_inspection *inspection)
{
    char why[KAFKA_SCHEMA_WHY_MAX] = "out of memory";
    char *body = schema->file_text ? kafka_schema_question(schema->file_text) : NULL;
    if (!body)
        return;
    registry_ask(schema->registry, "/compatibility/subjects/", "/versions/latest?verbose=true",
                 body);
    int verdict = -1;
    if (registry_wait(schema->registry) == REGISTRY_ANSWERED)
        verdict = kafka_schema_read_compatible(registry_status(schema->registry),
                                               registry_body(schema->registry), why);
    else
        memcpy(why, registry_why(schema->registry), strlen(registry_why(schema->registry)) + 1);
    if (verdict == 0)
        weir_inspection_wrong(inspection, "schema.file", "%s", why);
    else if (verdict < 0)
        weir_inspection_doubt(inspection, "schema.file",
                              "whether it is compatible is not known: %s", why);
    else
        weir_inspection_good(inspection, "schema.file",
                             "%s is compatible with the newest version of \"%s\"",
                             schema->options->file, schema->options->subject);
}

static void inspect_registry(struct kafka_schema *schema, struct weir_inspection *inspection)
{
    struct weir_error err = { 0 };
    schema->registry = registry_open(schema->options, &err);
    if (!schema->registry) {
        weir_inspection_wrong(inspection, "schema.registry", "%s", err.text);
        return;
    }
    if (!kafka_schema_ask(schema->registry, schema->options, schema->file_text))
        return;
    if (registry_wait(schema->registry) == REGISTRY_ANSWERED) {
        inspect_answer(schema, inspection);
        inspect_compatibility(schema, inspection);
    } else {
        weir_inspection_wrong(inspection, "schema.registry", "%s", registry_why(schema->registry));
    }
}

void kafka_schema_inspect(const struct kafka_schema_options *options, struct weir_encoder *codec,
                          struct weir_inspection *inspection)
{
    struct kafka_schema schema = { .options = options, .codec = codec };
    if (!options->registry.count)
        return;
    schema.path =
        kafka_schema_path(weir_inspection_data_dir(inspection),
                          weir_inspection_pipeline(inspection), weir_inspection_id(inspection));
    if (schema.path && inspect_file(&schema, inspection)) {
        inspect_kept(&schema, inspection);
        if (weir_inspection_online(inspection))
            inspect_registry(&schema, inspection);
    }
    kafka_schema_close(&schema);
}
