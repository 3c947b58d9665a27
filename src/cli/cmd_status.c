/* SPDX-License-Identifier: Apache-2.0 */
/* `weir status`: asks the agent that runs with a configuration, at the address which stands there. */
#include <errno.h>
#include <stdlib.h>

#include "cli/admin_client.h"
#include "cli/agent_address.h"
#include "cli/commands.h"
#include "cli/status_text.h"

#define STATUS_TIMEOUT 10000 /* ms: the agent answers at once, unless it is in trouble */

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
    enum command_status status = agent_address_find(line, NULL, &address);
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
