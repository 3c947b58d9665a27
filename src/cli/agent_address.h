/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CLI_AGENT_ADDRESS_H
#define WEIR_CLI_AGENT_ADDRESS_H

#include "admin/address.h"
#include "cli/load.h"

/* Where the running agent can be asked: --admin, or service.admin.listen of its configuration, which is read
 * unless it is at hand as `load` (may be NULL). COMMAND_DONE, or said why not. */
enum command_status agent_address_find(const struct command_line *line, const struct load *load,
                                       struct admin_address *ret);

#endif
