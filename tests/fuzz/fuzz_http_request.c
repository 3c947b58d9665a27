/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "admin/http_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_view(struct weir_str view, const char *data, size_t size)
{
    assert(!view.len || (view.ptr >= data && view.ptr + view.len <= data + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct http_request request;
    int answer = http_request_parse((struct weir_str){ text, size }, &request);
    if (answer == HTTP_OK) {
        const struct weir_str views[] = { request.method, request.path,   request.query,
                                          request.host,   request.accept, request.body };
        for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++)
            check_view(views[i], text, size);
        assert(request.path.len && request.path.ptr[0] == '/');
        http_query_has(request.query, WEIR_STR("verbose"));
        http_host_is_local(request.host);
    }
    /* Once the head is there, what follows does not change the answer; before, there is none. */
    if (answer == HTTP_INCOMPLETE)
        for (size_t len = 0; len < size && len < 256; len++)
            assert(http_request_parse((struct weir_str){ text, len }, &request) == HTTP_INCOMPLETE);
    return 0;
}
