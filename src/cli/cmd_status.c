/* SPDX-License-Identifier: Apache-2.0 */
/* `weir status`: asks the agent that runs with a configuration, at the address which stands there. */
#include <errno.h>
#include <stdlib.h>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "cli/status_text.h"

#define STATUS_TIMEOUT 10000 /* ms: the agent answers at once, unless it is in trouble */

static enum command_status address_from_config(const struct command_line *line,
                                               struct admin_address *ret)
{
    struct load load;
    load_read(line, &load);
    enum command_status status = COMMAND_DONE;
    if (!load.config) {
        load_report(&load);
        status = command_misused(line->command, "the agent's address stands in its configuration, "
                                                "which cannot be read; give it with --admin");
    } else {
        admin_address_parse(load.config->service.admin_listen, ret, NULL); /* it has been checked */
        if (ret->len == 0) {
            command_error(line->command,
                          "service.admin.listen is off in %s: the agent cannot be asked",
                          load.path);
            status = COMMAND_FAILED;
        }
    }
    load_free(&load);
    return status;
}

static enum command_status find_address(const struct command_line *line, struct admin_address *ret)
{
    struct weir_error err;
    *ret = (struct admin_address){ 0 };
    if (!command_has(line, OPTION_ADMIN))
        return address_from_config(line, ret);
    if (admin_address_parse(line->values[OPTION_ADMIN], ret, &err) < 0)
        return command_misused(line->command, "%s", err.text);
    if (ret->len == 0)
        return command_misused(line->command, "\"off\" is no address to ask at");
    return COMMAND_DONE;
}

static int print_answer(const struct admin_answer *answer, bool as_json)
{
    if (answer->status != 200)
        return -EPROTO;
    json_t *status = json_loadb(answer->body, answer->len, 0, NULL);
    int r = status ? 0 : -EPROTO;
    if (r == 0 && as_json)
        fwrite(answer->body, 1, answer->len, stdout);
    else if (r == 0)
        r = status_text_print(status, stdout);
    json_decref(status);
    return r;
}

static enum command_status run(const struct command_line *line)
{
    struct admin_address address;
    struct admin_answer answer = { 0 };
    struct weir_error err;
    enum command_status status = find_address(line, &address);
    if (status != COMMAND_DONE)
        return status;
    status = COMMAND_FAILED;
    int r = admin_client_get(&address, "/api/v1/status", STATUS_TIMEOUT, &answer, &err);
    if (r < 0) {
        command_error(line->command, "%s", err.text);
    } else if ((r = print_answer(&answer, command_has(line, OPTION_JSON))) < 0) {
        char where[ADMIN_ADDRESS_TEXT_MAX];
        admin_address_print(&address, where);
        command_error(line->command, "%s: %s", where,
                      r == -ENOMEM ? "out of memory" : "what answered there is not a weir agent");
    } else {
        status = COMMAND_DONE;
    }
    free(answer.body);
    return status;
}

const struct command cmd_status = {
    .name = "status",
    .args = "",
    .summary = "Ask the running agent what it is doing.",
    .help = "The agent is found by service.admin.listen of its configuration, or by --admin:\n"
            "127.0.0.1:2020, [::1]:2020 or unix:/PATH.\n",
    .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_ADMIN) | TAKES(OPTION_JSON),
    .run = run,
};
