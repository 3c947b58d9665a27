/* SPDX-License-Identifier: Apache-2.0 */
/* A set of labels is a stream in Loki, and a stream costs it memory and files: they must be few. A label whose value
 * comes from the records may turn out to be a request id. So there is a bound: the first `max_streams` sets are
 * made, and a record whose set would be one more goes to the stream with the constant labels alone; it is
 * stored, and counted, and said.
 *
 * Sets are told apart by a hash of their text, in an open table made at start. Two sets with the same 64 bits count as one;
 * nothing else follows from that. The output thread asks for each record, so a set that is the same as the one before costs no
 * more than making its text. */
#include "labels.h"

#include <errno.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define TEXT_BYTES_MAX ((size_t)256 * 1024)
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
/* Where no label has a value, since a stream has at least one. */
#define FALLBACK_NAME "job"
#define FALLBACK_VALUE WEIR_STR("weir")

static bool is_name(const char *name)
{
    return name[0] && strchr(LETTERS, name[0]) &&
           name[strspn(name, LETTERS "0123456789")] == '\0' && strncmp(name, "__", 2) != 0 &&
           strlen(name) <= 1024;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct loki_label *)a)->name, ((const struct loki_label *)b)->name);
}

static int put(struct loki_labels *labels, const char *name, struct weir_str value, bool first)
{
    struct weir_bytes *text = &labels->text;
    int r = weir_bytes_add(text, ",", first ? 0 : 1);
    if (r == 0 && labels->json)
        r = weir_bytes_add_json(text, weir_str_of(name));
    else if (r == 0)
        r = weir_bytes_add(text, name, strlen(name));
    if (r == 0)
        r = weir_bytes_add(text, labels->json ? ":" : "=", 1);
    /* JSON's escapes are among Go's, which is how Loki reads them. */
    return r == 0 ? weir_bytes_add_json(text, value) : r;
}

/* Writes the set to `text`: all of it, or with `batch` NULL what is the same for every record. */
static int render(struct loki_labels *labels, const struct weir_batch *batch, uint32_t i)
{
    bool first = true;
    labels->text.len = 0;
    int r = weir_bytes_add(&labels->text, "{", 1);
    for (unsigned n = 0; r == 0 && n < labels->count; n++) {
        const struct weir_template *tpl = labels->all[n].value;
        struct weir_str value = { NULL, 0 };
        if (weir_template_is_constant(tpl)) {
            value = weir_template_text(tpl);
        } else if (batch) {
            labels->value.len = 0;
            (void)!weir_template_render(tpl, batch, i, NULL,
                                        &labels->value); /* cut at its maximum */
            value = (struct weir_str){ labels->value.data, labels->value.len };
        }
        if (!value.len)
            continue;
        r = put(labels, labels->all[n].name, value, first);
        first = false;
    }
    if (r == 0 && first)
        r = put(labels, FALLBACK_NAME, FALLBACK_VALUE, true);
    return r == 0 ? weir_bytes_add(&labels->text, "}", 1) : r;
}

int loki_labels_init(struct loki_labels *labels, const struct weir_pairs *pairs, uint32_t sets_max,
                     bool json, struct weir_error *err)
{
    *labels = (struct loki_labels){ .json = json, .constant = true, .seen_max = sets_max };
    labels->text.max = TEXT_BYTES_MAX;
    labels->value.max = LOKI_VALUE_BYTES_MAX;
    if (pairs->count > LOKI_LABELS_MAX)
        return weir_error_option(err, "labels", "there are more than %d, which Loki refuses",
                                 LOKI_LABELS_MAX);
    for (; labels->count < pairs->count; labels->count++) {
        const struct weir_pair *pair = &pairs->items[labels->count];
        struct weir_error wrong = { 0 };
        if (!is_name(pair->name))
            return weir_error_option(
                err, "labels", "\"%s\" is no name of a label: letters, digits and _", pair->name);
        struct weir_template *value = weir_template_new(pair->value, &wrong);
        if (!value)
            return weir_error_option(err, "labels", "%s: %s", pair->name, wrong.text);
        labels->all[labels->count] = (struct loki_label){ pair->name, value };
        labels->constant &= weir_template_is_constant(value);
    }
    qsort(labels->all, labels->count, sizeof(labels->all[0]), by_name);
    for (labels->seen_mask = 15; labels->seen_mask < 2 * sets_max;)
        labels->seen_mask = 2 * labels->seen_mask + 1;
    labels->seen = calloc((size_t)labels->seen_mask + 1, sizeof(labels->seen[0]));
    if (!labels->seen || render(labels, NULL, 0) < 0)
        return weir_error_set(err, -ENOMEM, "out of memory for labels");
    return 0;
}

void loki_labels_deinit(struct loki_labels *labels)
{
    for (unsigned i = 0; i < labels->count; i++)
        weir_template_free(labels->all[i].value);
    weir_bytes_free(&labels->text);
    weir_bytes_free(&labels->value);
    free(labels->seen);
    *labels = (struct loki_labels){ 0 };
}

/* Whether the set in `text` is among those that are made, now at least. */
static bool may_be_made(struct loki_labels *labels)
{
    uint64_t hash = XXH3_64bits(labels->text.data, labels->text.len) | 1;
    uint32_t at = (uint32_t)(hash >> 32) & labels->seen_mask;
    while (labels->seen[at] && labels->seen[at] != hash)
        at = (at + 1) & labels->seen_mask;
    if (labels->seen[at])
        return true;
    if (labels->seen_count == labels->seen_max)
        return false;
    labels->seen[at] = hash;
    labels->seen_count++;
    return true;
}

const struct weir_bytes *loki_labels_of(struct loki_labels *labels, const struct weir_batch *batch,
                                        uint32_t i)
{
    if (labels->constant)
        return &labels->text;
    if (render(labels, batch, i) < 0)
        return NULL;
    if (may_be_made(labels))
        return &labels->text;
    labels->refused++;
    return render(labels, NULL, 0) < 0 ? NULL : &labels->text;
}
