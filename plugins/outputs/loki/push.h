/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_LOKI_PUSH_H
#define OUTPUTS_LOKI_PUSH_H

#include <weir/codec.h>

/* The body of a push request, entry by entry, in protobuf or JSON. See push.c. */

#define LOKI_METADATA_MAX 4

struct loki_pair {
    struct weir_str name, value;
};

struct loki_entry {
    int64_t time; /* nanoseconds since 1970 */
    struct weir_str line;
    struct loki_pair metadata[LOKI_METADATA_MAX];
    unsigned metadata_count;
};

struct loki_push {
    bool json;
    struct weir_bytes labels; /* of the stream that is open; empty: none is */
    size_t stream;            /* where its length stands (protobuf) */
};

/* Begins a body: 0, -ENOSPC or -ENOMEM, as for the others. */
WEIR_MUST_USE int loki_push_begin(struct loki_push *push, struct weir_bytes *body);
/* Adds an entry to the stream of these labels. When it fails, the body is as it was. */
WEIR_MUST_USE int loki_push_entry(struct loki_push *push, const struct weir_bytes *labels,
                                  const struct loki_entry *entry, struct weir_bytes *body);
WEIR_MUST_USE int loki_push_end(struct loki_push *push, struct weir_bytes *body);

#endif
