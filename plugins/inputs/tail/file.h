/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_FILE_H
#define WEIR_TAIL_FILE_H

#include <limits.h>
#include <sys/types.h>

#include "identity.h"
#include "tail.h"

struct tail_link;

/* A file: what it is, how far it is read, and, while there is something to do with it, its descriptor and
 * its stream. An idle one is this struct and its names. See file.c. */
struct tail_file {
    struct tail_node by_inode;
    struct tail_list all, open, ready, waiting, orphan, vanishing; /* in the lists of struct tail */
    struct tail_list links; /* its names; `named` of them match patterns */
    unsigned named;

    struct tail_identity identity;
    struct tail_head head;
    uint32_t generation;
    uint8_t id[16]; /* of its stream, once `has_id` */

    uint64_t position; /* everything before it was emitted, or skipped */
    uint64_t marker;   /* of that position */
    uint64_t scanned;  /* no line ends between the position and here */
    uint64_t suspect;  /* the size at which it was taken for a copy; see generation.c */
    uint64_t size, lag;
    int64_t
        named_since;  /* when a pattern first matched a name of it in this run; like `modified` */
    int64_t modified; /* nanoseconds since 1970 UTC; like size as of the last look */

    int fd;                     /* -1: closed */
    struct weir_stream *stream; /* NULL: closed */
    uint64_t block;             /* tail->block when it last put something there */
    uint64_t turn;              /* bytes read in its turn */
    weir_ms due;                /* see hold.c */
    weir_ms backoff;

    struct tail_file *after, *before; /* a file is read after the one it succeeded: order.c */
    struct tail_file *replaces,
        *replaced_by; /* what was here before the truncation, until this is stored */
    char *noted;      /* the path that was stored, for a file without a name */

    bool has_id, indexed;
    bool unstored;   /* its position has no place in the store yet, only one in the account */
    bool unplaced;   /* no name is known, and it may be under another one */
    bool unverified; /* the content was not compared since it was opened */
    bool rotated;    /* lost a name, and held for what is still written to it */
    bool deleted;    /* no name is left: the descriptor is all there is */
    bool finish;     /* emit the unfinished last line */
    bool finished;   /* that was done */
    bool leaving;    /* read to the end: forgotten as soon as all of it is acked */
    bool abandoned;  /* leaving, and what is unread of it is counted as lost */
    bool remembered; /* of an earlier run, and not looked at yet */
    bool refused;    /* no text that can be read; told */
    bool shut;       /* could not be opened when there was something to read */
    bool denied;     /* for another reason than its names; told */
    bool suspended;  /* reading failed; tried again when due */
    bool renoted;    /* its name or identity is not what is stored */
};

/* NULL when memory is short. */
struct tail_file *tail_file_new(struct tail *tail, const struct tail_identity *identity,
                                uint32_t generation);
/* Lets go of it; its position stays stored. */
void tail_file_free(struct tail *tail, struct tail_file *file);
/* Lets go of it for good. */
void tail_file_forget(struct tail *tail, struct tail_file *file);

/* The file that is most like that identity and its newest generation; NULL when there is none. */
struct tail_file *tail_file_find(const struct tail *tail, const struct tail_identity *identity,
                                 enum tail_likeness *ret_likeness);
/* Whether there is one of that inode number that is somewhere, and one whose name is not known. */
bool tail_file_has_placed(const struct tail *tail, uint64_t inode);
bool tail_file_has_unplaced(const struct tail *tail, uint64_t inode);
void tail_file_placed(struct tail *tail, struct tail_file *file);
void tail_file_unplace(struct tail *tail, struct tail_file *file);

/* Changes the identity (a copy that goes on with the file's stream), or, with NULL, takes it away. */
void tail_file_identify(struct tail *tail, struct tail_file *file,
                        const struct tail_identity *identity);
/* A file whose device has another number than was stored: takes the new identity if the content at `path`
 * is that file's. */
bool tail_file_adopt(struct tail *tail, struct tail_file *file, const char *path,
                     const struct tail_identity *identity);

/* The result of a look at it. */
void tail_file_seen(struct tail *tail, struct tail_file *file, const struct statx *stat);
/* There may be something to read: it gets its turn, and is opened now, so that it can be deleted. */
void tail_file_poke(struct tail *tail, struct tail_file *file);
void tail_file_set_lag(struct tail *tail, struct tail_file *file, uint64_t size);

/* Opens it under one of its names. False when that cannot be now; then it is seen to. */
bool tail_file_open(struct tail *tail, struct tail_file *file);
void tail_file_close(struct tail *tail, struct tail_file *file);
/* Reads `len` bytes, or up to the file's end, however many calls it takes. How many, or -1 with errno set
 * when there were none. */
ssize_t tail_read(int fd, char *data, size_t len, uint64_t at);
/* Whether what is at `fd` is the file as it was left. */
enum tail_verdict tail_file_verify(const struct tail_file *file, int fd,
                                   enum tail_likeness likeness);
/* Starts at the last line's begin, and stores that. */
void tail_file_skip_to_end(struct tail *tail, struct tail_file *file);

/* Whether the identity says which file it is, without a look at the content. */
static inline bool tail_file_is_identified(const struct tail_file *file)
{
    return file->identity.born != 0;
}
/* Opens its stream, which stores what it is. Of a file that is not identified a complete line must be there, and
 * the descriptor open. False when memory is short. */
bool tail_file_stream(struct tail *tail, struct tail_file *file);
void tail_file_close_stream(struct tail_file *file);
/* Whether records of it are on their way. */
bool tail_file_is_busy(const struct tail *tail, const struct tail_file *file);
/* Stores what it is, and says it to those who read the records. */
void tail_file_note(struct tail *tail, struct tail_file *file, bool sync);
/* The same for one with another name than before, whose stream may be closed. */
void tail_file_renamed(struct tail *tail, struct tail_file *file);

/* A name for messages: a path, or what was stored of one. Lives until the names change. */
const char *tail_file_path(const struct tail_file *file, char room[PATH_MAX]);

#endif
