/* SPDX-License-Identifier: Apache-2.0 */
/* The one file that is compiled anew when the version changes. */
#include "cli/version.h"

const char weir_version[] = WEIR_VERSION;
