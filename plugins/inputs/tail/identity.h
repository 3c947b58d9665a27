/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_IDENTITY_H
#define WEIR_TAIL_IDENTITY_H

#include <sys/stat.h>

#include <weir/host.h>

/* Which file is which, whatever its name: see identity.c. */
struct tail_identity {
    uint64_t device, inode;
    int64_t born; /* nanoseconds since 1970 UTC; 0: the filesystem does not tell */
};

/* What a fingerprint covers at most. */
#define TAIL_HEAD_MAX 1024
#define TAIL_HEAD_MIN 64

/* The fingerprint: the first `len` bytes. It grows with what was read of the file, up to a maximum. */
struct tail_head {
    uint16_t len;
    uint64_t hash;
};

/* What to ask statx() for. */
#define TAIL_STATX (STATX_TYPE | STATX_INO | STATX_SIZE | STATX_MTIME | STATX_NLINK | STATX_BTIME)

struct tail_identity tail_identity_of(const struct statx *stat);

enum tail_likeness {
    TAIL_OTHER,   /* a different file */
    TAIL_PERHAPS, /* the content must decide */
    TAIL_LIKELY,  /* the same number on the same device, birth unknown */
    TAIL_SAME,
};
enum tail_likeness tail_identity_compare(const struct tail_identity *stored,
                                         const struct tail_identity *found);

struct tail_head tail_head_of(const char *data, size_t len);

/* The marker of a position: a hash of up to 64 bytes before it, with their number in the highest byte.
 * 0: none. `data` ends at the position. It is a weir_check_f. */
#define TAIL_MARKER_MAX 64
uint64_t tail_marker_of(const char *data, size_t len);
static inline size_t tail_marker_len(uint64_t marker)
{
    return marker >> 56;
}
/* Whether the tail_marker_len() bytes at `data` are those of the marker. */
bool tail_marker_holds(uint64_t marker, const char *data);

/* What a look at a file says about a position that was stored for it. */
struct tail_evidence {
    enum tail_likeness likeness;
    bool shorter; /* it ends before the position */
    bool content; /* fingerprint and marker are there */
};

enum tail_verdict {
    TAIL_RESUME,    /* go on at the position */
    TAIL_TRUNCATED, /* it is that file, with new content: begin again, as a new generation */
    TAIL_NEW,       /* it is another file */
};
enum tail_verdict tail_decide(const struct tail_evidence *evidence);

/* What is stored with a position. */
struct tail_note {
    struct tail_identity identity;
    uint32_t generation; /* how often it was truncated */
    struct tail_head head;
    bool mark;            /* no file: the input has been started before */
    struct weir_str path; /* the end of it, as much as there is room for */
};

/* Returns the length, WEIR_NOTE_MAX at most. */
size_t tail_note_encode(const struct tail_note *note, unsigned char ret[WEIR_NOTE_MAX]);
/* False when the bytes are not a note. The path points into them. */
bool tail_note_decode(const unsigned char *bytes, size_t len, struct tail_note *ret);
/* Whether a note's path is that of `path`, as far as it was stored. */
bool tail_note_is_at(struct weir_str noted, struct weir_str path);

#endif
