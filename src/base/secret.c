/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in files change under us: a token is rotated, a mounted volume is switched by renaming a link.
 * What the path leads to is looked at once a second while requests are made, and read again when it is another
 * file or has another time. A watch (inotify) would have to follow every link on the way, and a stat of a second ago
 * is recent enough. */
#include <weir/secret.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <weir/file.h>

bool weir_file_changed(struct weir_file_version *version)
{
    struct stat st;
    if (!version->path || stat(version->path, &st) < 0)
        return false; /* what is away is as it was: it may be on its way */
    struct weir_file_version now = { version->path, st.st_dev,         st.st_ino,
                                     st.st_size,    st.st_mtim.tv_sec, st.st_mtim.tv_nsec };
    bool changed = now.device != version->device || now.inode != version->inode ||
                   now.size != version->size || now.seconds != version->seconds ||
                   now.nanoseconds != version->nanoseconds;
    *version = now;
    return changed;
}

void weir_secret_init(struct weir_secret *secret, const char *given, const char *path)
{
    *secret = (struct weir_secret){ .given = given, .file = { .path = path } };
}

void weir_secret_deinit(struct weir_secret *secret)
{
    free(secret->text);
    *secret = (struct weir_secret){ 0 };
}

/* The text may go into a header, so what would end it there is refused. */
static int check_text(char *text, size_t len)
{
    while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
        len--;
    text[len] = '\0';
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return -EINVAL;
    return len ? 0 : -ENODATA;
}

static int read_text(const char *path, char **ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return -errno;
    char *text = malloc(WEIR_SECRET_BYTES_MAX + 1);
    size_t len;
    int r = text ? weir_read_all(fd, text, WEIR_SECRET_BYTES_MAX + 1, &len) : -ENOMEM;
    close(fd);
    if (r == 0)
        r = len > WEIR_SECRET_BYTES_MAX ? -EFBIG : check_text(text, len);
    if (r == 0)
        *ret = text;
    else
        free(text);
    return r;
}

int weir_secret_get(struct weir_secret *secret, weir_ms now, const char **ret)
{
    *ret = secret->given ? secret->given : secret->text;
    if (secret->given ||
        (secret->looked && now - secret->looked < WEIR_SECRET_LOOK_MS && secret->text))
        return 0;
    secret->looked = now;
    if (!weir_file_changed(&secret->file) && secret->text)
        return 0;
    char *text = NULL;
    int r = read_text(secret->file.path, &text);
    if (r < 0) {
        secret->file = (struct weir_file_version){ .path = secret->file.path };
        return r;
    }
    free(secret->text);
    *ret = secret->text = text;
    return 0;
}
