/* SPDX-License-Identifier: Apache-2.0 */
/* The answer to a bulk request is 200 when the request was understood, and says for each document, in their order,
 * what became of it:
 *
 *     {"took":5,"errors":true,"items":[{"create":{"status":201}},
 *                                      {"create":{"status":429,"error":{"type":"es_rejected...","reason":"..."}}}]}
 *
 *   200, 201             stored
 *   409                  it is there already, under the same id: an earlier try, whose answer was lost
 *   429, 5xx             not now: this document again, and no other
 *   401, 403, 404        rights, or an index that is missing or write-protected: a person must act
 *   anything else        the document is wrong, and will be tomorrow
 *
 * With "errors":false all are stored. An answer of any other shape says nothing: everything is sent again, which the ids
 * make harmless. (Elasticsearch and OpenSearch, bulk API.) */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <weir/json.h>

#define REASON_BYTES_MAX 4096
#define TOP_MEMBERS_MAX 16

static int number_of(const struct weir_field *field)
{
    char text[8];
    if (field->type != WEIR_VALUE_INT || field->value_len >= sizeof(text))
        return 0;
    memcpy(text, field->value, field->value_len);
    text[field->value_len] = '\0';
    return (int)strtol(text, NULL, 10);
}

static enum weir_http_verdict verdict_of(int status)
{
    if (status == 200 || status == 201 || status == 409)
        return WEIR_HTTP_ACK;
    if (status == 429 || status >= 500)
        return WEIR_HTTP_RETRY;
    if (status == 401 || status == 403 || status == 404)
        return WEIR_HTTP_PAUSE;
    return WEIR_HTTP_REJECT;
}

/* Adds a member of an object, when it has one of that name that is text. */
static void add_member(struct weir_bytes *out, struct weir_str object, struct weir_str name)
{
    struct weir_field field;
    if (weir_json_member(object, name, &field) && field.type == WEIR_VALUE_STRING)
        (void)!weir_bytes_add_text(out, &field); /* what is too long is left out */
}

/* "429 es_rejected_execution_exception: reason", of what is there. */
static void say(struct weir_http_verdicts *verdicts, uint32_t index, int status,
                struct weir_str item)
{
    struct weir_bytes reason = { .max = REASON_BYTES_MAX };
    struct weir_field error;
    char number[16];
    int len = snprintf(number, sizeof(number), "%d ", status);
    (void)!weir_bytes_add(&reason, number, (size_t)len);
    if (weir_json_member(item, WEIR_STR("error"), &error) && error.type == WEIR_VALUE_JSON) {
        const struct weir_str object = { error.value, error.value_len };
        add_member(&reason, object, WEIR_STR("type"));
        (void)!weir_bytes_add(&reason, ": ", 2);
        add_member(&reason, object, WEIR_STR("reason"));
    }
    weir_http_record(verdicts, index, verdict_of(status),
                     (struct weir_str){ reason.data, reason.len });
    weir_bytes_free(&reason);
}

/* The status of an item, {"create":{"status":...}}, and what stands in its braces; 0 when it is none. */
static int read_item(struct weir_str element, struct weir_str *ret_item)
{
    struct weir_field member, status;
    struct weir_json json;
    if (weir_json_object(element.ptr, element.len, &member, 1, &json) != 1 ||
        member.type != WEIR_VALUE_JSON)
        return 0;
    *ret_item = (struct weir_str){ member.value, member.value_len };
    return weir_json_member(*ret_item, WEIR_STR("status"), &status) ? number_of(&status) : 0;
}

/* False when the items are not those of the request. */
static bool read_items(struct weir_str array, struct weir_http_verdicts *verdicts, uint32_t records,
                       uint32_t *ret_duplicates)
{
    struct weir_str element, item;
    size_t at = 0;
    uint32_t index = 0;
    for (; weir_json_element(array, &at, &element); index++) {
        int status = read_item(element, &item);
        if (!status || index == records)
            return false;
        *ret_duplicates += status == 409;
        if (verdict_of(status) != WEIR_HTTP_ACK)
            say(verdicts, index, status, item);
    }
    return index == records;
}

uint32_t elasticsearch_read(const struct weir_http_answer *answer,
                            struct weir_http_verdicts *verdicts)
{
    const struct weir_str strange = WEIR_STR("the answer is not that of a bulk request");
    struct weir_field fields[TOP_MEMBERS_MAX], errors, items;
    struct weir_json json;
    uint32_t duplicates = 0;
    if (answer->cut ||
        weir_json_object(answer->body.ptr, answer->body.len, fields, TOP_MEMBERS_MAX, &json) < 0 ||
        !weir_json_member(json.object, WEIR_STR("errors"), &errors) ||
        errors.type != WEIR_VALUE_BOOL) {
        weir_http_all(verdicts, WEIR_HTTP_RETRY, strange);
        return 0;
    }
    if (errors.value[0] == 'f')
        return 0;
    if (!weir_json_member(json.object, WEIR_STR("items"), &items) ||
        items.type != WEIR_VALUE_JSON || items.value[0] != '[' ||
        !read_items((struct weir_str){ items.value, items.value_len }, verdicts, answer->records,
                    &duplicates)) {
        weir_http_all(verdicts, WEIR_HTTP_RETRY, strange);
        return 0;
    }
    return duplicates;
}
