/* SPDX-License-Identifier: Apache-2.0 */
/* The first line of the input is a template, the others are records: plain, then as JSON. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "record/template.h"
#include "support/make_batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a file's name would be made safe; what comes in must be text of the batch or the template. */
static int clean(struct weir_bytes *out, struct weir_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        int r = weir_bytes_add(out, text.ptr[i] == '/' ? "_" : text.ptr + i, 1);
        if (r < 0)
            return r;
    }
    return 0;
}

static void render_all(const struct weir_template *tpl, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->pub.count; i++) {
        struct weir_bytes out = { .max = (size_t)1 << 24 };
        int r = weir_template_render(tpl, &batch->pub, i, i % 2 ? clean : NULL, &out);
        assert(r == 0);
        if (weir_template_is_constant(tpl)) {
            struct weir_str text = { out.data, out.len };
            assert(weir_str_eq(text, weir_template_text(tpl)));
        }
        struct weir_bytes tight = { .max = out.len ? out.len - 1 : 0 };
        r = weir_template_render(tpl, &batch->pub, i, i % 2 ? clean : NULL, &tight);
        assert(r == (out.len ? -ENOSPC : 0));
        weir_bytes_free(&tight);
        weir_bytes_free(&out);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size && size <= 65536 ? memchr(data, '\n', size) : NULL;
    if (!newline)
        return 0;
    struct weir_str lines = { (const char *)newline + 1, size - (size_t)(newline + 1 - data) };
    char *text = strndup((const char *)data, (size_t)(newline - data));
    struct weir_error err = { 0 };
    size_t offset = SIZE_MAX;
    struct weir_template *tpl = template_new(text, &err, &offset);
    assert(tpl || (offset <= strlen(text) && err.text[0]));
    if (tpl && lines.len) {
        struct batch *batch = make_batch_of(lines, 0);
        render_all(tpl, batch);
        made_batch_parse_json(batch);
        batch->pub.records[0].event_time = INT64_MIN + 1;
        render_all(tpl, batch);
        made_batch_free(batch);
    }
    template_free(tpl);
    free(text);
    return 0;
}
