/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_READING_H
#define WEIR_CONFIG_READING_H

#include "config/options.h"

/* What the parts of config_read() share while it runs. */
struct pipeline_item;
struct include_item;

struct reading {
    struct config *config;
    struct diagnostics *diag;
    bool sealed;                   /* neither files nor the environment */
    struct options_reader options; /* its memory is the configuration's */
    bool service_is_good;
    bool limit_is_asked;             /* the configuration says memory_limit */
    struct config_place limit_place; /* of service.memory_limit, or where it would be */
    struct pipeline_item *pipelines, *last_pipeline;
    size_t pipeline_count;
    struct include_item *files, *last_file; /* all that are, or will be, read */
    size_t file_count;
    size_t bytes; /* of all files so far */
};

#define reading_error(reading, place, ...)                                                         \
    diagnostics_add((reading)->diag, DIAGNOSTIC_ERROR, (place).file, (place).line, (place).column, \
                    __VA_ARGS__)

#endif
