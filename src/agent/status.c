/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot is a small tree of arrays, made for one request and freed after it: some kilobytes for a
 * usual configuration. It stands between the agent and the formats that show it, so that the first
 * knows no JSON and the second no runner. */
#include "agent/status.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

struct status *status_new(void)
{
    struct status *status = calloc(1, sizeof(*status));
    if (status)
        status->version = status->data_dir = "";
    return status;
}

static void pipeline_free_arrays(struct status_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->input_count; i++)
        free(pipeline->inputs[i].lost);
    for (size_t i = 0; i < pipeline->output_count; i++)
        free(pipeline->outputs[i].ledger.dropped);
    free(pipeline->inputs);
    free(pipeline->filters);
    free(pipeline->outputs);
    free(pipeline->ledger.filtered);
    free(pipeline->ledger.dropped);
}

struct status *status_free(struct status *status)
{
    if (!status)
        return NULL;
    for (size_t i = 0; i < status->pipeline_count; i++)
        pipeline_free_arrays(&status->pipelines[i]);
    free(status->pipelines);
    free(status->checks);
    free(status);
    return NULL;
}

int status_array_new(void **array, size_t element_bytes, size_t *array_count, size_t count)
{
    assert(!*array);
    *array_count = 0;
    if (count == 0)
        return 0;
    *array = calloc(count, element_bytes);
    if (!*array)
        return -ENOMEM;
    *array_count = count;
    return 0;
}

void status_reason_set(char reason[STATUS_REASON_MAX], const char *text, size_t len)
{
    if (len >= STATUS_REASON_MAX)
        len = utf8_cut(text, STATUS_REASON_MAX - 1);
    memcpy(reason, text, len);
    reason[len] = '\0';
}

bool status_is_ready(const struct status *status)
{
    for (size_t i = 0; i < status->check_count; i++)
        if (!status->checks[i].ok)
            return false;
    return status->state == STATUS_RUNNING;
}
