/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_HTTP_JOB_H
#define OUTPUTS_HTTP_JOB_H

#include "client.h"
#include "compress.h"
#include "endpoint.h"
#include "lane.h"

/* The most that the body with a single record may hold. */
#define JOB_RECORD_BYTES_MAX ((size_t)8 * 1024 * 1024)
/* Halving a million records goes 20 deep. */
#define JOB_WINDOWS_MAX 40
#define JOB_KEY_LEN 36

/* Some of a job's records: items [lo, hi), counted over its pieces. */
struct http_window {
    uint32_t lo, hi;
};

/* Records of one delivery that are in a job. */
struct http_job_piece {
    struct http_piece at;
    uint32_t items,
        unsettled; /* that the slice has, at least one; 0 unsettled: the batch may be gone */
};

enum http_job_state {
    JOB_FREE,
    JOB_WAITING,   /* its body is ready */
    JOB_UNDER_WAY, /* it is being posted */
};

/* A set of records on its way, and the request that carries it or a part of it. See job.c. */
struct http_job {
    struct http_request request; /* first */
    enum http_job_state state;
    struct http_job *next; /* in the order in which they were made */
    struct http_lane *lane;
    uint64_t buckets; /* of the lane, that it holds */

    struct http_job_piece *pieces;
    uint32_t piece_count, piece_room;
    uint32_t items;     /* records in the pieces */
    uint32_t unsettled; /* of them */
    uint64_t *open;     /* a bit for each item that is not settled; NULL: all are or none is */
    struct http_window windows[JOB_WINDOWS_MAX]; /* what is to be sent; the last one now */
    unsigned window_count;

    struct weir_bytes body, packed;
    enum http_compression compression; /* of `packed` */
    struct weir_str posted;            /* the one of the two that is sent */
    uint32_t records;                  /* in the body */
    char *url;                         /* where the key is a part of it; from malloc */
    char key[JOB_KEY_LEN + 1];         /* hash of the records' ids and the body */

    struct http_endpoint *endpoint; /* while it is under way */
    unsigned companions; /* requests at that endpoint when it was begun, itself included */
    weir_ms begun, not_before;
    unsigned tries; /* of this window in a row, without an answer that settled anything */
};

/* What a job is made with. */
struct http_maker {
    const struct weir_http_service *service;
    void *self;
    struct http_compressor *compressor;
    enum http_compression compression;
    enum weir_outcome rejected; /* of a record that the service will never take */
};

/* Takes records from the buckets in `among`, oldest first, until the body holds `max_bytes` or
 * `max_records`. Records that fit in no body are settled as rejected on the way, others as the body
 * takes them. The job then holds what it took; it may be none. 0, or -ENOMEM. */
WEIR_MUST_USE int http_job_fill(struct http_job *job, const struct http_maker *maker,
                                struct http_queue *queue, uint64_t among, size_t max_bytes,
                                uint32_t max_records, uint32_t *ret_rejected);
/* Makes the body of the last window again, from what is open of it. 0, -ENOMEM or -ENOSPC. */
WEIR_MUST_USE int http_job_encode(struct http_job *job, const struct http_maker *maker);
/* Compresses the body again, or no longer. */
WEIR_MUST_USE int http_job_pack(struct http_job *job, const struct http_maker *maker);

/* Gives the open items of the last window their outcome, and ends the window. Returns how many. */
uint32_t http_job_settle(struct http_job *job, enum weir_outcome outcome, struct weir_str why);
/* The same, record by record in the body's order: ACK and DROP settle, and REJECT as `rejected`; the others stay open, and
 * the window ends when none do. */
void http_job_settle_each(struct http_job *job, const struct weir_http_verdicts *verdicts,
                          enum weir_outcome rejected);
/* Cuts the last window in two, the first half to be sent first; false when it has one record only. */
bool http_job_split(struct http_job *job);
/* Everything that is not settled, as WEIR_RETRY. */
void http_job_give_back(struct http_job *job, struct weir_str why);

static inline bool http_job_is_done(const struct http_job *job)
{
    return job->unsettled == 0;
}
/* Lets go of what it held; its memory stays for the next. */
void http_job_reset(struct http_job *job);
void http_job_deinit(struct http_job *job);

#endif
