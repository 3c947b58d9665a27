/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/codec_option.h"

#include "config/option_value.h"
#include "config/yaml.h"

struct weir_encoder *codec_option_read(const struct load *load, struct memory *memory,
                                       const char *text)
{
    static const struct weir_option row = { .name = "codec", .type = WEIR_CODEC };
    struct diagnostics *diag = diagnostics_new();
    const struct options_reader reader = { memory, &load->hooks, diag };
    const struct option_at at = { &reader, &row, "codec", "cat" };
    struct weir_encoder *encoder = NULL;
    const struct node *node = yaml_read(memory, "--codec", weir_str_of(text), diag);
    if (node)
        option_set_codec(&at, node, &encoder);
    diagnostics_print(diag, stderr, false);
    diagnostics_free(diag);
    return encoder;
}
