/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_PLAN_H
#define OUTPUTS_HTTP_PLAN_H

#include "output.h"

/* What the next request holds. See plan.c. */

/* The oldest job that may begin now. NULL when there is none; *ret_next is when one will, that only has to wait. */
struct http_job *http_plan_next(const struct http_output *output, weir_ms now, weir_ms *ret_next);
/* A new job, if there is reason to make one now; *ret_next is when there will be. */
struct http_job *http_plan_new(struct http_output *output, weir_ms now, weir_ms *ret_next);
/* One job more than can begin now, so that its body is ready. */
void http_plan_ahead(struct http_output *output);
/* Takes a job whose last record is settled out of the list. */
void http_plan_end(struct http_output *output, struct http_job *job);

#endif
