/* SPDX-License-Identifier: Apache-2.0 */
/* inotify on directories, not on files: one watch tells of every file in it, a new one included, and a host
 * has thousands of files for each directory. What a watch says is taken as a hint only: the name is looked
 * at again.
 *
 * inotify can fail: the user's watches or instances are used up, or the filesystem has changes that it does
 * not know of (a network filesystem). Then the tail is `blind`, and looks for itself once a second instead
 * of once a minute. */
#include "watch.h"

#include <errno.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "look.h"
#include "names.h"
#include "reader.h"
#include "scan.h"
#include "symlink.h"

#define EVENT_BYTES 16384
#define READS_MAX 64

#define DIR_EVENTS                                                                                 \
    (IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF)
#define FILE_EVENTS (IN_MODIFY | IN_ATTRIB)

static bool is_remote(const char *path)
{
    static const uint32_t kinds[] = {
        0x6969,     /* NFS */
        0xff534d42, /* CIFS */
        0xfe534d42, /* SMB2 */
        0x517b,     /* SMB */
        0x65735546, /* FUSE */
        0x01021997, /* 9P */
        0x00c36400, /* Ceph */
        0x0bd00bd0, /* Lustre */
        0x5346414f, /* AFS */
        0x47504653, /* GPFS */
        0x01161970, /* GFS2 */
        0x7461636f, /* OCFS2 */
    };
    struct statfs fs;
    if (statfs(path, &fs) < 0)
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if ((uint32_t)fs.f_type == kinds[i])
            return true;
    return false;
}

static void tell_blind(struct tail *tail, const char *path, int error)
{
    const char *cure = error == ENOSPC   ? "raise the sysctl fs.inotify.max_user_watches"
                       : error == EMFILE ? "raise the sysctl fs.inotify.max_user_instances"
                                         : "none is known";
    if (tail->told_blind)
        return;
    tail->told_blind = true;
    weir_warn(tail->host, "cannot watch for changes, looks once a second instead",
              weir_kv_str("path", path), weir_kv_str("error", strerror(error)),
              weir_kv_str("cure", cure));
}

static struct tail_dir *dir_of(const struct tail *tail, int watch)
{
    struct tail_node *node = tail_table_find(&tail->dirs_by_watch, (uint64_t)watch);
    return node ? tail_of(node, struct tail_dir, by_watch) : NULL;
}

static void forget_watch(struct tail *tail, struct tail_dir *dir)
{
    if (dir->watch < 0)
        return;
    tail_table_remove(&tail->dirs_by_watch, &dir->by_watch);
    dir->watch = -1;
    weir_counter_add(tail->counters.watches, -1);
}

static void leave_awaited(struct tail *tail, struct tail_dir *dir)
{
    if (!tail_watch_is_awaited(dir))
        return;
    tail_list_remove(&dir->awaited);
    tail->awaited_count--;
}

void tail_watch_remove(struct tail *tail, struct tail_dir *dir)
{
    leave_awaited(tail, dir);
    if (dir->watch >= 0)
        inotify_rm_watch(tail->inotify, dir->watch);
    forget_watch(tail, dir);
}

/* Watches a directory for `events`. True when some of them were not told before. What is set already is not set
 * again: the kernel clears a watch's mask before it fills it, and loses what happens in between. */
static bool watch_set(struct tail *tail, struct tail_dir *dir, uint32_t events)
{
    if (tail->once)
        return false;
    if (tail->inotify < 0) {
        tail->blind = true;
        return false;
    }
    tail->blind |= dir->remote;
    if (dir->watch >= 0 && dir->events == events)
        return false;
    int watch = inotify_add_watch(tail->inotify, dir->path, events | IN_ONLYDIR);
    if (watch < 0 && errno != ENOENT && errno != ENOTDIR) {
        tell_blind(tail, dir->path, errno);
        tail->blind = true;
    }
    if (watch != dir->watch && dir->watch >= 0) {
        inotify_rm_watch(tail->inotify, dir->watch);
        forget_watch(tail, dir);
    }
    bool news = dir->watch >= 0 && (events & ~dir->events);
    /* The kernel gives a directory that is watched already the watch that it has. Another one of ours was set by a path
     * that led here by then, so it is this one's: it must not go with the other. */
    struct tail_dir *other = watch >= 0 && dir->watch < 0 ? dir_of(tail, watch) : NULL;
    if (other)
        forget_watch(tail, other);
    if (watch >= 0 && dir->watch < 0 &&
        tail_table_add(&tail->dirs_by_watch, &dir->by_watch, (uint64_t)watch) == 0) {
        dir->remote = is_remote(dir->path);
        dir->watch = watch;
        weir_counter_add(tail->counters.watches, 1);
        news = true;
    }
    dir->events = events;
    if (news)
        dir->told = tail->scan;
    tail->blind |= dir->remote;
    return news;
}

bool tail_watch_add(struct tail *tail, struct tail_dir *dir)
{
    const bool files = dir->lists || !tail_list_is_empty(&dir->pointing);
    leave_awaited(tail, dir);
    return watch_set(tail, dir, DIR_EVENTS | (files ? FILE_EVENTS : 0));
}

bool tail_watch_await(struct tail *tail, struct tail_dir *dir)
{
    if (dir->watch >= 0 && !tail_watch_is_awaited(dir))
        return false;
    if (!tail_watch_is_awaited(dir) && tail->awaited_count == TAIL_AWAITED_MAX)
        tail_watch_remove(tail, tail_of(tail->awaited.next, struct tail_dir, awaited));
    tail->awaited_count += !tail_watch_is_awaited(dir);
    tail_list_append(&tail->awaited, &dir->awaited);
    return watch_set(tail, dir, DIR_EVENTS);
}

/* ---- events --------------------------------------------------------------------------------------------- */

static void on_gone(struct tail *tail, struct tail_dir *dir, uint32_t mask)
{
    if (mask & IN_IGNORED) {
        forget_watch(tail, dir);
        dir->walked = 0;
    }
    tail_scan_want(tail);
}

static void on_event(struct tail *tail, const struct inotify_event *event)
{
    if (event->mask & IN_Q_OVERFLOW) {
        weir_counter_add(tail->counters.overflows, 1);
        tail_scan_want(tail);
        return;
    }
    struct tail_dir *dir = dir_of(tail, event->wd);
    if (!dir)
        return;
    if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) {
        on_gone(tail, dir, event->mask);
        return;
    }
    if (!event->len)
        return;
    const struct weir_str name = weir_str_of(event->name);
    if (event->mask & IN_ISDIR) {
        tail_scan_changed(tail, dir, name, event->mask & (IN_CREATE | IN_MOVED_TO));
        tail_symlink_look(tail, dir, name);
    } else if (event->mask & IN_MODIFY) {
        tail_look_modified(tail, dir, name);
    } else {
        tail_look_changed(tail, dir, name, event->mask & IN_MOVED_FROM);
    }
}

static void watch_ready(void *state)
{
    struct tail *tail = state;
    const bool was_blind = tail->blind;
    _Alignas(struct inotify_event) char buffer[EVENT_BYTES];
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t n = read(tail->inotify, buffer, sizeof(buffer));
        if (n <= 0)
            break;
        for (const char *at = buffer; at < buffer + n;) {
            const struct inotify_event *event = (const struct inotify_event *)(const void *)at;
            on_event(tail, event);
            at += sizeof(*event) + event->len;
        }
    }
    tail_scan_settle(tail);
    if (tail->blind && !was_blind)
        tail_poll_set(tail);
    tail_reader_run(tail);
}

void tail_watch_open(struct tail *tail)
{
    tail->inotify = -1;
    if (tail->once)
        return;
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0)
        tail->watch = weir_watch_start(tail->host, fd, WEIR_READABLE | WEIR_MODERATED, watch_ready);
    if (tail->watch) {
        tail->inotify = fd;
        return;
    }
    tell_blind(tail, "", errno);
    tail->blind = true;
    if (fd >= 0)
        close(fd);
}

void tail_watch_close(struct tail *tail)
{
    tail->watch = weir_watch_stop(tail->watch);
    if (tail->inotify >= 0)
        close(tail->inotify);
    tail->inotify = -1;
}
