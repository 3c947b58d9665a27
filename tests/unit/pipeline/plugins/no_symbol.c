/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object, but no plugin. */
#include <weir/str.h>

WEIR_API extern const int some_symbol;
const int some_symbol = 1;
