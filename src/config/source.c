/* SPDX-License-Identifier: Apache-2.0 */
/* All that can be wrong with a file before its first character means anything is found here, with limits
 * in force before the work: size before reading, encoding before parsing. The YAML reader behind it then
 * meets only what it is good at (it would guess UTF-16, and say "control characters are not allowed"
 * without a place). */
#include "config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <weir/file.h>

#include "base/utf8.h"

static int read_open(struct memory *memory, int fd, const char *path, size_t bytes_max,
                     bool guarded, struct weir_str *ret_text, struct stat *ret_st,
                     struct weir_error *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return weir_error_set(err, -errno, "cannot look at \"%s\": %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return weir_error_set(err, -EISDIR, "\"%s\" is a directory, not a file", path);
    if (guarded && S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH))
        return weir_error_set(
            err, -EPERM, "everyone may write \"%s\", so it is not trusted: chmod o-w it", path);
    size_t room = bytes_max + 1;
    if (S_ISREG(st.st_mode) && st.st_size >= 0 && (uintmax_t)st.st_size < bytes_max)
        room = (size_t)st.st_size + 1; /* a file that grows meanwhile is found too long */
    char *buffer = memory_alloc(memory, room + 1);
    size_t len = 0;
    int r = weir_read_all(fd, buffer, room, &len);
    if (r < 0)
        return weir_error_set(err, r, "cannot read \"%s\": %s", path, strerror(-r));
    if (len > bytes_max)
        return weir_error_set(err, -EFBIG, "\"%s\" is longer than %zu KiB", path, bytes_max / 1024);
    if (len == room)
        return weir_error_set(err, -EAGAIN, "\"%s\" changed while it was read", path);
    *ret_text = (struct weir_str){ buffer, len };
    if (ret_st)
        *ret_st = st;
    return 0;
}

int source_read(struct memory *memory, const char *path, size_t bytes_max, bool guarded,
                struct weir_str *ret_text, struct stat *ret_st, struct weir_error *err)
{
    if (strcmp(path, "-") == 0)
        return read_open(memory, STDIN_FILENO, "stdin", bytes_max, guarded, ret_text, ret_st, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return weir_error_set(err, -errno, "cannot open \"%s\": %s", path, strerror(errno));
    int r = read_open(memory, fd, path, bytes_max, guarded, ret_text, ret_st, err);
    close(fd);
    return r;
}

/* Controls but tab and line breaks (of C1, NEL is one), and what stands for no character. */
static bool is_allowed(const char *text, size_t len)
{
    const unsigned char *c = (const unsigned char *)text;
    if (len == 1)
        return (c[0] >= 0x20 && c[0] != 0x7f) || c[0] == '\t' || c[0] == '\n' || c[0] == '\r';
    if (len == 2)
        return c[0] != 0xc2 || c[1] >= 0xa0 || c[1] == 0x85;
    if (len == 3)
        return !(c[0] == 0xef &&
                 ((c[1] == 0xbb && c[2] == 0xbf) || (c[1] == 0xbf && c[2] >= 0xbe)));
    return len == 4;
}

static void say(const char *file, unsigned line, unsigned column, const char *at, size_t len,
                struct diagnostics *diag)
{
    unsigned byte = (unsigned char)*at;
    if (!len)
        diagnostics_add(diag, DIAGNOSTIC_ERROR, file, line, column,
                        "the byte 0x%02x is not UTF-8: save the file as UTF-8", byte);
    else if (len == 1)
        diagnostics_add(diag, DIAGNOSTIC_ERROR, file, line, column,
                        "the control character 0x%02x cannot stand in a configuration", byte);
    else
        diagnostics_add(diag, DIAGNOSTIC_ERROR, file, line, column,
                        "the character \"%.*s\" cannot stand in a configuration", (int)len, at);
}

static bool is_utf16(struct weir_str text)
{
    return text.len >= 2 &&
           (memcmp(text.ptr, "\xff\xfe", 2) == 0 || memcmp(text.ptr, "\xfe\xff", 2) == 0);
}

bool source_check(const char *file, struct weir_str *text, struct diagnostics *diag)
{
    if (text->len > SOURCE_BYTES_MAX) {
        diagnostics_add(diag, DIAGNOSTIC_ERROR, file, 0, 0, "longer than %zu KiB",
                        SOURCE_BYTES_MAX / 1024);
        return false;
    }
    if (is_utf16(*text)) {
        diagnostics_add(diag, DIAGNOSTIC_ERROR, file, 1, 1,
                        "this is UTF-16: save the file as UTF-8");
        return false;
    }
    struct weir_str rest = *text;
    if (rest.len >= 3 && memcmp(rest.ptr, "\xef\xbb\xbf", 3) == 0)
        rest = (struct weir_str){ rest.ptr + 3, rest.len - 3 };
    unsigned line = 1, column = 1;
    for (size_t i = 0, len; i < rest.len; i += len) {
        len = utf8_char(rest.ptr + i, rest.len - i);
        if (!len || !is_allowed(rest.ptr + i, len)) {
            say(file, line, column, rest.ptr + i, len, diag);
            return false;
        }
        column++;
        if (rest.ptr[i] == '\n') {
            line++;
            column = 1;
        }
    }
    *text = rest;
    return true;
}
