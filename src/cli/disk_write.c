/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/disk_write.h"

#include <errno.h>
#include <inttypes.h>

enum command_status disk_lock_take(const struct disk_job *job, struct disk_lock *ret)
{
    struct disk *disk = disk_real();
    *ret = (struct disk_lock){ .fd = disk_open_dir(disk, DISK_CWD, job->data_dir, false) };
    int r = ret->fd < 0 ? ret->fd : disk_lock_dir(disk, ret->fd, &ret->agent_pid);
    if (r == 0)
        return COMMAND_DONE;
    ret->fd = disk_close(disk, ret->fd);
    if (r == -EWOULDBLOCK)
        return COMMAND_DONE;
    command_error(job->line->command, "cannot open the data directory %s: %s", job->data_dir,
                  strerror(-r));
    return COMMAND_FAILED;
}

void disk_lock_give(struct disk_lock *lock)
{
    lock->fd = disk_close(disk_real(), lock->fd);
}

static void say_found(const struct disk_job *job, const struct store_found *found)
{
    if (found->torn_bytes)
        command_error(job->line->command,
                      "%s: %" PRIu64 " bytes of a write that was cut short were put aside",
                      job->dir, found->torn_bytes);
    if (found->damaged_records)
        command_error(job->line->command, "%s: %" PRIu64 " records are damaged", job->dir,
                      found->damaged_records);
}

enum command_status disk_write_open(const struct disk_job *job, enum store_kind kind,
                                    struct store **ret)
{
    const struct config_buffer *buffer = &job->pipeline->buffer;
    const bool is_buffer = kind == STORE_BUFFER;
    const struct store_options options = {
        .disk = disk_real(),
        .data_dir = job->data_dir,
        .name = job->name,
        .kind = kind,
        .readers = job->outputs,
        .reader_count = job->configured_count,
        .size_max = is_buffer ? buffer->disk : buffer->dead_letter_bytes,
        .retention = is_buffer ? buffer->retention * INT64_C(1000000) : 0,
        .retention_bytes = is_buffer ? buffer->retention_bytes : 0,
    };
    struct store_found found = { 0 };
    struct weir_error err;
    if (store_open(&options, ret, &found, &err) < 0) {
        command_error(job->line->command, "%s", err.text);
        return COMMAND_FAILED;
    }
    store_forget_streams(*ret);
    say_found(job, &found);
    return COMMAND_DONE;
}
