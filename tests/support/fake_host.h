/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_FAKE_HOST_H
#define TESTS_SUPPORT_FAKE_HOST_H

#include <weir/host.h>

/* A host for plugins under test that run in no pipeline: it keeps what they say and count. Linking it in
 * replaces the agent's functions about names, identity, messages and counters; there are no others.
 * Aborts when memory is short. */
struct weir_host *fake_host_new(void);
void fake_host_free(struct weir_host *host);

/* What the counter of that name stands at; -1 when there is none. */
int64_t fake_host_counter(const struct weir_host *host, const char *name);
/* How many messages of that level there were, and the text of the last one of any ("" before). */
unsigned fake_host_messages(const struct weir_host *host, enum weir_level level);
const char *fake_host_last_message(const struct weir_host *host);

#endif
