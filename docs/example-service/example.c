/* SPDX-License-Identifier: Apache-2.0 */
/* A service of the output module `http` in one file: what docs/plugin-guide.md shows. */
#include <weir/http.h>

struct out_example {
    struct weir_http http; /* first */
    struct weir_encoder *codec;
};

static const struct weir_option options[] = {
    WEIR_HTTP_OPTIONS,
    { .name = "codec",
      .type = WEIR_CODEC,
      .offset = offsetof(struct out_example, codec),
      .def = "json",
      .help = "How a record is written." },
    { 0 },
};

static const char *content_type(const void *state)
{
    (void)state;
    return "application/x-ndjson";
}

static uint32_t encode(void *state, const struct weir_slice *slice, uint32_t at,
                       struct weir_bytes *body, size_t want)
{
    struct out_example *self = state;
    return weir_encode(self->codec, slice, at, body, want);
}

static const struct weir_http_rule rules[] = {
    { 403, 403, "quota", WEIR_HTTP_RETRY }, /* it says 403 and means 429 */
    { 0 },
};

static const struct weir_http_service service = {
    .path = "/v1/ingest",
    .content_type = content_type,
    .encode = encode,
    .rules = rules,
};

WEIR_HTTP_PLUGIN(out_example, "example", "Posts records to Example.", options, service);
