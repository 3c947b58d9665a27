/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of POST, as the admin endpoint reads them. */
#include <assert.h>
#include <stdlib.h>

#include "admin/control.h"
#include "admin/http_server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int do_replay(void *arg, const char *pipeline, const struct replay_request *request,
                     struct weir_error *err)
{
    (void)arg;
    (void)err;
    assert(pipeline && *pipeline);
    assert(request->id_count <= REPLAY_IDS_MAX &&
           (request->id_count > 0) == (request->ids != NULL));
    assert(!request->output || *request->output);
    return 0;
}

static int do_cancel(void *arg, const char *pipeline, struct weir_error *err)
{
    return do_replay(arg, pipeline, &REPLAY_ALL, err);
}

static int do_progress(void *arg, const char *pipeline, struct replay_progress *ret,
                       struct weir_error *err)
{
    *ret = (struct replay_progress){ 0 };
    return do_replay(arg, pipeline, &REPLAY_ALL, err);
}

static int do_drop(void *arg, const char *pipeline, enum replay_source source, const char *output,
                   uint64_t *ret_records, struct weir_error *err)
{
    (void)source;
    assert(output && *output);
    *ret_records = 0;
    return do_replay(arg, pipeline, &REPLAY_ALL, err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct admin_control control = { do_replay, do_cancel, do_progress, do_drop };
    const struct http_request request = { .is_post = true, .body = { (const char *)data, size } };
    char *body = NULL;
    size_t len = 0;
    struct http_response response = { .status = 200, .body = open_memstream(&body, &len) };
    control_replay(&control, NULL, &request, &response);
    control_drop(&control, NULL, &request, &response);
    fclose(response.body);
    assert(len > 0 && body[len - 1] == '\n');
    free(body);
    return 0;
}
