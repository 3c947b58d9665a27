/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_CODEC_OPTION_H
#define WEIR_CLI_CODEC_OPTION_H

#include <weir/codec.h>

#include "cli/load.h"
#include "config/memory.h"

/* An encoder from the text of an output's option `codec`: a name, or a map in YAML with `type`. It lives in
 * `memory`. NULL when it is none, said on stderr. */
struct weir_encoder *codec_option_read(const struct load *load, struct memory *memory,
                                       const char *text);

#endif
