/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_SHARES_H
#define WEIR_CONFIG_SHARES_H

#include "config/reading.h"

/* Says what limit holds, gives the buffers that say no size theirs, and sees to it that everything fits; when
 * all pipelines and the service have been read. See shares.c. */
void shares_deal(struct reading *reading);

#endif
