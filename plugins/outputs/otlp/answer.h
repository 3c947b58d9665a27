/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_OTLP_ANSWER_H
#define OUTPUTS_OTLP_ANSWER_H

#include <weir/codec.h>

/* How many records a receiver says that it has rejected, and its words, which are added to `why`: nothing, when it has none.
 * A body that is no such answer says nothing. */
uint64_t otlp_read_protobuf(struct weir_str body, struct weir_bytes *why);
/* WEIR_BATCH_PADDING readable bytes follow the body. */
uint64_t otlp_read_json(struct weir_str body, struct weir_bytes *why);

#endif
