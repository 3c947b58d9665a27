/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing here fails: a container image often has no machine-id (or an empty one, or the word
 * "uninitialized"), and an agent that refuses to start there helps nobody. What was found is said in
 * `machine_id_source`, so that the agent can tell its operator when the id rests on the host's name.
 *
 * The DMI product UUID was rejected as a fallback: it takes root to read, clones of a virtual machine
 * share it, and some boards have all zeros. */
#include "agent/identity.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"

#define OS_RELEASE_BYTES_MAX 8192

/* Reads the start of a small file as text. False when there is none. */
static bool read_text(const char *root, const char *path, char *text, size_t room)
{
    char full[4096];
    if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
        return false;
    int fd = open(full, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, room - 1); /* small files of a local file system come whole */
    close(fd);
    if (n < 0)
        return false;
    text[n] = '\0';
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 lower-case hexadecimal digits and at most a newline, not all zero: machine-id(5). */
static bool parse_machine_id(const char *text, uint8_t ret_id[16])
{
    uint8_t any = 0;
    for (int i = 0; i < 16; i++) {
        int high = hex_digit(text[2 * i]);
        int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (low < 0)
            return false;
        ret_id[i] = (uint8_t)(high << 4 | low);
        any |= ret_id[i];
    }
    return any != 0 && (text[32] == '\0' || text[32] == '\n');
}

static void read_machine_id(const char *root, struct identity *ret)
{
    static const char *const paths[] = {
        [IDENTITY_MACHINE_ID] = "/etc/machine-id",
        [IDENTITY_DBUS] = "/var/lib/dbus/machine-id",
    };
    char text[64];
    ret->machine_id_source = IDENTITY_HOSTNAME;
    for (int i = IDENTITY_MACHINE_ID; i < IDENTITY_HOSTNAME; i++) {
        if (read_text(root, paths[i], text, sizeof(text)) &&
            parse_machine_id(text, ret->machine_id)) {
            ret->machine_id_source = (enum identity_source)i;
            break;
        }
    }
    if (ret->machine_id_source == IDENTITY_HOSTNAME)
        hash128(ret->hostname, strlen(ret->hostname), ret->machine_id);
    for (int i = 0; i < 16; i++)
        snprintf(ret->machine_id_text + 2 * i, 3, "%02x", ret->machine_id[i]);
}

/* One value of os-release(5): shell quoting without expansion. */
static void unquote(const char *value, char *ret, size_t room)
{
    char quote = *value == '"' || *value == '\'' ? *value++ : '\0';
    size_t len = 0;
    for (; *value && *value != '\n' && len + 1 < room; value++) {
        if (quote ? *value == quote : isspace((unsigned char)*value))
            break;
        if (*value == '\\' && quote != '\'' && value[1] && value[1] != '\n')
            value++;
        ret[len++] = *value;
    }
    ret[len] = '\0';
}

static void read_os_release(const char *root, struct identity *ret)
{
    const struct {
        const char *key;
        char *value;
        size_t room;
    } rows[] = {
        { "ID=", ret->os_id, sizeof(ret->os_id) },
        { "VERSION_ID=", ret->os_version, sizeof(ret->os_version) },
        { "PRETTY_NAME=", ret->os_name, sizeof(ret->os_name) },
    };
    char text[OS_RELEASE_BYTES_MAX];
    if (!read_text(root, "/etc/os-release", text, sizeof(text)) &&
        !read_text(root, "/usr/lib/os-release", text, sizeof(text)))
        return;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
            if (strncmp(line, rows[i].key, strlen(rows[i].key)) == 0)
                unquote(line + strlen(rows[i].key), rows[i].value, rows[i].room);
    }
}

void identity_read(const char *root, struct identity *ret)
{
    *ret = (struct identity){ 0 };
    if (gethostname(ret->hostname, sizeof(ret->hostname) - 1) < 0 || !ret->hostname[0])
        snprintf(ret->hostname, sizeof(ret->hostname), "localhost");
    if (read_text(root, "/proc/sys/kernel/random/boot_id", ret->boot_id, sizeof(ret->boot_id)))
        ret->boot_id[strcspn(ret->boot_id, "\n")] = '\0';
    read_machine_id(root, ret);
    read_os_release(root, ret);
}
