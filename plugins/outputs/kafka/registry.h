/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUT_KAFKA_REGISTRY_H
#define OUT_KAFKA_REGISTRY_H

#include "schema_options.h"

/* Questions to a schema registry, one at a time, without blocking. */
struct registry;

/* What has become of the question. */
enum registry_state {
    REGISTRY_BUSY,
    REGISTRY_ANSWERED, /* see registry_status() and registry_body() */
    REGISTRY_FAILED,   /* none of the addresses has answered: see registry_why() */
};

/* NULL with *err set. Loads libcurl. The options must live as long as it. */
struct registry *registry_open(const struct kafka_schema_options *options, struct weir_error *err);
struct registry *registry_close(struct registry *registry); /* NULL is fine; returns NULL */

/* Asks: GET PREFIX + subject + SUFFIX, below the registry's address; POST where there is a body, which is from malloc and taken.
 * What was asked before is forgotten. */
void registry_ask(struct registry *registry, const char *prefix, const char *suffix, char *body);

/* Goes on with it. */
enum registry_state registry_step(struct registry *registry);
/* The same until it is no longer busy: for who may wait. */
enum registry_state registry_wait(struct registry *registry);

int registry_status(const struct registry *registry);
struct weir_str registry_body(const struct registry *registry);
const char *registry_why(const struct registry *registry);

#endif
