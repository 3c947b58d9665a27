/* SPDX-License-Identifier: Apache-2.0 */
/* From records to writev().
 *
 * Where the codec's bytes already stand in the batch they are written from there: lines that nothing
 * changed cost one system call a batch and are not touched. The rest is encoded into a buffer, a quarter
 * of a MiB at a time, which stays in the cache until the kernel has copied it. Long views and encoded
 * pieces go out in one call; a view shorter than a page or so is not worth a piece of its own, and is
 * encoded (copied) with its neighbours.
 *
 * When the file takes only a part, the question is how many records that part holds. Nothing is kept
 * about that while all goes well: the records are encoded once more, one at a time, and their lengths
 * added up. */
#include "writer.h"

#include <assert.h>
#include <errno.h>

#define PIECES_MAX 64
#define ENCODE_BYTES ((size_t)256 * 1024) /* encoded at a time */
#define VIEW_BYTES_MIN 4096               /* of a piece of its own, unless it is the last */
#define KEPT_BYTES ((size_t)1024 * 1024)

/* What one writev() is to take. */
struct load {
    struct iovec pieces[PIECES_MAX]; /* base NULL: the next iov_len bytes of writer->out */
    int count;
    bool rejected; /* it is empty, since the first record fits nowhere, or the codec refuses it */
    bool starved;  /* it is empty, since memory is short */
};

static void load_add(struct load *load, const char *base, size_t len)
{
    if (len)
        load->pieces[load->count++] = (struct iovec){ (void *)(uintptr_t)base, len };
}

/* The pieces that stand in the buffer can be found only now that it moves no more. */
static void load_locate(struct load *load, const struct weir_bytes *out)
{
    size_t at = 0;
    for (int i = 0; i < load->count; i++) {
        if (load->pieces[i].iov_base)
            continue;
        load->pieces[i].iov_base = out->data + at;
        at += load->pieces[i].iov_len;
    }
}

/* Gathers records from `at` on; returns the first that is not among them. */
static uint32_t load_fill(struct load *load, struct writer *writer, const struct weir_slice *slice,
                          uint32_t at)
{
    const uint32_t end = slice->first + slice->count;
    struct weir_bytes *out = &writer->out;
    out->len = 0;
    load->count = 0;
    load->rejected = load->starved = out->starved = false;
    while (at < end && load->count < PIECES_MAX && out->len < ENCODE_BYTES) {
        struct weir_str view;
        uint32_t next = weir_encode_view(writer->codec, slice, at, &view);
        if (next > at && (view.len >= VIEW_BYTES_MIN || next == end)) {
            load_add(load, view.ptr, view.len);
            at = next;
            continue;
        }
        size_t before = out->len;
        next = weir_encode(writer->codec, slice, at, out, ENCODE_BYTES);
        load_add(load, NULL, out->len - before);
        at = next;
        if (out->len == before && next < end) {
            load->starved = load->count == 0 && out->starved;
            load->rejected =
                load->count == 0 && !out->starved; /* else: there is room in the next load */
            break;
        }
    }
    load_locate(load, out);
    return at;
}

/* How many of the first `bytes` bytes of the encoding of records [at, end) are whole records; moves *at to
 * the first that is not. */
static uint64_t whole_records(struct writer *writer, const struct weir_slice *slice, uint32_t *at,
                              uint32_t end, uint64_t bytes)
{
    uint64_t whole = 0;
    while (*at < end) {
        writer->out.len = 0;
        uint32_t next = weir_encode(writer->codec, slice, *at, &writer->out, 1);
        if (next == *at || whole + writer->out.len > bytes)
            break;
        whole += writer->out.len;
        *at = next;
    }
    return whole;
}

int file_writer_append(struct writer *writer, struct sink *sink, const struct weir_slice *slice,
                       uint32_t *at, uint64_t *ret_bytes)
{
    const uint32_t end = slice->first + slice->count;
    struct load load;
    *ret_bytes = 0;
    while (*at < end) {
        uint64_t written, whole;
        uint32_t next = load_fill(&load, writer, slice, *at);
        if (load.starved)
            return -ENOMEM;
        int r = file_sink_append(sink, load.pieces, load.count, &written);
        if (r < 0) {
            whole = whole_records(writer, slice, at, next, written);
            file_sink_keep(sink, written, whole);
            *ret_bytes += whole;
            return r;
        }
        *ret_bytes += written;
        *at = next;
        if (load.rejected)
            return WRITER_REJECTED;
    }
    return 0;
}

void file_writer_shrink(struct writer *writer)
{
    if (writer->out.cap <= KEPT_BYTES)
        return;
    weir_bytes_free(&writer->out);
    writer->out = (struct weir_bytes){ .max = WRITER_RECORD_MAX };
}
