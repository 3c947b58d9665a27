/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_PIPELINE_STREAMS_H
#define WEIR_PIPELINE_STREAMS_H

#include "pipeline/input.h"

/* An input's streams: opened and closed by its plugin, moved on by answers. The input's thread only; see
 * streams.c. */

/* A run of the stream has been answered: the next streams_commit() looks at it. */
void stream_moved(struct weir_stream *stream);
/* Moves the watermarks of all such streams, stores what changed, tells the plugin, and frees streams that
 * were closed and are no longer busy. */
void streams_commit(struct input *input);
/* Frees what weir_stream_stored() looks at. */
void streams_stored_free(struct input *input);
/* Frees all, answered or not. */
void streams_free(struct input *input);

#endif
