/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_OTLP_ANSWER_H
#define OUTPUTS_OTLP_ANSWER_H

#include <weir/str.h>

/* How many records a receiver says that it has rejected, and its words, which are within `body`; empty: it says nothing.
 * A body that is no such answer says nothing. */
uint64_t otlp_read(struct weir_str body, struct weir_str *ret_why);

#endif
