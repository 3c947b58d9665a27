/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_OUT_FILE_PATH_H
#define WEIR_OUT_FILE_PATH_H

#include <weir/template.h>

/* Paths made from records. See path.c. */

enum { PATH_COMPONENT_MAX = 255 }; /* bytes: NAME_MAX of Linux's file systems */

/* The constant directory that the template `source` begins with, before its first variable part, without
 * a slash at its end ("" for the root directory): how many bytes of `source` it takes. Where the
 * prefix holds "%%", that stays as written. */
size_t file_path_root_length(struct weir_str source);

/* A weir_template_clean_f: adds a field's text so that it cannot leave its component. 0 or -errno. */
int file_path_clean_field(struct weir_bytes *out, struct weir_str text);

/* Adds `rendered`, the part of a rendered template below its root, with each component made into a name
 * that a file can have. 0 or -errno. */
WEIR_MUST_USE int file_path_tidy(struct weir_bytes *out, struct weir_str rendered);

#endif
