/* SPDX-License-Identifier: Apache-2.0 */
/* Only /proc/self and system calls: a hardened unit (ProcSubset=pid) hides the rest of /proc, and with
 * it the btime that is usually read for the start time. So that is computed once, from how long ago the
 * process started: now - (time since boot - starttime). */
#include "admin/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

struct process_metrics {
    struct metric *cpu, *open_fds, *max_fds, *resident, *virtual, *threads, *start;
};

static struct metric *gauge(struct metrics *metrics, const char *name, const char *help,
                            double scale)
{
    return metrics_series(metrics, name, help, METRIC_GAUGE, scale, NULL, 0);
}

static bool read_proc(const char *path, char *text, size_t room)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, room - 1);
    close(fd);
    text[n < 0 ? 0 : n] = '\0';
    return n > 0;
}

/* Field `number` of /proc/self/stat, counted from 1 as proc(5) does; at least 3. The second is the
 * program's name in parentheses and may hold anything, so counting starts behind the last ')'. */
static long long stat_field(const char *stat, int number)
{
    const char *at = strrchr(stat, ')');
    for (int field = 2; at && field < number; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoll(at + 1, NULL, 10) : 0;
}

#define STAT_THREADS 20
#define STAT_STARTTIME 22

static int64_t start_time(void)
{
    char stat[1024];
    struct timespec since_boot;
    if (!read_proc("/proc/self/stat", stat, sizeof(stat)) ||
        clock_gettime(CLOCK_BOOTTIME, &since_boot) < 0)
        return clock_wall();
    int64_t boot = (int64_t)since_boot.tv_sec * 1000000000 + since_boot.tv_nsec;
    int64_t tick = 1000000000 / sysconf(_SC_CLK_TCK);
    return clock_wall() - (boot - stat_field(stat, STAT_STARTTIME) * tick);
}

struct process_metrics *process_metrics_new(struct metrics *metrics, const char *version)
{
    struct process_metrics *process = calloc(1, sizeof(*process));
    if (!process)
        return NULL;
    process->cpu =
        metrics_series(metrics, "process_cpu_seconds_total",
                       "User and system CPU time spent, in seconds.", METRIC_COUNTER, 1e9, NULL, 0);
    process->open_fds = gauge(metrics, "process_open_fds", "Open file descriptors.", 1);
    process->max_fds =
        gauge(metrics, "process_max_fds", "File descriptors that may be open at a time.", 1);
    process->resident =
        gauge(metrics, "process_resident_memory_bytes", "Resident memory, in bytes.", 1);
    process->virtual = gauge(metrics, "process_virtual_memory_bytes", "Virtual memory, in bytes.",
                             1);
    process->threads = gauge(metrics, "process_threads", "Threads of the process.", 1);
    process->start = gauge(metrics, "process_start_time_seconds",
                           "When the process started, in seconds since 1970 UTC.", 1e9);
    metric_set(process->start, start_time());
    struct metric_label label = { "version", version };
    metric_set(metrics_series(metrics, "weir_build_info",
                              "Always 1; its labels say which build runs.", METRIC_GAUGE, 1, &label,
                              1),
               1);
    return process;
}

struct process_metrics *process_metrics_free(struct process_metrics *process)
{
    free(process);
    return NULL;
}

static void update_memory(struct process_metrics *process)
{
    char text[256];
    long long pages, resident;
    if (!read_proc("/proc/self/statm", text, sizeof(text)) ||
        sscanf(text, "%lld %lld", &pages, &resident) != 2)
        return;
    metric_set(process->virtual, pages * sysconf(_SC_PAGESIZE));
    metric_set(process->resident, resident * sysconf(_SC_PAGESIZE));
}

static void update_descriptors(struct process_metrics *process)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metric_set(process->max_fds, (int64_t)limit.rlim_cur);
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return;
    int64_t count = -1; /* not the one that reads the directory */
    for (struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    metric_set(process->open_fds, count);
}

void process_metrics_update(struct process_metrics *process)
{
    struct timespec cpu;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0)
        metric_set(process->cpu, (int64_t)cpu.tv_sec * 1000000000 + cpu.tv_nsec);
    char stat[1024];
    if (read_proc("/proc/self/stat", stat, sizeof(stat)))
        metric_set(process->threads, stat_field(stat, STAT_THREADS));
    update_memory(process);
    update_descriptors(process);
}
