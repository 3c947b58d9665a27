/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent_address.h"

static enum command_status address_from(const struct command_line *line, const struct load *load,
                                        struct admin_address *ret)
{
    if (!load->config) {
        load_report(load);
        return command_misused(line->command, "the agent's address stands in its configuration, "
                                              "which cannot be read; give it with --admin");
    }
    admin_address_parse(load->config->service.admin_listen, ret, NULL); /* it has been checked */
    if (ret->len > 0)
        return COMMAND_DONE;
    command_error(line->command, "service.admin.listen is off in %s: the agent cannot be asked",
                  load->path);
    return COMMAND_FAILED;
}

enum command_status agent_address_find(const struct command_line *line, const struct load *load,
                                       struct admin_address *ret)
{
    struct weir_error err;
    struct load own;
    *ret = (struct admin_address){ 0 };
    if (!command_has(line, OPTION_ADMIN) && load)
        return address_from(line, load, ret);
    if (!command_has(line, OPTION_ADMIN)) {
        load_read(line, &own);
        enum command_status status = address_from(line, &own, ret);
        load_free(&own);
        return status;
    }
    if (admin_address_parse(line->values[OPTION_ADMIN], ret, &err) < 0)
        return command_misused(line->command, "%s", err.text);
    if (ret->len == 0)
        return command_misused(line->command, "\"off\" is no address to ask at");
    return COMMAND_DONE;
}
