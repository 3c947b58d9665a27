/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RECORD_ENCODER_H
#define WEIR_RECORD_ENCODER_H

#include <weir/plugin.h>

/* Opens a codec around its option state (filled in, from malloc), which the encoder owns from here on,
 * also when this fails: then the answer is NULL. A codec is opened without a host: it has no thread. */
struct weir_encoder *encoder_new(const struct weir_plugin *codec, void *state);

/* Closes the codec and frees its state. NULL is fine. */
void encoder_free(struct weir_encoder *encoder);

#endif
