/* SPDX-License-Identifier: Apache-2.0 */
/* Opening files to append to.
 *
 * A path without variable parts is the operator's own word: links in it are followed, as everywhere.
 * Below the root of a template, names come from records, and a directory there may be writable by those
 * who make them. So each component is opened by itself, relative to the directory before it, and no
 * symbolic link is followed: there is no moment at which a link that someone slips in could lead out.
 * (openat2() with RESOLVE_BENEATH does the same in one call, but some kernels and sandboxes do not have
 * it, and two ways are one too many for a thing that happens once a file.)
 *
 * A file is opened without blocking: a FIFO without a reader or a device at its place is an answer, not
 * a wait. Only regular files are taken, since what is torn must be cut. New files get exactly the mode
 * that was configured, whatever the umask. */
#include "place.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define OPEN_FLAGS (O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define DIRECTORY_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC) /* asks for no permission to list it */
#define OPEN_ATTEMPTS 3 /* someone may make or remove the file meanwhile */

static int close_and_return(int fd, int r)
{
    close(fd); /* nothing was written through it */
    return r;
}

static int sync_new_name(const struct place *place, int directory)
{
    if (!place->durable)
        return 0;
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    return close_and_return(fd, fsync(fd) < 0 ? -errno : 0);
}

/* Makes `name`, which was missing, and returns its descriptor. */
static int make_file(const struct place *place, int directory, const char *name, int flags)
{
    int fd = openat(directory, name, flags | O_CREAT | O_EXCL, place->file_mode);
    if (fd < 0)
        return -errno;
    int r = fchmod(fd, place->file_mode) < 0 ? -errno : sync_new_name(place, directory);
    return r < 0 ? close_and_return(fd, r) : fd;
}

static int check_regular(int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return close_and_return(fd, -errno);
    return S_ISREG(st.st_mode) ? fd : close_and_return(fd, -PLACE_ENOTFILE);
}

static int open_file(const struct place *place, int directory, const char *name, int extra_flags)
{
    int fd = -1;
    for (int attempt = 0; attempt < OPEN_ATTEMPTS; attempt++) {
        fd = openat(directory, name, OPEN_FLAGS | extra_flags);
        if (fd >= 0)
            return check_regular(fd);
        if (errno == ENXIO) /* a FIFO without a reader, or a socket */
            return -PLACE_ENOTFILE;
        if (errno != ENOENT)
            return -errno;
        fd = make_file(place, directory, name, OPEN_FLAGS | extra_flags);
        if (fd != -EEXIST)
            return fd;
    }
    if (extra_flags & O_NOFOLLOW)
        return fd;
    /* A link whose target is missing: make that. */
    fd = openat(directory, name, OPEN_FLAGS | O_CREAT, place->file_mode);
    return fd < 0 ? -errno : check_regular(fd);
}

/* Makes directory `name`; its mode may inherit more (setgid) from its parent, but no umask takes from it. */
static int make_directory(const struct place *place, int parent, const char *name)
{
    struct stat st;
    if (mkdirat(parent, name, place->directory_mode) < 0)
        return errno == EEXIST ? 0 : -errno;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fstat(fd, &st) < 0 || fchmod(fd, (st.st_mode & 07000) | place->directory_mode) < 0
                ? -errno
                : sync_new_name(place, parent);
    return close_and_return(fd, r);
}

static int open_directory(const struct place *place, int parent, const char *name, int extra_flags)
{
    int fd = openat(parent, name, DIRECTORY_FLAGS | extra_flags);
    if (fd < 0 && errno == ENOENT) {
        int r = make_directory(place, parent, name);
        if (r < 0)
            return r;
        fd = openat(parent, name, DIRECTORY_FLAGS | extra_flags);
    }
    /* O_DIRECTORY with O_NOFOLLOW says ENOTDIR of a link. */
    struct stat st;
    if (fd < 0 && errno == ENOTDIR && (extra_flags & O_NOFOLLOW) &&
        fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
        return -ELOOP;
    return fd < 0 ? -errno : fd;
}

/* Goes from directory `start`, which stays the caller's, through all components of `path` but the last.
 * Returns the descriptor of the last directory, and *ret_name, the last component. */
static int walk(const struct place *place, int start, const char *path, int extra_flags,
                const char **ret_name)
{
    char name[NAME_MAX + 1];
    int directory = openat(start, ".", DIRECTORY_FLAGS);
    if (directory < 0)
        return -errno;
    for (;;) {
        size_t len = strcspn(path, "/");
        if (path[len] == '\0') {
            *ret_name = path;
            return directory;
        }
        if (len > NAME_MAX)
            return close_and_return(directory, -ENAMETOOLONG);
        memcpy(name, path, len);
        name[len] = '\0';
        path += len + 1;
        if (len == 0)
            continue; /* a slash twice */
        int next = open_directory(place, directory, name, extra_flags);
        close(directory);
        if (next < 0)
            return next;
        directory = next;
    }
}

static int open_root(struct place *place)
{
    const char *name;
    if (place->root_fd >= 0)
        return 0;
    int slash = open("/", DIRECTORY_FLAGS);
    if (slash < 0)
        return -errno;
    int parent = close_and_return(slash, walk(place, slash, place->root, 0, &name));
    if (parent < 0)
        return parent;
    int root = close_and_return(parent, open_directory(place, parent, name, 0));
    if (root < 0)
        return root;
    place->root_fd = root;
    return 0;
}

static int open_below(const struct place *place, int root, const char *path, int extra_flags)
{
    const char *name;
    int directory = walk(place, root, path, extra_flags, &name);
    if (directory < 0)
        return directory;
    return close_and_return(directory, open_file(place, directory, name, extra_flags));
}

int file_place_open(struct place *place, const char *path)
{
    if (place->root) {
        int r = open_root(place);
        return r < 0 ? r : open_below(place, place->root_fd, path, O_NOFOLLOW);
    }
    assert(path[0] == '/');
    int slash = open("/", DIRECTORY_FLAGS);
    return slash < 0 ? -errno : close_and_return(slash, open_below(place, slash, path, 0));
}

int file_place_stat(struct place *place, const char *path, struct stat *ret)
{
    int r = place->root ? open_root(place) : 0;
    if (r < 0)
        return r;
    int directory = place->root ? place->root_fd : AT_FDCWD;
    return fstatat(directory, path, ret, place->root ? AT_SYMLINK_NOFOLLOW : 0) < 0 ? -errno : 0;
}

void file_place_check_root(struct place *place)
{
    struct stat held, there;
    if (!place->root || place->root_fd < 0)
        return;
    if (fstat(place->root_fd, &held) < 0 || stat(place->root, &there) < 0 ||
        held.st_dev != there.st_dev || held.st_ino != there.st_ino)
        file_place_close(place);
}

void file_place_close(struct place *place)
{
    if (place->root_fd >= 0)
        close(place->root_fd);
    place->root_fd = -1;
}

bool file_place_error_is_lasting(int error)
{
    return error == -ELOOP || error == -ENOTDIR || error == -EISDIR || error == -ENAMETOOLONG ||
           error == -PLACE_ENOTFILE;
}

const char *file_place_error_text(int error)
{
    switch (-error) {
    case ELOOP: return "a symbolic link stands below the path's root";
    case PLACE_ENOTFILE: return "what stands there is no regular file";
    default: return strerrordesc_np(-error);
    }
}
