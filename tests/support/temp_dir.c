/* SPDX-License-Identifier: Apache-2.0 */
#include "support/temp_dir.h"

#include <stdio.h>
#include <stdlib.h>

void temp_dir_make(char dir[TEMP_DIR_MAX])
{
    snprintf(dir, TEMP_DIR_MAX, "/tmp/weir-test-XXXXXX");
    if (!mkdtemp(dir)) {
        perror(dir);
        abort();
    }
}

void temp_dir_remove(const char *dir)
{
    char command[TEMP_DIR_MAX + 16];
    snprintf(command, sizeof(command), "rm -rf '%s'", dir);
    if (system(command) != 0)
        abort();
}
