/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_BASE_UUID_H
#define WEIR_BASE_UUID_H

#include <stdint.h>
#include <weir/str.h>

/* Draws a random UUID, version 4 (RFC 9562 section 5.4). 0, or -EIO when the system has no random numbers. */
WEIR_MUST_USE int uuid_draw(uint8_t ret[16]);

#endif
