/* SPDX-License-Identifier: Apache-2.0 */
/* This agent was built without LZ4. */
#include "base/compress_codec.h"

const struct compress_codec compress_lz4 = { .growth_max = 1 };
