/* SPDX-License-Identifier: Apache-2.0 */
/* A store says for whom its frames are by bits, and what they mean by the list of readers that it is opened with.
 * Looking, one wants to know all of them, the outputs too that no configuration has any more. So it is opened
 * twice: with the outputs of the configuration (with --data-dir alone, with none), to learn who else there
 * is, and then with all. */
#include "cli/disk_job.h"

#include <errno.h>
#include <stdlib.h>

#include "config/suggest.h"

const char *disk_job_what(const struct disk_job *job)
{
    return job->kind == STORE_BUFFER ? "disk tier" : "dead letters";
}

/* ---- which store -------------------------------------------------------------------------------------- */

static enum command_status say_no_pipeline(const struct disk_job *job)
{
    struct suggestion near = { .word = job->name };
    char advice[SUGGESTION_TEXT_MAX];
    for (size_t i = 0; i < job->load.config->pipeline_count; i++)
        suggestion_offer(&near, job->load.config->pipelines[i].name);
    suggestion_print(&near, advice);
    command_error(job->line->command,
                  "%s has no pipeline \"%s\"%s (what a pipeline of the past has left is found with "
                  "--data-dir)",
                  job->load.path, job->name, advice);
    return COMMAND_FAILED;
}

static enum command_status find_pipeline(struct disk_job *job)
{
    const struct config *config = job->load.config;
    if (!job->name && config->pipeline_count > 1)
        return command_misused(job->line->command,
                               "%s has %zu pipelines: say which one, such as \"%s\"",
                               job->load.path, config->pipeline_count, config->pipelines[0].name);
    if (!job->name)
        job->name = config->pipelines[0].name;
    for (size_t i = 0; i < config->pipeline_count; i++)
        if (strcmp(config->pipelines[i].name, job->name) == 0)
            job->pipeline = &config->pipelines[i];
    if (!job->pipeline)
        return say_no_pipeline(job);
    if (!job->data_dir)
        job->data_dir = config->service.data_dir;
    for (size_t i = 0; i < job->pipeline->output_count && i < STORE_READERS_MAX; i++)
        job->outputs[job->output_count++] = job->pipeline->outputs[i].id;
    job->configured_count = job->output_count;
    return COMMAND_DONE;
}

enum command_status disk_job_begin(struct disk_job *job, const struct command_line *line,
                                   enum store_kind kind, const char *name)
{
    enum command_status status = COMMAND_DONE;
    *job = (struct disk_job){
        .line = line, .kind = kind, .name = name, .data_dir = line->values[OPTION_DATA_DIR]
    };
    if (name && !config_is_name(name))
        return command_misused(line->command, "\"%s\" cannot be the name of a pipeline", name);
    if (job->data_dir && !command_has(line, OPTION_CONFIG)) {
        load_begin(line, &job->load);
        if (!name)
            return command_misused(line->command,
                                   "say which pipeline: there is no configuration to "
                                   "find it in");
    } else {
        load_read(line, &job->load);
        if (!job->load.config) {
            load_report(&job->load);
            return command_misused(line->command,
                                   "pipelines stand in the configuration, which cannot "
                                   "be read; --data-dir alone does without");
        }
        status = find_pipeline(job);
    }
    if (status == COMMAND_DONE &&
        asprintf(&job->dir, "%s/%s/%s", job->data_dir,
                 kind == STORE_BUFFER ? "buffer" : "dead_letters", job->name) < 0) {
        job->dir = NULL;
        command_error(line->command, "out of memory");
        status = COMMAND_FAILED;
    }
    return status;
}

void disk_job_end(struct disk_job *job)
{
    disk_job_close(job);
    free(job->names);
    free(job->dir);
    load_free(&job->load);
}

/* ---- opening ------------------------------------------------------------------------------------------ */

static int open_store(const struct disk_job *job, struct store **ret, struct store_found *found,
                      struct weir_error *err)
{
    const struct store_options options = { .disk = disk_real(),
                                           .data_dir = job->data_dir,
                                           .name = job->name,
                                           .kind = job->kind,
                                           .readers = job->outputs,
                                           .reader_count = job->output_count,
                                           .size_max = UINT64_MAX,
                                           .read_only = true };
    *found = (struct store_found){ 0 };
    return store_open(&options, ret, found, err);
}

/* Adds the outputs that only the store knows, as far as there are bits. Whether there are any; a negative errno. */
static int add_orphans(struct disk_job *job)
{
    struct store_reader_info infos[STORE_READERS_MAX + STORE_ORPHANS_MAX];
    const size_t room = sizeof(infos) / sizeof(infos[0]);
    size_t count = store_readers(job->store, infos, room);
    const unsigned before = job->output_count;
    job->names = calloc(STORE_READERS_MAX, sizeof(job->names[0]));
    if (!job->names)
        return -ENOMEM;
    for (size_t i = 0; i < count && i < room && job->output_count < STORE_READERS_MAX; i++) {
        if (!infos[i].orphan)
            continue;
        char *name = job->names[job->output_count - before];
        memcpy(name, infos[i].name, sizeof(infos[i].name));
        job->outputs[job->output_count++] = name;
    }
    return job->output_count > before;
}

/* Whether there is anything to open; said when not. */
static bool is_there(const struct disk_job *job)
{
    struct disk *disk = disk_real();
    int dir = disk_open_dir(disk, DISK_CWD, job->dir, false);
    if (dir == -ENOENT)
        command_error(job->line->command, "pipeline \"%s\" has no %s on disk: there is no %s",
                      job->name, disk_job_what(job), job->dir);
    else if (dir < 0)
        command_error(job->line->command, "cannot open %s: %s", job->dir, strerror(-dir));
    disk_close(disk, dir);
    return dir >= 0;
}

enum command_status disk_job_open(struct disk_job *job)
{
    struct weir_error err;
    if (!is_there(job))
        return COMMAND_FAILED;
    int r = open_store(job, &job->store, &job->found, &err);
    int more = r < 0 ? r : job->names ? 0 : add_orphans(job);
    if (r == 0 && more < 0)
        r = weir_error_set(&err, more, "out of memory");
    if (r == 0 && more) {
        job->store = store_close(job->store);
        r = open_store(job, &job->store, &job->found, &err);
    }
    if (r < 0)
        command_error(job->line->command, "%s", err.text);
    return r < 0 ? COMMAND_FAILED : COMMAND_DONE;
}

void disk_job_close(struct disk_job *job)
{
    job->store = store_close(job->store);
}

uint64_t disk_job_first(const struct store *store)
{
    struct store_segment_info segment;
    return store_segments(store, &segment, 1) ? segment.first_sequence : store_end(store);
}

uint64_t disk_job_first_now(const struct disk_job *job)
{
    struct store *store = NULL;
    struct store_found found;
    if (open_store(job, &store, &found, NULL) < 0)
        return 0;
    uint64_t first = disk_job_first(store);
    store_close(store);
    return first;
}

/* ---- names -------------------------------------------------------------------------------------------- */

int disk_job_find_output(const struct disk_job *job, const char *id)
{
    for (unsigned i = 0; i < job->output_count; i++)
        if (strcmp(job->outputs[i], id) == 0)
            return (int)i;
    return -1;
}

enum command_status disk_job_output(const struct disk_job *job, const char *id, int *ret)
{
    struct suggestion near = { .word = id };
    char advice[SUGGESTION_TEXT_MAX];
    *ret = disk_job_find_output(job, id);
    if (*ret >= 0)
        return COMMAND_DONE;
    for (unsigned i = 0; i < job->output_count; i++)
        suggestion_offer(&near, job->outputs[i]);
    suggestion_print(&near, advice);
    command_error(job->line->command, "pipeline \"%s\" has no output \"%s\"%s", job->name, id,
                  advice);
    return COMMAND_FAILED;
}

char *disk_job_file(const struct disk_job *job, uint64_t segment)
{
    char *path;
    return asprintf(&path, "%s/%016llx.seg", job->dir, (unsigned long long)segment) < 0 ? NULL
                                                                                        : path;
}
