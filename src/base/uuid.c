/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <errno.h>
#include <sys/random.h>

int uuid_draw(uint8_t ret[16])
{
    if (getrandom(ret, 16, 0) != 16)
        return -EIO;
    ret[6] = (uint8_t)((ret[6] & 0x0f) | 0x40);
    ret[8] = (uint8_t)((ret[8] & 0x3f) | 0x80);
    return 0;
}
