/* SPDX-License-Identifier: Apache-2.0 */
/* This agent was built without zstd. */
#include "base/compress_codec.h"

const struct compress_codec compress_zstd = { .growth_max = 1 };
