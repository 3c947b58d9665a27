/* SPDX-License-Identifier: Apache-2.0 */
/* Width is counted in characters: wcwidth() needs a locale, and to be wrong by the odd wide character
 * costs a crooked column. */
#include "cli/terminal.h"

size_t terminal_width(const char *text)
{
    size_t width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}
