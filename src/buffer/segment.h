/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BUFFER_SEGMENT_H
#define WEIR_BUFFER_SEGMENT_H

#include <weir/codec.h>

#include "base/disk.h"
#include "buffer/frame.h"

/* One file of a store, byte by byte: see segment.c for the drawing. What is here knows a file, its head, the
 * frames in it and its seal, and nothing of other segments or of cursors. */

#define SEGMENT_READERS_MAX 64
#define SEGMENT_HEAD_BYTES_MAX ((size_t)64 << 10)
#define SEGMENT_NAME_BYTES 32
#define SEGMENT_SEQUENCE_MAX (UINT64_MAX / 4) /* what is beyond it was not written by a store */

/* "%016x.seg"; false when `name` is not of that form. */
void segment_name(uint64_t id, char ret[SEGMENT_NAME_BYTES]);
bool segment_name_read(const char *name, uint64_t *ret_id);

/* ---- the head ------------------------------------------------------------------------------------------ */

struct segment_head {
    uint64_t id;
    uint64_t first;   /* sequence of its first record */
    uint64_t follows; /* where the log ended when the segment was made: at most `first` */
    int64_t created;  /* nanoseconds since 1970 UTC */
    uint8_t store[16];
    uint32_t salt;
    uint16_t kind;
    uint32_t bytes; /* of the head in the file; set by the two functions */
    struct weir_str name;
    unsigned reader_count;
    struct weir_str readers[SEGMENT_READERS_MAX]; /* whose the bits of frame_head.readers are */
};

/* Adds it to `out`. 0 or -ENOMEM / -ENOSPC. */
WEIR_MUST_USE int segment_head_write(struct segment_head *head, struct weir_bytes *out);

enum segment_verdict {
    SEGMENT_GOOD,
    SEGMENT_SHORT, /* ret->bytes are wanted */
    SEGMENT_DAMAGED,
    SEGMENT_NEWER, /* intact, of a later version */
};
/* The texts of *ret are views into `in`. */
enum segment_verdict segment_head_read(const uint8_t *in, size_t len, struct segment_head *ret);

/* ---- the sum of its frames, which the seal keeps ------------------------------------------------------- */

/* Records by the readers that take them. When there are more combinations than have room, two become one: it
 * then says too much for a reader, never too little. */
#define SEGMENT_SHARES_MAX 64
struct segment_share {
    uint64_t readers, records;
};

struct segment_sum {
    uint64_t frames;
    uint64_t end;   /* sequence behind the last record */
    uint64_t bytes; /* from the start of the file to the end of the last frame */
    int64_t first_observed, last_written;
    unsigned share_count, share_room;
    struct segment_share *shares;
};
/* Counts a frame that ends at `bytes`. 0 or -ENOMEM: it is not counted. */
WEIR_MUST_USE int segment_sum_add(struct segment_sum *sum, const struct frame_head *head,
                                  uint64_t bytes);
/* Gives back room for shares that there are not. */
void segment_sum_fit(struct segment_sum *sum);
void segment_sum_free(struct segment_sum *sum);

/* Writes the seal behind the last frame, and cuts the file off behind it. Not synced. */
WEIR_MUST_USE int segment_seal(struct disk *disk, int fd, uint32_t salt,
                               const struct segment_sum *sum);
/* Reads it from the end of a file of `size` bytes. 1 when there is one; 0; or a negative errno. */
WEIR_MUST_USE int segment_read_seal(struct disk *disk, int fd, uint32_t salt, uint64_t size,
                                    struct segment_sum *ret);

/* ---- reading ------------------------------------------------------------------------------------------- */

/* A file that is read through a window of it in memory, in order. */
struct segment_reader {
    struct disk *disk;
    int fd;
    uint32_t salt;
    uint64_t limit; /* bytes of the file that count; what is behind them is not looked at */
    uint64_t end;   /* no record from this sequence on is in it; UINT64_MAX: not known */
    /* The place of the next frame. */
    uint64_t offset, sequence;
    struct weir_bytes *bytes; /* the window; the caller's, `max` set */
    uint64_t at;              /* where in the file it begins; its length is bytes->len */
    /* What cannot be read from the disk (-EIO) counts as zeros, and so as damaged; else it is an error. */
    bool tolerant;
    bool heads_only; /* payloads are neither read nor checked */
};

struct segment_frame {
    struct frame_head
        head; /* a frame that is damaged from its head on has sequence, and readers ~0 */
    const uint8_t *ranges, *payload; /* in the window: until the next call */
    uint64_t end;                    /* sequence behind it */
    uint64_t offset;
    bool damaged; /* its payload, or everything from here to the next head */
    bool headless;
    bool newer; /* intact, of a later version: see FRAME_NEWER */
    /* It is damaged and no intact head comes after it in the file; `bytes` of what is not zero. */
    bool last;
    uint64_t bytes;
};

/* The next frame, or stretch of records that cannot be read: the place is behind it then. 1; 0 when there is
 * nothing more; a negative errno (-EIO and the like from the disk, -ENOMEM, -ENOSPC: the frame is larger than
 * the window may be), the place as it was. A stretch whose end nobody knows (`end` is not known and no head
 * comes) has no records: end equals its sequence. Looking for the next head costs a pass over the file at
 * most, with a bound also for files that were made to be slow. */
WEIR_MUST_USE int segment_next(struct segment_reader *reader, struct segment_frame *ret);

#endif
