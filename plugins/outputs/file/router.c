/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a batch that go into several files keep their order in each, and each file is written once a
 * batch, not once a record:
 *
 *     record    0  1  2  3  4  5  6         file a: slice with the mask 1 0 1 1 0 0 0
 *     file_of   a  b  a  a  b  -  c         file b:                     0 1 0 0 1 0 0   ...
 *
 * First every record gets the number of its file; then, for each file, the slice of the batch that is its
 * own goes to the writer like any other. Neighbours mostly share a file, so the path is compared with
 * that of the record before as it was rendered; only a new one is tidied and looked for. When a batch
 * names more files than may be open, it is written in several rounds. */
#include "router.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "path.h"

/* The root as the template renders it: "%%" is one '%'. */
static char *root_text(struct weir_str source)
{
    size_t len = file_path_root_length(source), to = 0;
    char *root = malloc(len + 1);
    if (!root)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        root[to++] = source.ptr[i];
        i += source.ptr[i] == '%';
    }
    root[to] = '\0';
    return root;
}

int file_router_init(struct router *router, const struct weir_template *path)
{
    *router = (struct router){
        .path = path,
        .root = root_text(weir_template_source(path)),
        .raw = { .max = PATH_MAX },
        .tidy = { .max = PATH_MAX },
    };
    return router->root ? 0 : -ENOMEM;
}

void file_router_deinit(struct router *router)
{
    free(router->root);
    free(router->file_of);
    free(router->mask);
    weir_bytes_free(&router->raw);
    weir_bytes_free(&router->tidy);
    *router = (struct router){ 0 };
}

static size_t mask_words(uint32_t count)
{
    return ((size_t)count + 63) / 64;
}

int file_router_begin(struct router *router, uint32_t count)
{
    router->last = NULL;
    router->raw.len = 0;
    if (count <= router->room)
        return 0;
    uint8_t *file_of = realloc(router->file_of, count);
    if (file_of)
        router->file_of = file_of;
    uint64_t *mask = realloc(router->mask, mask_words(count) * sizeof(mask[0]));
    if (mask)
        router->mask = mask;
    if (!file_of || !mask)
        return -ENOMEM;
    router->room = count;
    return 0;
}

/* Renders the path of record `i` behind that of the record before, and puts it in its place. 1 when they
 * are the same, 0 when not, or -errno. */
static int render(struct router *router, const struct weir_batch *batch, uint32_t i)
{
    struct weir_bytes *raw = &router->raw;
    const size_t before = raw->len;
    raw->max = before + PATH_MAX;
    int r = weir_template_render(router->path, batch, i, file_path_clean_field, raw);
    const size_t len = raw->len - before;
    if (r < 0) {
        raw->len = before;
        return r;
    }
    bool same = router->last && len == before && memcmp(raw->data, raw->data + before, len) == 0;
    if (!same)
        memmove(raw->data, raw->data + before, len);
    raw->len = len;
    return same;
}

/* The file of record `i`; NULL with errno ENOSPC (its path is too long), ENOMEM, or 0 (no place). */
static struct file *find_file(struct router *router, struct file_table *files,
                              const struct weir_batch *batch, uint32_t i)
{
    int r = render(router, batch, i);
    if (r == 1)
        return router->last;
    router->last = NULL;
    router->tidy.len = 0;
    if (r == 0) {
        const size_t root_len = strlen(router->root) + 1; /* with its slash */
        struct weir_str below = { router->raw.data + root_len, router->raw.len - root_len };
        r = file_path_tidy(&router->tidy, below);
    }
    errno = -r;
    if (r == 0)
        router->last =
            file_table_find(files, (struct weir_str){ router->tidy.data, router->tidy.len });
    return router->last;
}

uint32_t file_router_assign(struct router *router, struct file_table *files,
                            const struct weir_slice *slice, uint32_t at, struct fates *fates)
{
    const uint32_t end = slice->first + slice->count;
    router->in_batch = 0;
    for (at = weir_slice_next(slice, at); at < end; at = weir_slice_next(slice, at + 1)) {
        struct file *file = find_file(router, files, slice->batch, at);
        router->file_of[at] = ROUTER_NOWHERE;
        if (file) {
            router->in_batch += !file->in_batch;
            file->in_batch = true;
            router->file_of[at] = (uint8_t)(file - files->entries);
        } else if (errno == ENOSPC) {
            file_fates_set(fates, slice, at, at + 1, WEIR_REJECTED,
                           WEIR_STR("the path is too long"),
                           weir_template_source(router->path).ptr);
        } else if (errno == ENOMEM) {
            file_fates_set(fates, slice, at, at + 1, WEIR_RETRY, WEIR_STR("out of memory"),
                           "a path");
        } else {
            break;
        }
    }
    return at;
}

struct weir_slice file_router_records_of(struct router *router, const struct weir_slice *slice,
                                         uint32_t from, uint32_t to, unsigned index)
{
    memset(router->mask, 0, mask_words(slice->batch->count) * sizeof(router->mask[0]));
    for (uint32_t i = weir_slice_next(slice, from); i < to; i = weir_slice_next(slice, i + 1))
        router->mask[i / 64] |= (uint64_t)(router->file_of[i] == index) << (i % 64);
    return (struct weir_slice){
        .batch = slice->batch, .mask = router->mask, .first = from, .count = to - from
    };
}
