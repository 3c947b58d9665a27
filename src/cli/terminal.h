/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_TERMINAL_H
#define WEIR_CLI_TERMINAL_H

#include "base/terminal.h"

/* How many columns `text` takes: its characters, as long as none is of another width. */
size_t terminal_width(const char *text);

#endif
