/* SPDX-License-Identifier: Apache-2.0 */
/* A file has two contents: what reads see (the page cache), and what the disk has for sure. Between them lies
 * the list of writes since the last good sync, sector by sector. A power cut takes any of them, in their order
 * for each sector, independently for different sectors: that is every mixture that reordering and tearing at
 * 512 bytes can make. A sync that fails takes some of them likewise and drops the rest, while reads still see
 * them, as Linux does.
 *
 * Names are a list of changes in the same way: a directory's changes since its last good sync are taken or not,
 * each as a whole. File systems keep a journal of them, so a sync that fails drops none. Directories themselves
 * are kept from their making on. */
#include "support/disk_sim.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define SECTOR 512u
#define BLOCK 4096u
#define CHUNK 65536u
#define FILES_MAX 512
#define NAMES_MAX 512
#define DIRS_MAX 6
#define FDS_MAX 64
#define FD_DIR 1000 /* descriptors from here on are directories */

struct bytes {
    uint8_t *data;
    size_t len, room;
};

struct sector {
    uint64_t number;
    uint8_t data[SECTOR];
};

struct file {
    struct bytes now, kept;
    struct sector *writes; /* not synced */
    size_t write_count, write_room;
    size_t last_write; /* where the latest write begins among them */
    bool shorter;      /* it was truncated, and that is not kept */
};

struct name {
    char text[48];
    int file; /* -1, in a change: the name goes */
};

struct names {
    struct name items[NAMES_MAX];
    int count;
};

struct change {
    struct name gone, there; /* an empty text: nothing */
};

struct dir {
    char name[64];
    struct names now, kept;
    struct change *changes;
    int change_count, change_room;
    bool locked;
};

struct sim {
    struct disk disk;
    pthread_mutex_t mutex;
    uint64_t random;
    enum sim_tear tear;
    enum sim_lie lie;
    struct file files[FILES_MAX];
    int file_count;
    struct dir dirs[DIRS_MAX];
    int dir_count;
    int fds[FDS_MAX]; /* file numbers; -1: free */
    int open_dirs;
    bool shortened;
    uint64_t calls[16];
    unsigned fail_calls;
    uint64_t fail_after;
    int fail_error;
    bool fail_on, has_failed;
};

static struct sim *sim_of(const struct disk *disk)
{
    return (struct sim *)(uintptr_t)disk;
}

static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static uint64_t below(struct sim *sim, uint64_t bound)
{
    return sim_random(&sim->random) % bound;
}

/* ---- bytes, sectors, names --------------------------------------------------------------------------- */

static void set_len(struct bytes *bytes, size_t len)
{
    if (len > bytes->room) {
        bytes->room = (len + CHUNK - 1) / CHUNK * CHUNK;
        bytes->data = need(realloc(bytes->data, bytes->room));
    }
    if (len > bytes->len)
        memset(bytes->data + bytes->len, 0, len - bytes->len);
    bytes->len = len;
}

static void copy_bytes(struct bytes *to, const struct bytes *from)
{
    to->len = 0;
    set_len(to, from->len);
    if (from->len)
        memcpy(to->data, from->data, from->len);
}

static void apply(struct bytes *bytes, const struct sector *sector)
{
    size_t at = (size_t)sector->number * SECTOR;
    if (at >= bytes->len)
        return;
    size_t len = bytes->len - at < SECTOR ? bytes->len - at : SECTOR;
    memcpy(bytes->data + at, sector->data, len);
}

/* Notes the sectors of [at, at + len) as they are now. */
static void note_write(struct file *file, size_t at, size_t len)
{
    file->last_write = file->write_count;
    for (size_t number = at / SECTOR; number * SECTOR < at + len; number++) {
        if (file->write_count == file->write_room) {
            file->write_room = file->write_room ? 2 * file->write_room : 64;
            file->writes = need(realloc(file->writes, file->write_room * sizeof(file->writes[0])));
        }
        struct sector *sector = &file->writes[file->write_count++];
        size_t from = number * SECTOR,
               n = file->now.len - from < SECTOR ? file->now.len - from : SECTOR;
        *sector = (struct sector){ .number = number };
        memcpy(sector->data, file->now.data + from, n);
    }
}

static struct name *find_name(struct names *names, const char *text)
{
    for (int i = 0; i < names->count; i++)
        if (strcmp(names->items[i].text, text) == 0)
            return &names->items[i];
    return NULL;
}

static void set_name(struct names *names, const struct name *name)
{
    struct name *at = find_name(names, name->text);
    if (name->file < 0) {
        if (at)
            *at = names->items[--names->count];
        return;
    }
    if (!at) {
        assert(names->count < NAMES_MAX);
        at = &names->items[names->count++];
    }
    *at = *name;
}

static void apply_change(struct names *names, const struct change *change)
{
    if (change->gone.text[0])
        set_name(names, &change->gone);
    if (change->there.text[0])
        set_name(names, &change->there);
}

static void change_names(struct dir *dir, const char *gone, const char *there, int file)
{
    struct change change = { .gone.file = -1, .there.file = file };
    snprintf(change.gone.text, sizeof(change.gone.text), "%s", gone);
    snprintf(change.there.text, sizeof(change.there.text), "%s", there);
    if (dir->change_count == dir->change_room) {
        dir->change_room = dir->change_room ? 2 * dir->change_room : 64;
        dir->changes = need(realloc(dir->changes, (size_t)dir->change_room * sizeof(change)));
    }
    dir->changes[dir->change_count++] = change;
    apply_change(&dir->now, &change);
}

/* ---- failing ----------------------------------------------------------------------------------------- */

static int begin_call(struct sim *sim, enum sim_call call)
{
    pthread_mutex_lock(&sim->mutex);
    sim->calls[__builtin_ctz(call)]++;
    if (!(sim->fail_calls & call) || !sim->fail_error)
        return 0;
    if (sim->fail_after > 0) {
        sim->fail_after--;
        return 0;
    }
    int error = sim->fail_error;
    sim->has_failed = true;
    if (!sim->fail_on)
        sim->fail_error = 0;
    return -error;
}

static int end_call(struct sim *sim, int r)
{
    pthread_mutex_unlock(&sim->mutex);
    return r;
}

/* ---- calls ------------------------------------------------------------------------------------------- */

static int open_dir(struct disk *disk, int parent, const char *name, bool make)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_OPEN_DIR);
    (void)parent;
    if (r == 0) {
        r = -ENOENT;
        for (int i = 0; i < sim->dir_count; i++)
            if (strcmp(sim->dirs[i].name, name) == 0)
                r = FD_DIR + i;
        if (r < 0 && make) {
            assert(sim->dir_count < DIRS_MAX);
            snprintf(sim->dirs[sim->dir_count].name, sizeof(sim->dirs[0].name), "%s", name);
            r = FD_DIR + sim->dir_count++;
        }
        sim->open_dirs += r >= 0;
    }
    return end_call(sim, r);
}

static struct dir *dir_at(struct sim *sim, int fd)
{
    assert(fd >= FD_DIR && fd - FD_DIR < sim->dir_count);
    return &sim->dirs[fd - FD_DIR];
}

static int lock_dir(struct disk *disk, int fd, int64_t *ret_pid)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_LOCK);
    struct dir *dir = dir_at(sim, fd);
    if (r == 0 && dir->locked) {
        *ret_pid = 4711;
        r = -EWOULDBLOCK;
    }
    dir->locked |= r == 0;
    return end_call(sim, r);
}

static struct file *file_at(struct sim *sim, int fd)
{
    assert(fd >= 0 && fd < FDS_MAX && sim->fds[fd] >= 0);
    return &sim->files[sim->fds[fd]];
}

/* A number for a new file: that of one that no name and no descriptor has. */
static int new_file(struct sim *sim)
{
    for (int number = 0; number < FILES_MAX; number++) {
        bool used = false;
        for (int d = 0; d < sim->dir_count; d++) {
            struct dir *dir = &sim->dirs[d];
            for (int i = 0; i < dir->now.count; i++)
                used |= dir->now.items[i].file == number;
            for (int i = 0; i < dir->kept.count; i++)
                used |= dir->kept.items[i].file == number;
            for (int i = 0; i < dir->change_count; i++)
                used |= dir->changes[i].there.file == number;
        }
        for (int fd = 0; fd < FDS_MAX; fd++)
            used |= sim->fds[fd] == number;
        if (!used) {
            struct file *file = &sim->files[number];
            file->now.len = file->kept.len = file->write_count = 0;
            file->shorter = false;
            if (number >= sim->file_count)
                sim->file_count = number + 1;
            return number;
        }
    }
    abort();
}

static int open_file(struct disk *disk, int dir_fd, const char *text, unsigned flags)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_OPEN);
    struct dir *dir = dir_at(sim, dir_fd);
    struct name *name = find_name(&dir->now, text);
    int number = name ? name->file : -1;
    if (r == 0 && number >= 0 && flags & DISK_NEW)
        r = -EEXIST;
    if (r == 0 && number < 0 && !(flags & DISK_NEW))
        r = -ENOENT;
    if (r == 0) {
        if (number < 0) {
            number = new_file(sim);
            change_names(dir, "", text, number);
        }
        while (sim->fds[r] >= 0)
            r++;
        sim->fds[r] = number;
    }
    return end_call(sim, r);
}

static void close_any(struct disk *disk, int fd)
{
    struct sim *sim = sim_of(disk);
    pthread_mutex_lock(&sim->mutex);
    if (fd >= FD_DIR) {
        sim->open_dirs--;
        sim->dirs[fd - FD_DIR].locked = false;
    } else {
        assert(sim->fds[fd] >= 0);
        sim->fds[fd] = -1;
    }
    pthread_mutex_unlock(&sim->mutex);
}

static int size_of(struct disk *disk, int fd, uint64_t *ret)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_SIZE);
    if (r == 0)
        *ret = file_at(sim, fd)->now.len;
    return end_call(sim, r);
}

static ssize_t read_at(struct disk *disk, int fd, void *data, size_t len, uint64_t offset)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_READ);
    const struct file *file = file_at(sim, fd);
    if (r == 0 && sim->shortened && below(sim, 3) == 0) {
        r = below(sim, 2) ? -EINTR : 0;
        len = 1 + below(sim, len);
    }
    if (r == 0 && offset < file->now.len) {
        r = (int)(file->now.len - offset < len ? file->now.len - offset : len);
        memcpy(data, file->now.data + offset, (size_t)r);
    }
    return end_call(sim, r);
}

static ssize_t write_at(struct disk *disk, int fd, const void *data, size_t len, uint64_t offset)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_WRITE);
    struct file *file = file_at(sim, fd);
    if (r == 0 && sim->shortened && below(sim, 3) == 0) {
        r = below(sim, 2) ? -EINTR : 0;
        len = 1 + below(sim, len);
    }
    if (r < 0 && r != -EINTR)
        len = below(sim, len + 1); /* so much of it was done */
    if (sim->lie == SIM_ONE_SIDE && offset % CHUNK >= CHUNK / 2)
        offset -= CHUNK / 2;
    if (r != -EINTR && len) {
        if (offset + len > file->now.len)
            set_len(&file->now, offset + len);
        memcpy(file->now.data + offset, data, len);
        note_write(file, offset, len);
    }
    return end_call(sim, r < 0 ? r : (int)len);
}

static int reserve(struct disk *disk, int fd, uint64_t offset, uint64_t len)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_RESERVE);
    struct file *file = file_at(sim, fd);
    uint64_t want = offset + (r < 0 ? below(sim, len + 1) : len);
    if (want > file->now.len)
        set_len(&file->now, want);
    return end_call(sim, r);
}

static void forget_writes(struct file *file, size_t from)
{
    file->write_count -= from;
    if (file->write_count)
        memmove(file->writes, file->writes + from, file->write_count * sizeof(file->writes[0]));
    file->last_write = 0;
}

static void keep_size(struct file *file)
{
    if (file->shorter || file->now.len > file->kept.len)
        set_len(&file->kept, file->now.len);
    file->shorter = false;
}

/* A block around a write that was under way may be anything afterwards. */
static void tear_blocks(struct sim *sim, struct file *file)
{
    for (size_t i = 0; sim->tear == SIM_GARBAGE && i < file->write_count; i++) {
        size_t from = (size_t)file->writes[i].number * SECTOR / BLOCK * BLOCK;
        if (below(sim, 16) || from + BLOCK > file->kept.len)
            continue;
        for (size_t at = from; at < from + BLOCK; at++)
            file->kept.data[at] = (uint8_t)below(sim, 256);
    }
}

static int sync_file(struct disk *disk, int fd)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_SYNC);
    struct file *file = file_at(sim, fd);
    size_t count = file->write_count;
    if (sim->lie == SIM_SYNC_NOTHING)
        return end_call(sim, r);
    if (sim->lie == SIM_WRITE_BEHIND && r == 0)
        count = file->last_write;
    bool all = r == 0;
    if (all || below(sim, 2))
        keep_size(file);
    for (size_t i = 0; i < count; i++) {
        bool taken = sim->lie == SIM_SYNC_HALF ? i % 2 == 0 : all || below(sim, 2);
        if (taken)
            apply(&file->kept, &file->writes[i]);
    }
    if (!all)
        tear_blocks(sim, file);
    forget_writes(file, count); /* taken or not: after a failure, dropped */
    return end_call(sim, r);
}

static int sync_dir(struct disk *disk, int fd)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_SYNC_DIR);
    struct dir *dir = dir_at(sim, fd);
    if (sim->lie == SIM_SYNC_DIR_NOTHING)
        return end_call(sim, r);
    for (int i = 0; r == 0 && i < dir->change_count; i++)
        apply_change(&dir->kept, &dir->changes[i]);
    if (r == 0)
        dir->change_count = 0;
    return end_call(sim, r);
}

static void read_again(struct file *file)
{
    size_t len = file->now.len;
    copy_bytes(&file->now, &file->kept);
    set_len(&file->now, len); /* sizes are in memory */
    for (size_t i = 0; i < file->write_count; i++)
        apply(&file->now, &file->writes[i]);
}

static int uncache(struct disk *disk, int fd)
{
    struct sim *sim = sim_of(disk);
    pthread_mutex_lock(&sim->mutex);
    if (sim->lie != SIM_UNCACHE_NOTHING)
        read_again(file_at(sim, fd));
    return end_call(sim, 0);
}

static int rename_file(struct disk *disk, int fd, const char *from, const char *to)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_RENAME);
    struct dir *dir = dir_at(sim, fd);
    const struct name *name = find_name(&dir->now, from);
    if (r == 0 && (!name || name->file < 0))
        r = -ENOENT;
    if (r == 0)
        change_names(dir, from, to, name->file);
    return end_call(sim, r);
}

static int unlink_file(struct disk *disk, int fd, const char *text)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_UNLINK);
    struct dir *dir = dir_at(sim, fd);
    const struct name *name = find_name(&dir->now, text);
    if (r == 0 && (!name || name->file < 0))
        r = -ENOENT;
    if (r == 0)
        change_names(dir, text, "", -1);
    return end_call(sim, r);
}

/* A name that comes and one that goes: two changes, as the journals of two directories have them. */
static int move_file(struct disk *disk, int from_fd, const char *text, int to_fd, const char *to)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_MOVE);
    const struct name *name = find_name(&dir_at(sim, from_fd)->now, text);
    if (r == 0 && !name)
        r = -ENOENT;
    if (r == 0 && find_name(&dir_at(sim, to_fd)->now, to))
        r = -EEXIST;
    if (r == 0) {
        change_names(dir_at(sim, to_fd), "", to, name->file);
        change_names(dir_at(sim, from_fd), text, "", -1);
    }
    return end_call(sim, r);
}

/* The size is memory's until a sync, or, at a cut, by chance. */
static int truncate_file(struct disk *disk, int fd, uint64_t size)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_TRUNCATE);
    struct file *file = file_at(sim, fd);
    if (r == 0) {
        set_len(&file->now, size);
        file->shorter = true;
    }
    return end_call(sim, r);
}

static int list_names(struct disk *disk, int fd, disk_list_f *each, void *arg)
{
    struct sim *sim = sim_of(disk);
    int r = begin_call(sim, SIM_LIST);
    struct names *names = need(malloc(sizeof(*names)));
    *names = dir_at(sim, fd)->now; /* `each` may call the disk */
    (void)end_call(sim, 0);
    for (int i = 0; r == 0 && i < names->count; i++)
        r = each(arg, names->items[i].text);
    free(names);
    return r;
}

static int is_safe(struct disk *disk, int fd)
{
    (void)disk;
    (void)fd;
    return 0;
}

static int is_volatile(struct disk *disk, int fd)
{
    (void)disk;
    (void)fd;
    return 0;
}

/* ---- the test's side --------------------------------------------------------------------------------- */

struct disk *sim_new(uint64_t seed)
{
    static const struct disk_calls calls = {
        .open_dir = open_dir,
        .lock_dir = lock_dir,
        .open = open_file,
        .close = close_any,
        .size = size_of,
        .read = read_at,
        .write = write_at,
        .reserve = reserve,
        .sync = sync_file,
        .sync_dir = sync_dir,
        .uncache = uncache,
        .rename = rename_file,
        .unlink = unlink_file,
        .move = move_file,
        .truncate = truncate_file,
        .list = list_names,
        .is_safe = is_safe,
        .is_volatile = is_volatile,
    };
    struct sim *sim = need(calloc(1, sizeof(*sim)));
    sim->disk.calls = &calls;
    sim->random = seed;
    pthread_mutex_init(&sim->mutex, NULL);
    for (int i = 0; i < FDS_MAX; i++)
        sim->fds[i] = -1;
    return &sim->disk;
}

struct disk *sim_free(struct disk *disk)
{
    struct sim *sim = sim_of(disk);
    for (int i = 0; sim && i < FILES_MAX; i++) {
        free(sim->files[i].now.data);
        free(sim->files[i].kept.data);
        free(sim->files[i].writes);
    }
    for (int i = 0; sim && i < sim->dir_count; i++)
        free(sim->dirs[i].changes);
    if (sim)
        pthread_mutex_destroy(&sim->mutex);
    free(sim);
    return NULL;
}

void sim_set_tear(struct disk *disk, enum sim_tear tear)
{
    sim_of(disk)->tear = tear;
}

void sim_kill(struct disk *disk)
{
    struct sim *sim = sim_of(disk);
    for (int i = 0; i < FDS_MAX; i++)
        sim->fds[i] = -1;
    sim->open_dirs = 0;
    for (int i = 0; i < sim->dir_count; i++)
        sim->dirs[i].locked = false;
}

/* Each write that was not synced is taken with a chance of `share` in 4; some are torn worse. */
static void cut_file(struct sim *sim, struct file *file, uint64_t share)
{
    if (below(sim, 2))
        keep_size(file);
    for (size_t i = 0; i < file->write_count; i++)
        if (below(sim, 4) < share)
            apply(&file->kept, &file->writes[i]);
    tear_blocks(sim, file);
    forget_writes(file, file->write_count);
    file->shorter = false;
    copy_bytes(&file->now, &file->kept);
}

void sim_cut(struct disk *disk)
{
    struct sim *sim = sim_of(disk);
    sim_kill(disk);
    uint64_t share = below(sim, 5);
    for (int i = 0; i < sim->file_count; i++)
        cut_file(sim, &sim->files[i], share);
    for (int d = 0; d < sim->dir_count; d++) {
        struct dir *dir = &sim->dirs[d];
        for (int i = 0; i < dir->change_count; i++)
            if (below(sim, 2))
                apply_change(&dir->kept, &dir->changes[i]);
        dir->change_count = 0;
        dir->now = dir->kept;
    }
}

void sim_fail(struct disk *disk, unsigned calls, uint64_t after, int error, bool on)
{
    struct sim *sim = sim_of(disk);
    pthread_mutex_lock(&sim->mutex);
    sim->fail_calls = calls;
    sim->fail_after = after;
    sim->fail_error = error;
    sim->fail_on = on;
    sim->has_failed = false;
    pthread_mutex_unlock(&sim->mutex);
}

bool sim_has_failed(const struct disk *disk)
{
    return sim_of(disk)->has_failed;
}

void sim_set_short(struct disk *disk, bool on)
{
    sim_of(disk)->shortened = on;
}

void sim_set_lie(struct disk *disk, enum sim_lie lie)
{
    sim_of(disk)->lie = lie;
}

/* The file of DIR/NAME, or NULL. */
static struct file *look_up(struct sim *sim, const char *path)
{
    const char *slash = need(strchr(path, '/'));
    for (int d = 0; d < sim->dir_count; d++) {
        struct dir *dir = &sim->dirs[d];
        if (strlen(dir->name) != (size_t)(slash - path) ||
            strncmp(dir->name, path, strlen(dir->name)) != 0)
            continue;
        const struct name *name = find_name(&dir->now, slash + 1);
        return name && name->file >= 0 ? &sim->files[name->file] : NULL;
    }
    return NULL;
}

uint8_t *sim_file(const struct disk *disk, const char *path, size_t *ret_len)
{
    const struct file *file = look_up(sim_of(disk), path);
    if (!file)
        return NULL;
    uint8_t *copy = need(malloc(file->now.len + 1));
    if (file->now.len)
        memcpy(copy, file->now.data, file->now.len);
    *ret_len = file->now.len;
    return copy;
}

void sim_set_file(struct disk *disk, const char *path, const void *data, size_t len)
{
    struct sim *sim = sim_of(disk);
    struct file *file = look_up(sim, path);
    if (!file) {
        char dir_name[64];
        const char *slash = need(strchr(path, '/'));
        snprintf(dir_name, sizeof(dir_name), "%.*s", (int)(slash - path), path);
        int dir = open_dir(disk, DISK_CWD, dir_name, true);
        int number = new_file(sim);
        change_names(dir_at(sim, dir), "", slash + 1, number);
        sync_dir(disk, dir);
        close_any(disk, dir);
        file = &sim->files[number];
    }
    forget_writes(file, file->write_count);
    set_len(&file->kept, len);
    if (len)
        memcpy(file->kept.data, data, len);
    copy_bytes(&file->now, &file->kept);
}

uint64_t sim_calls(const struct disk *disk, enum sim_call call)
{
    return sim_of(disk)->calls[__builtin_ctz(call)];
}

int sim_open_files(const struct disk *disk)
{
    const struct sim *sim = sim_of(disk);
    int count = sim->open_dirs;
    for (int i = 0; i < FDS_MAX; i++)
        count += sim->fds[i] >= 0;
    return count;
}
