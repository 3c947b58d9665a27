/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry answers, what a kept schema's file holds, and two schemas that are compared: the first byte says which. What
 * is read of an answer can be kept, and comes back as it was. */
#include <assert.h>
#include <stdlib.h>

#include "plugins/outputs/kafka/schema_version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void keep(const struct kafka_schema_version *version)
{
    struct kafka_schema_version back = { 0 };
    size_t len;
    char *file = kafka_schema_write(version, &len);
    assert(file && kafka_schema_read((struct weir_str){ file, len }, &back));
    assert(strcmp(back.subject, version->subject) == 0 && strcmp(back.text, version->text) == 0);
    assert(back.id == version->id && back.version == version->version);
    kafka_schema_version_deinit(&back);
    free(file);
}

static void answer(int status, struct weir_str body)
{
    char why[KAFKA_SCHEMA_WHY_MAX] = "";
    struct kafka_schema_version version = { 0 };
    if (kafka_schema_read_answer(status, body, &version, why) == KAFKA_SCHEMA_GIVEN)
        keep(&version);
    else
        assert(why[0] && !version.text);
    kafka_schema_version_deinit(&version);
    (void)kafka_schema_read_compatible(status, body, why);
}

static void compare(struct weir_str text)
{
    char why[KAFKA_SCHEMA_WHY_MAX];
    char *a = strndup(text.ptr, text.len), *b = a + strlen(a);
    char *line = strchr(a, '\n');
    if (line) {
        *line = '\0';
        b = line + 1;
    }
    (void)kafka_schema_same(a, b, why);
    assert(memchr(why, '\0', sizeof(why)));
    free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int statuses[] = { 200, 404, 422, 401, 503 };
    struct kafka_schema_version version = { 0 };
    if (!size)
        return 0;
    const struct weir_str text = { (const char *)data + 1, size - 1 };
    const unsigned choice = data[0] % 8;
    if (choice < 5)
        answer(statuses[choice], text);
    else if (choice == 5)
        compare(text);
    else if (kafka_schema_read(text, &version))
        keep(&version);
    kafka_schema_version_deinit(&version);
    return 0;
}
