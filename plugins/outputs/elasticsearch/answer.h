/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_ELASTICSEARCH_ANSWER_H
#define OUTPUTS_ELASTICSEARCH_ANSWER_H

#include <weir/http.h>

/* Reads the answer to a bulk request: what became of each document. Returns how many were there already. See
 * answer.c. */
uint32_t elasticsearch_read(const struct weir_http_answer *answer,
                            struct weir_http_verdicts *verdicts);

#endif
