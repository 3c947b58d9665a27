/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration's text, read against a few tables; nothing that it names is opened. */
#include <stdio.h>

#include "config/diagnostics.h"
#include "fake_plugins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_pipeline(const struct config_pipeline *pipeline)
{
    assert(pipeline->input_count && pipeline->output_count);
    assert(pipeline->buffer.memory && pipeline->place.line && pipeline->place.column);
    for (size_t i = 0; i < pipeline->input_count; i++)
        assert(pipeline->inputs[i].id && pipeline->inputs[i].state && !pipeline->inputs[i].when);
    for (size_t i = 0; i < pipeline->output_count; i++)
        if (strcmp(pipeline->outputs[i].plugin->name, "file") == 0) {
            const struct fake_file *file = pipeline->outputs[i].state;
            assert(file->path && file->codec && file->linger >= 10 && file->linger <= 60000);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diagnostics *diag = diagnostics_new();
    const struct weir_str text = { size ? (const char *)data : "", size };
    struct config *config = config_read_text("fuzz", text, &fake_hooks, diag);
    assert(!config == (diagnostics_errors(diag) > 0));
    uint64_t sum = CONFIG_RESERVE_BYTES;
    for (size_t i = 0; config && i < config->pipeline_count; i++) {
        check_pipeline(&config->pipelines[i]);
        sum += config->pipelines[i].buffer.memory;
    }
    assert(!config || (config->pipeline_count && sum <= config->service.memory_limit));
    config_free(config);

    char *said = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&said, &len);
    assert(out);
    diagnostics_print(diag, out, false);
    diagnostics_print(diag, out, true);
    fclose(out);
    for (size_t i = 0; i < len; i++)
        assert((unsigned char)said[i] >= 0x20 || said[i] == '\n');
    free(said);
    diagnostics_free(diag);
    return 0;
}
