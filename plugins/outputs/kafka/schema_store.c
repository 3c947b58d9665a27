/* SPDX-License-Identifier: Apache-2.0 */
#include "schema_store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/file.h>

char *kafka_schema_path(const char *data_dir, const char *pipeline, const char *output)
{
    char *path = NULL;
    return asprintf(&path, "%s/schemas/%s.%s.schema", data_dir, pipeline, output) < 0 ? NULL : path;
}

int kafka_schema_file(const char *path, char **ret_text, size_t *ret_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    char *text = malloc(KAFKA_SCHEMA_BYTES_MAX + 1);
    int r = text ? weir_read_all(fd, text, KAFKA_SCHEMA_BYTES_MAX + 1, ret_len) : -ENOMEM;
    close(fd);
    if (r == 0 && *ret_len > KAFKA_SCHEMA_BYTES_MAX)
        r = -EFBIG;
    if (r < 0) {
        free(text);
        return r;
    }
    text[*ret_len] = '\0';
    char *fitting = realloc(text, *ret_len + 1);
    *ret_text = fitting ? fitting : text;
    return 0;
}

int kafka_schema_fetch(const char *path, struct kafka_schema_version *ret)
{
    char *text;
    size_t len;
    int r = kafka_schema_file(path, &text, &len);
    if (r < 0)
        return r;
    r = kafka_schema_read((struct weir_str){ text, len }, ret) ? 0 : -EBADMSG;
    free(text);
    return r;
}

static int write_all(int fd, const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno != EINTR)
            return -errno;
        text += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return fsync(fd) < 0 ? -errno : 0;
}

static int sync_directory(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int r = fsync(fd) < 0 ? -errno : 0;
    close(fd);
    return r;
}

/* To a file beside it, which then takes its name. */
static int replace(const char *path, const char *dir, const char *text, size_t len)
{
    char *beside = NULL;
    if (asprintf(&beside, "%s.new", path) < 0)
        return -ENOMEM;
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int r = fd < 0 ? -errno : write_all(fd, text, len);
    if (fd >= 0)
        close(fd);
    if (r == 0 && rename(beside, path) < 0)
        r = -errno;
    if (r == 0)
        r = sync_directory(dir);
    free(beside);
    return r;
}

int kafka_schema_keep(const char *path, const struct kafka_schema_version *version)
{
    size_t len;
    char *text = kafka_schema_write(version, &len), *dir = strdup(path);
    int r = text && dir ? 0 : -ENOMEM;
    if (r == 0) {
        *strrchr(dir, '/') = '\0';
        if (mkdir(dir, 0700) < 0 && errno != EEXIST)
            r = -errno;
    }
    if (r == 0)
        r = replace(path, dir, text, len);
    free(text);
    free(dir);
    return r;
}
