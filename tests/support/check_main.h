/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CHECK_MAIN_H
#define TESTS_SUPPORT_CHECK_MAIN_H

#include <check.h>

/* Check writes where it is to a file with each assertion that holds, to name the last one should the test be killed: a
 * system call each, which took half of the time of tests that assert a million times. A sanitizer's report, or a core,
 * says better where that was. */
#define _mark_point(file, line) ((void)0)

/* Runs the suite and frees it: what main() of a unit test returns. Says what failed; with CK_VERBOSITY in
 * the environment, more or less of it. */
int check_main(Suite *suite);

#endif
