/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_CHECK_MAIN_H
#define TESTS_SUPPORT_CHECK_MAIN_H

#include <check.h>

/* Runs the suite and frees it: what main() of a unit test returns. Says what failed; with CK_VERBOSITY in
 * the environment, more or less of it. */
int check_main(Suite *suite);

#endif
