/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_LOKI_LABELS_H
#define OUTPUTS_LOKI_LABELS_H

#include <weir/option.h>
#include <weir/template.h>

/* Which stream of Loki's a record goes to: its labels. See labels.c. */

#define LOKI_LABELS_MAX 15
#define LOKI_VALUE_BYTES_MAX 2048

struct loki_label {
    const char *name;
    struct weir_template *value;
};

struct loki_labels {
    struct loki_label all[LOKI_LABELS_MAX]; /* by name */
    unsigned count;
    bool json;     /* how they are written */
    bool constant; /* the same for every record: `text` is it already */
    struct weir_bytes text, value;
    uint64_t *seen; /* hashes of the sets that there were; 0: free */
    uint32_t seen_count, seen_max, seen_mask;
    uint64_t refused; /* records whose set was one too many */
};

/* From names and templates; at most `sets_max` different sets are made. 0, or a negative errno with *err set. */
WEIR_MUST_USE int loki_labels_init(struct loki_labels *labels, const struct weir_pairs *pairs,
                                   uint32_t sets_max, bool json, struct weir_error *err);
void loki_labels_deinit(struct loki_labels *labels);

/* The labels of record `i`, as `{a="b",c="d"}` or {"a":"b","c":"d"}: sorted by name, those with an empty value left
 * out, and at least one. NULL when memory is short. Lives until the next call. */
const struct weir_bytes *loki_labels_of(struct loki_labels *labels, const struct weir_batch *batch,
                                        uint32_t i);

#endif
