/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_DISK_SELECT_H
#define WEIR_CLI_DISK_SELECT_H

#include "cli/command.h"
#include "pipeline/replay.h"

/* The options that choose records. */
#define DISK_SELECT_OPTIONS                                                                        \
    (TAKES(OPTION_FROM) | TAKES(OPTION_TO) | TAKES(OPTION_SEQUENCE) | TAKES(OPTION_RECORD_ID) |    \
     TAKES(OPTION_OUTPUT) | TAKES(OPTION_REASON))

struct disk_select {
    struct replay_request request; /* borrows from here and from the command line */
    uint8_t (*ids)[16];
};

/* What the command line chooses; `now`: nanoseconds since 1970 UTC, for durations. COMMAND_DONE, or said what
 * is wrong with it. Always followed by disk_select_free(). */
enum command_status disk_select_read(const struct command_line *line, int64_t now,
                                     struct disk_select *ret);
void disk_select_free(struct disk_select *select);

#endif
