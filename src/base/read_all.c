/* SPDX-License-Identifier: Apache-2.0 */
#include <weir/file.h>

#include <errno.h>
#include <unistd.h>

int weir_read_all(int fd, void *data, size_t room, size_t *ret_len)
{
    size_t len = 0;
    while (len < room) {
        ssize_t n = read(fd, (char *)data + len, room - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            break;
        len += (size_t)n;
    }
    *ret_len = len;
    return 0;
}
