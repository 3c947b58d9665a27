/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/load.h"

#include <stdlib.h>

#include "admin/address.h"
#include "pipeline/config_hooks.h"
#include "pipeline/modules.h"

static int check_listen(const char *text, struct weir_error *err)
{
    struct admin_address address;
    return admin_address_parse(text, &address, err);
}

void load_begin(const struct command_line *line, struct load *ret)
{
    *ret = (struct load){ .path = command_config_path(line) };
    ret->registry = modules_registry();
    if (!ret->registry) {
        command_error(line->command, "out of memory");
        exit(COMMAND_FAILED);
    }
    ret->hooks = config_hooks_of(ret->registry);
    ret->hooks.check_listen = check_listen;
    cgroup_memory_limit("", &ret->group);
    if (ret->group.bytes != UINT64_MAX) {
        ret->hooks.group_bytes = ret->group.bytes ? ret->group.bytes : 1;
        ret->hooks.group_file = ret->group.file;
    }
    ret->diag = diagnostics_new();
}

void load_read(const struct command_line *line, struct load *ret)
{
    load_begin(line, ret);
    ret->config = config_read(ret->path, &ret->hooks, ret->diag);
}

enum command_status load_report(const struct load *load)
{
    size_t errors = diagnostics_errors(load->diag);
    diagnostics_print(load->diag, stderr, false);
    if (load->config && errors == 0)
        return COMMAND_DONE;
    fprintf(stderr, "%s: %zu error%s\n", load->path, errors, errors == 1 ? "" : "s");
    return COMMAND_MISUSED;
}

void load_free(struct load *load)
{
    config_free(load->config);
    diagnostics_free(load->diag);
    registry_free(load->registry);
}
