/* SPDX-License-Identifier: Apache-2.0 */
/* Versions of schemas: out of a registry's answers, on to the disk and back, and compared. All of it comes from outside.
 *
 * A registry that speaks Confluent's API (Apicurio, Karapace and Redpanda do too) answers
 *
 *     {"subject":"logs-value","version":3,"id":42,"schema":"...the schema's text..."}       schemaType where it is not AVRO
 *     {"error_code":40401,"message":"Subject 'logs-value' not found."}
 *
 * and what is kept on disk is the first of these, checked by its first line:
 *
 *     weir-schema 1 0123456789abcdef\n     the format, its version, XXH3-64 of all that follows
 *     {"id":42,"schema":"...","subject":"logs-value","version":3}\n
 */
#include "schema_version.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define MAGIC "weir-schema 1 "
#define HASH_DIGITS 16
#define HEAD_BYTES (sizeof(MAGIC) - 1 + HASH_DIGITS + 1)

void kafka_schema_version_deinit(struct kafka_schema_version *version)
{
    free(version->subject);
    free(version->text);
    *version = (struct kafka_schema_version){ 0 };
}

static json_t *load(struct weir_str text)
{
    return text.len && text.len <= KAFKA_SCHEMA_BYTES_MAX
               ? json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, NULL)
               : NULL;
}

static void say(char *why, const char *what, const char *words)
{
    snprintf(why, KAFKA_SCHEMA_WHY_MAX, "%s%s%.150s", what, words[0] ? ": " : "", words);
}

/* ---- answers -------------------------------------------------------------------------------------------------- */

static bool take(const json_t *json, struct kafka_schema_version *ret)
{
    const char *subject = json_string_value(json_object_get(json, "subject"));
    const char *text = json_string_value(json_object_get(json, "schema"));
    const json_t *id = json_object_get(json, "id"), *version = json_object_get(json, "version");
    if (!subject || !text || !json_is_integer(id) || !json_is_integer(version) ||
        json_integer_value(id) < 0 || json_integer_value(id) > INT32_MAX ||
        json_integer_value(version) < 1)
        return false;
    struct kafka_schema_version made = { strdup(subject), strdup(text), json_integer_value(id),
                                         json_integer_value(version) };
    if (!made.subject || !made.text) {
        kafka_schema_version_deinit(&made);
        return false;
    }
    *ret = made;
    return true;
}

static enum kafka_schema_answer read_version(const json_t *json, struct kafka_schema_version *ret,
                                             char *why)
{
    const char *type = json_string_value(json_object_get(json, "schemaType"));
    if (type && strcmp(type, "AVRO") != 0) {
        say(why, "the registry has another kind of schema there", type);
        return KAFKA_SCHEMA_ABSENT;
    }
    if (json_array_size(json_object_get(json, "references"))) {
        say(why, "the schema refers to other subjects, which is not supported", "");
        return KAFKA_SCHEMA_ABSENT;
    }
    if (take(json, ret))
        return KAFKA_SCHEMA_GIVEN;
    say(why, "the registry's answer is none", "");
    return KAFKA_SCHEMA_AWAY;
}

/* By status; 40401 subject, 40402 version, 40403 schema not found are all 404, and so is an address that is no registry's. */
static enum kafka_schema_answer read_error(int status, const json_t *json, char *why)
{
    const char *message = json_string_value(json_object_get(json, "message"));
    const json_t *code = json_object_get(json, "error_code");
    char what[64];
    snprintf(what, sizeof(what), "the registry answers %d", status);
    say(why, what, message ? message : "");
    if (status == 404 && json_is_integer(code) && json_integer_value(code) / 100 == 404)
        return KAFKA_SCHEMA_ABSENT;
    if (status == 422)
        return KAFKA_SCHEMA_ABSENT;
    return status == 401 || status == 403 ? KAFKA_SCHEMA_REFUSED : KAFKA_SCHEMA_AWAY;
}

enum kafka_schema_answer kafka_schema_read_answer(int status, struct weir_str body,
                                                  struct kafka_schema_version *ret,
                                                  char why[KAFKA_SCHEMA_WHY_MAX])
{
    json_t *json = load(body);
    enum kafka_schema_answer answer = status >= 200 && status < 300 ? read_version(json, ret, why)
                                                                    : read_error(status, json, why);
    json_decref(json);
    return answer;
}

int kafka_schema_read_compatible(int status, struct weir_str body, char why[KAFKA_SCHEMA_WHY_MAX])
{
    json_t *json = load(body);
    const json_t *verdict = json_object_get(json, "is_compatible");
    const json_t *messages = json_object_get(json, "messages");
    const char *words = json_string_value(json_array_get(messages, 0));
    int answer = -1;
    if (status >= 200 && status < 300 && json_is_boolean(verdict)) {
        answer = json_is_true(verdict);
        say(why, "the registry says that it is not compatible", words ? words : "");
    } else {
        read_error(status, json, why);
    }
    json_decref(json);
    return answer;
}

char *kafka_schema_question(const char *text)
{
    json_t *json = json_pack("{s:s,s:s}", "schema", text, "schemaType", "AVRO");
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return body;
}

/* ---- comparing ------------------------------------------------------------------------------------------------- */

/* Where two values first differ: adds to the path, from the innermost step out. */
static bool differs(const json_t *a, const json_t *b, char *path, size_t room, unsigned depth);

static void step(char *path, size_t room, const char *name, size_t index)
{
    char rest[KAFKA_SCHEMA_WHY_MAX];
    snprintf(rest, sizeof(rest), "%s", path);
    const char *dot = rest[0] && rest[0] != '[' ? "." : "";
    if (name)
        snprintf(path, room, "%.60s%s%.150s", name, dot, rest);
    else
        snprintf(path, room, "[%zu]%s%.150s", index, dot, rest);
}

static bool objects_differ(const json_t *a, const json_t *b, char *path, size_t room,
                           unsigned depth)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)a, key, value)
    {
        if (differs(value, json_object_get(b, key), path, room, depth)) {
            step(path, room, key, 0);
            return true;
        }
    }
    json_object_foreach((json_t *)(uintptr_t)b, key, value)
    {
        if (!json_object_get(a, key)) {
            step(path, room, key, 0);
            return true;
        }
    }
    return false;
}

static bool differs(const json_t *a, const json_t *b, char *path, size_t room, unsigned depth)
{
    if (depth == 0 || !a || !b || json_typeof(a) != json_typeof(b))
        return true;
    if (json_is_object(a))
        return objects_differ(a, b, path, room, depth - 1);
    if (!json_is_array(a))
        return !json_equal(a, b);
    for (size_t i = 0; i < json_array_size(a) || i < json_array_size(b); i++) {
        if (differs(json_array_get(a, i), json_array_get(b, i), path, room, depth - 1)) {
            step(path, room, NULL, i);
            return true;
        }
    }
    return false;
}

#define DEPTH_MAX 256

bool kafka_schema_same(const char *a, const char *b, char why[KAFKA_SCHEMA_WHY_MAX])
{
    json_t *left = load(weir_str_of(a)), *right = load(weir_str_of(b));
    why[0] = '\0';
    const bool same = left && right && !differs(left, right, why, KAFKA_SCHEMA_WHY_MAX, DEPTH_MAX);
    json_decref(left);
    json_decref(right);
    return same;
}

/* ---- on disk --------------------------------------------------------------------------------------------------- */

static void put_head(char *at, const char *text, size_t len)
{
    char head[HEAD_BYTES + 1];
    snprintf(head, sizeof(head), MAGIC "%016llx\n", (unsigned long long)XXH3_64bits(text, len));
    memcpy(at, head, HEAD_BYTES);
}

char *kafka_schema_write(const struct kafka_schema_version *version, size_t *ret_len)
{
    json_t *json = json_pack("{s:s,s:I,s:I,s:s}", "subject", version->subject, "version",
                             (json_int_t)version->version, "id", (json_int_t)version->id, "schema",
                             version->text);
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    const size_t len = text ? strlen(text) : 0;
    char *file = text ? malloc(HEAD_BYTES + len + 2) : NULL;
    json_decref(json);
    if (file) {
        memcpy(file + HEAD_BYTES, text, len);
        memcpy(file + HEAD_BYTES + len, "\n", 2);
        put_head(file, file + HEAD_BYTES, len + 1);
        *ret_len = HEAD_BYTES + len + 1;
    }
    free(text);
    return file;
}

bool kafka_schema_read(struct weir_str text, struct kafka_schema_version *ret)
{
    char head[HEAD_BYTES];
    if (text.len <= HEAD_BYTES)
        return false;
    const struct weir_str body = { text.ptr + HEAD_BYTES, text.len - HEAD_BYTES };
    put_head(head, body.ptr, body.len);
    if (memcmp(head, text.ptr, HEAD_BYTES) != 0)
        return false;
    json_t *json = load(body);
    const bool good = json && take(json, ret);
    json_decref(json);
    return good;
}
