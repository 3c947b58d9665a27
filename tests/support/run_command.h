/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SUPPORT_RUN_COMMAND_H
#define TESTS_SUPPORT_RUN_COMMAND_H

#include "cli/command.h"

/* What a command has answered, and printed: both the caller's to free(). */
struct ran {
    enum command_status status;
    char *out, *err;
};

/* Runs `weir WORDS`, words[0] being the command's name, ended by NULL. Words are copied; the copies live until the
 * next call. */
#define RUN_WORDS_MAX 16
struct ran run_command(const struct command *command, const char *const *words);

#endif
