/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_SANITIZED_H
#define TESTS_SUPPORT_SANITIZED_H

/* Whether a sanitizer looks on. Everything takes some ten times as long then, and what it looks for is in the first tenth
 * of a long search too: such tests take fewer steps. That the answers are right is for the plain build to tell. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define TEST_SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TEST_SANITIZED 1
#endif
#ifndef TEST_SANITIZED
#define TEST_SANITIZED 0
#endif

#endif
