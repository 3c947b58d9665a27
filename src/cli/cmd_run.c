/* SPDX-License-Identifier: Apache-2.0 */
/* `weir run`: puts the agent and its admin endpoint together. Until the agent has its messenger, what goes
 * wrong is said as by any other command. */
#include "admin/admin.h"
#include "admin/control.h"
#include "agent/agent.h"
#include "agent/orders.h"
#include "base/message.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "cli/version.h"

static int start_admin(struct agent *agent, const char *listen, struct admin **ret,
                       struct weir_error *err)
{
    static const struct admin_control control = { .replay = agent_replay,
                                                  .replay_cancel = agent_replay_cancel,
                                                  .replay_progress = agent_replay_progress,
                                                  .drop_output = agent_drop_output };
    const struct admin_options options = { .listen = listen,
                                           .version = weir_version,
                                           .source = { .arg = agent,
                                                       .metrics = agent_metrics(agent),
                                                       .status = agent_status,
                                                       .refresh = agent_refresh,
                                                       .control = &control } };
    int r = admin_start(agent_base(agent), &options, ret, err);
    if (r < 0 || !*ret)
        return r;
    if (admin_is_exposed(*ret))
        msg_warn(agent_messenger(agent),
                 "the admin endpoint asks for no password, and other hosts can reach it",
                 weir_kv_str("listen", admin_where(*ret)));
    else
        msg_info(agent_messenger(agent), "the admin endpoint is open",
                 weir_kv_str("listen", admin_where(*ret)));
    return 0;
}

static enum command_status run_agent(const struct command_line *line, const struct config *config)
{
    const struct agent_options options = { .config = config,
                                           .version = weir_version,
                                           .once = command_has(line, OPTION_ONCE) };
    struct agent *agent = NULL;
    struct admin *admin = NULL;
    struct weir_error err = { 0 };
    enum command_status status = COMMAND_FAILED;
    int r = agent_new(&options, &agent, &err);
    if (r == 0)
        r = start_admin(agent, config->service.admin_listen, &admin, &err);
    if (r == 0)
        status = (enum command_status)agent_run(agent);
    else
        command_error(line->command, "%s", err.text);
    admin_stop(admin);
    agent_free(agent);
    return status;
}

static enum command_status run(const struct command_line *line)
{
    struct load load;
    load_read(line, &load);
    enum command_status status = load_report(&load);
    if (status == COMMAND_DONE)
        status = run_agent(line, load.config);
    load_free(&load);
    return status;
}

const struct command cmd_run = {
    .name = "run",
    .args = "",
    .summary = "Run the agent in the foreground.",
    .help =
        "TERM and INT stop it: inputs stop reading, and what was taken is delivered until\n"
        "service.shutdown_timeout has passed; a second one stops it at once. USR1 reopens the files\n"
        "that outputs write to. What was not delivered is read again by the next run.\n",
    .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_ONCE),
    .run = run,
};
