/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OUTPUTS_OTLP_SOURCE_H
#define OUTPUTS_OTLP_SOURCE_H

#include "value.h"

#define OTLP_SOURCE_MEMBERS_MAX 64

/* What is known about a stream, as attributes: written once and copied for each record of it. See source.c. */
struct otlp_source {
    struct weir_bytes json;                             /* {members of the stream}, and padding */
    size_t members_len;                                 /* of what stands between the braces */
    struct weir_field members[OTLP_SOURCE_MEMBERS_MAX]; /* views into `json` */
    int count;
    struct weir_bytes attributes; /* all of them, in the writer's form */
};

/* Adds the members of the stream that the record has no field for. 0, -ENOSPC or -ENOMEM. */
WEIR_MUST_USE int otlp_source_add(struct otlp_source *source, struct otlp_writer *writer,
                                  const struct weir_stream *stream,
                                  const struct weir_record *record);
/* Whether memory was short in it since it was asked last. */
bool otlp_source_starved(struct otlp_source *source);
void otlp_source_deinit(struct otlp_source *source);

#endif
