/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_TEMP_DIR_H
#define TESTS_SUPPORT_TEMP_DIR_H

#define TEMP_DIR_MAX 32

/* Makes an empty directory for one test and writes its path to `dir`. Ends the test when that cannot be. */
void temp_dir_make(char dir[TEMP_DIR_MAX]);
/* Removes it, with all that is in it. */
void temp_dir_remove(const char *dir);

#endif
