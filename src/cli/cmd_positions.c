/* SPDX-License-Identifier: Apache-2.0 */
/* `weir positions`: how far each stream has been shipped, and setting it.
 *
 * Listing reads the file beside a running agent, without its lock. Setting and resetting take the lock, since
 * the agent would write over them; and they look first without it, so that a mistyped directory is not made. */
#include <errno.h>
#include <stdlib.h>

#include "base/message.h"
#include "cli/commands.h"
#include "cli/load.h"
#include "cli/positions_list.h"

struct job {
    const struct command_line *line;
    struct load load; /* with --data-dir: empty */
    const char *dir;
    struct messenger *messenger;
};

/* NULL when that was said on stderr. */
static struct positions *open_store(const struct job *job, bool read_only)
{
    const struct positions_options options = { .data_dir = job->dir,
                                               .read_only = read_only,
                                               .messenger = job->messenger };
    struct positions *positions = NULL;
    struct weir_error err;
    if (positions_open(&options, &positions, &err) < 0)
        command_error(job->line->command, "%s", err.text);
    return positions;
}

static enum command_status out_of_memory(const struct job *job)
{
    command_error(job->line->command, "out of memory");
    return COMMAND_FAILED;
}

/* ---- ls ---------------------------------------------------------------------------------------------- */

static enum command_status list(const struct job *job)
{
    if (job->line->arg_count > 1)
        return command_misused(job->line->command, "ls takes no argument");
    struct positions *positions = open_store(job, true);
    if (!positions)
        return COMMAND_FAILED;
    json_t *document = positions_list_document(positions, job->load.config);
    int r = document ? 0 : -ENOMEM;
    if (r == 0 && command_has(job->line, OPTION_JSON)) {
        r = json_dumpf(document, stdout, JSON_INDENT(2)) < 0 ? -EIO : 0;
        putchar('\n');
    } else if (r == 0) {
        r = positions_list_print(document, stdout);
    }
    json_decref(document);
    positions_close(positions);
    return r == -ENOMEM ? out_of_memory(job) : COMMAND_DONE; /* main() looks at stdout */
}

/* ---- set and reset ----------------------------------------------------------------------------------- */

static bool find(const struct job *job, struct positions *positions, const char *id,
                 struct positions_key *ret_key, struct weir_stream_state *ret_state)
{
    int r = positions_list_find(positions, id, ret_key, ret_state);
    if (r == -EINVAL)
        command_error(job->line->command, "\"%s\" is no id: hexadecimal digits, as `ls` shows them",
                      id);
    else if (r == -EEXIST)
        command_error(job->line->command, "several ids begin with %s: give more of it", id);
    else if (r < 0)
        command_error(job->line->command, "no id in %s begins with %s", job->dir, id);
    return r == 0;
}

/* All of the ids are there: nothing is done by halves. */
static bool find_all(const struct job *job, char **ids, int count)
{
    struct positions_key key;
    struct weir_stream_state state;
    struct positions *positions = open_store(job, true);
    bool found = positions != NULL;
    for (int i = 0; found && i < count; i++)
        found = find(job, positions, ids[i], &key, &state);
    positions_close(positions);
    return found;
}

static enum command_status finish(const struct job *job, struct positions *positions)
{
    int r = positions_sync(positions);
    if (r < 0)
        command_error(job->line->command, "%s/positions could not be written: %s", job->dir,
                      strerror(-r));
    positions_close(positions);
    return r < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

static bool parse_position(const char *text, uint64_t *ret)
{
    char *end;
    errno = 0;
    *ret = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && !*end && errno == 0;
}

static enum command_status set(const struct job *job)
{
    char **args = job->line->args;
    struct positions_key key;
    struct weir_stream_state state;
    uint64_t position;
    if (job->line->arg_count != 3)
        return command_misused(job->line->command, "set takes an id and a position");
    if (!parse_position(args[2], &position))
        return command_misused(job->line->command, "\"%s\" is no position: a number from 0 up",
                               args[2]);
    if (!find_all(job, args + 1, 1))
        return COMMAND_FAILED;
    struct positions *positions = open_store(job, false);
    if (!positions)
        return COMMAND_FAILED;
    if (!find(job, positions, args[1], &key, &state)) {
        positions_close(positions);
        return COMMAND_FAILED;
    }
    state.position = position;
    state.check = 0; /* nothing is known of what stands before it */
    int r = positions_put(positions, &key, &state);
    enum command_status status = finish(job, positions);
    return r < 0 ? out_of_memory(job) : status;
}

struct keys {
    struct positions_key *items;
    size_t count, room;
    bool failed;
};

static void add_key(void *arg, const struct positions_key *key,
                    const struct weir_stream_state *state)
{
    struct keys *keys = arg;
    (void)state;
    if (keys->count == keys->room) {
        size_t room = keys->room ? keys->room * 2 : 64;
        struct positions_key *items = realloc(keys->items, room * sizeof(items[0]));
        keys->failed |= !items;
        if (!items)
            return;
        keys->items = items;
        keys->room = room;
    }
    keys->items[keys->count++] = *key;
}

static void remove_ids(const struct job *job, struct positions *positions)
{
    struct positions_key key;
    struct weir_stream_state state;
    for (int i = 1; i < job->line->arg_count; i++)
        if (positions_list_find(positions, job->line->args[i], &key, &state) == 0)
            positions_remove(positions, &key);
}

static enum command_status reset(const struct job *job)
{
    bool all = command_has(job->line, OPTION_ALL);
    int count = job->line->arg_count - 1;
    if (all == (count > 0))
        return command_misused(job->line->command, "reset takes either ids or --all");
    if (!find_all(job, job->line->args + 1, count))
        return COMMAND_FAILED;
    struct positions *positions = open_store(job, false);
    if (!positions)
        return COMMAND_FAILED;
    struct keys keys = { 0 };
    if (all)
        positions_walk(positions, add_key, &keys);
    for (size_t i = 0; i < keys.count; i++)
        positions_remove(positions, &keys.items[i]);
    remove_ids(job, positions);
    free(keys.items);
    enum command_status status = finish(job, positions);
    return keys.failed ? out_of_memory(job) : status;
}

/* ---- the command ------------------------------------------------------------------------------------- */

static enum command_status find_dir(struct job *job)
{
    job->dir = job->line->values[OPTION_DATA_DIR];
    if (job->dir)
        return COMMAND_DONE;
    load_read(job->line, &job->load);
    if (job->load.config) {
        job->dir = job->load.config->service.data_dir;
        return COMMAND_DONE;
    }
    load_report(&job->load);
    return command_misused(job->line->command, "the data directory stands in the configuration, "
                                               "which cannot be read; give it with --data-dir");
}

static enum command_status run(const struct command_line *line)
{
    static const struct {
        const char *name;
        enum command_status (*run)(const struct job *job);
    } actions[] = { { "ls", list }, { "set", set }, { "reset", reset } };
    struct job job = { .line = line };
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(line->args[0], actions[i].name) != 0)
            continue;
        enum command_status status = find_dir(&job);
        job.messenger = messenger_new(fileno(stderr), WEIR_WARN, MESSAGE_TEXT);
        if (status == COMMAND_DONE)
            status = actions[i].run(&job);
        messenger_free(job.messenger);
        load_free(&job.load);
        return status;
    }
    return command_misused(line->command, "\"%s\" is none of ls, set, reset", line->args[0]);
}

const struct command cmd_positions = {
    .name = "positions",
    .args = "ls | set ID POSITION | reset ID...",
    .summary = "List, set or reset how far each stream has been shipped.",
    .help =
        "  ls               every stream: its id, its position (of a file: bytes shipped) and what it is\n"
        "  set ID POSITION  go on from there; of a file, where a line begins\n"
        "  reset ID...      forget them: the next start takes them for new, as with --all every one\n"
        "\n"
        "The beginning of an id is enough. The agent must be stopped for set and reset.\n",
    .options =
        TAKES(OPTION_CONFIG) | TAKES(OPTION_DATA_DIR) | TAKES(OPTION_JSON) | TAKES(OPTION_ALL),
    .args_min = 1,
    .args_max = INT32_MAX,
    .run = run,
};
