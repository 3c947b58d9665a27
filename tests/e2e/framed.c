/* SPDX-License-Identifier: Apache-2.0 */
/* An output for any codec, also of any bytes, also by a schema: `{type: framed, path: FILE, schema: FILE, codec: avro}` writes
 * each record behind its length, four bytes, the low ones first. */
#include <weir/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct out_framed {
    char *path, *schema;
    struct weir_encoder *codec;
    struct weir_bytes record;
    FILE *file;
};

static const struct weir_option options[] = {
    { .name = "path",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_framed, path),
      .required = true,
      .help = "Where records go." },
    { .name = "schema",
      .type = WEIR_TEXT,
      .offset = offsetof(struct out_framed, schema),
      .help = "A file with the codec's schema." },
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = offsetof(struct out_framed, codec),
      .def = "json",
      .takes = WEIR_CODEC_BINARY | WEIR_CODEC_SCHEMA,
      .help = "How a record is written." },
    { 0 },
};

static int out_framed_open(void *state, struct weir_host *host, struct weir_error *err)
{
    static char text[1 << 20];
    struct out_framed *self = state;
    (void)host;
    self->record.max = 1 << 20;
    self->file = fopen(self->path, "a");
    if (!self->file)
        return weir_error_option(err, "path", "%s", strerror(errno));
    if (!self->schema)
        return 0;
    FILE *file = fopen(self->schema, "r");
    if (!file)
        return weir_error_option(err, "schema", "%s", strerror(errno));
    const struct weir_schema schema = { { text, fread(text, 1, sizeof(text), file) },
                                        WEIR_STR_NONE };
    fclose(file);
    return weir_encoder_set_schema(self->codec, &schema, err);
}

static void out_framed_deliver(void *state, struct weir_delivery *delivery)
{
    struct out_framed *self = state;
    const struct weir_slice slice = *weir_delivery_slice(delivery);
    const uint32_t end = slice.first + slice.count;
    for (uint32_t at = weir_slice_next(&slice, slice.first), next; at < end; at = next) {
        next =
            weir_slice_next(&slice, at + 1); /* with the last one settled, the delivery is gone */
        self->record.len = 0;
        if (weir_encode(self->codec, &slice, at, &self->record, 1) == at) {
            weir_settle(delivery, at, 1, WEIR_REJECTED, weir_refusal(&self->record, "too large"));
            continue;
        }
        const uint32_t len = (uint32_t)self->record.len;
        fwrite(&len, sizeof(len), 1, self->file);
        fwrite(self->record.data, 1, len, self->file);
        fflush(self->file);
        weir_settle(delivery, at, 1, WEIR_DELIVERED, WEIR_STR_NONE);
    }
}

static void out_framed_close(void *state)
{
    struct out_framed *self = state;
    if (self->file)
        fclose(self->file);
    weir_bytes_free(&self->record);
}

WEIR_PLUGIN(out_framed) = {
    .abi = WEIR_PLUGIN_ABI,
    .kind = WEIR_OUTPUT,
    .name = "framed",
    .summary = "Records behind their lengths.",
    .state_size = sizeof(struct out_framed),
    .options = options,
    .open = out_framed_open,
    .close = out_framed_close,
    .output = { .deliver = out_framed_deliver },
};
