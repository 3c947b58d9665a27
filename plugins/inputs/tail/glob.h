/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_GLOB_H
#define WEIR_TAIL_GLOB_H

#include <weir/str.h>

/* A pattern for paths:
 *
 *     *  any bytes but '/'      ?  one byte but '/'      [a-z] [!a-z]  one byte of, or out of, a set
 *     \x  x itself              **  as a whole component: any number of directories, none included
 *
 * Paths are bytes. As in a shell, a name that begins with '.' is matched only by a component that begins
 * with a '.' itself. A `**` at the end stands for every file below. */
struct tail_glob;

/* NULL, with *ret_why set to a constant text, when the pattern is not one, or memory is short. */
struct tail_glob *tail_glob_new(const char *pattern, const char **ret_why);
struct tail_glob *tail_glob_free(struct tail_glob *glob); /* NULL is fine; returns NULL */

/* The longest directory in which all matches lie, "." for the current one. */
const char *tail_glob_root(const struct tail_glob *glob);
/* True for a pattern without any '/', which matches a file's name wherever it is. */
bool tail_glob_is_name(const struct tail_glob *glob);

/* `path` is in the form of the pattern's root followed by names. */
bool tail_glob_matches(const struct tail_glob *glob, struct weir_str path);
/* Whether a path below `directory` may match. */
bool tail_glob_may_hold(const struct tail_glob *glob, struct weir_str directory);
/* Whether a file right inside of `directory` may match. */
bool tail_glob_may_list(const struct tail_glob *glob, struct weir_str directory);

#endif
