/* SPDX-License-Identifier: Apache-2.0 */
/* A path template can never leave its root.
 *
 *     /var/log/apps/${app}/%Y-%m-%d.log
 *     ^^^^^^^^^^^^^ root: what stands before the first variable part, up to a slash
 *
 * What fields hold is up to whoever writes logs, so it is cleaned twice. Each inserted text loses its
 * slashes and control bytes: it stays within the component where the template puts it. Then each
 * component below the root is looked at as a whole, with what the template has around the field: "",
 * "." and ".." become "_", and what is longer than a name may be is cut, at a character's border.
 * Two values may so share a file; none is lost by it.
 *
 * Opening is the other half: place.c follows no symbolic link below the root. */
#include "path.h"

#include <errno.h>

/* True where a variable part begins: ${ or % but for %%. */
static bool is_variable(struct weir_str source, size_t at)
{
    char next = at + 1 < source.len ? source.ptr[at + 1] : '\0';
    return (source.ptr[at] == '$' && next == '{') || (source.ptr[at] == '%' && next != '%');
}

size_t file_path_root_length(struct weir_str source)
{
    size_t root = 0;
    for (size_t i = 0; i < source.len && !is_variable(source, i); i++) {
        if (source.ptr[i] == '/')
            root = i;
        else if (source.ptr[i] == '%')
            i++; /* "%%" */
    }
    return root;
}

/* Where to cut `text`, which is longer than `max` bytes, so that no UTF-8 character is split. */
static size_t cut_at(const char *text, size_t max)
{
    size_t at = max;
    while (at > 0 && max - at < 3 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--;
    return ((unsigned char)text[at] & 0xc0) == 0x80 ? max : at;
}

int file_path_clean_field(struct weir_bytes *out, struct weir_str text)
{
    size_t len = text.len > PATH_COMPONENT_MAX ? cut_at(text.ptr, PATH_COMPONENT_MAX) : text.len;
    char *to = weir_bytes_room(out, len);
    if (!to)
        return -ENOSPC;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        to[i] = byte < 0x20 || byte == 0x7f || byte == '/' ? '_' : (char)byte;
    }
    out->len += len;
    return 0;
}

static int add_component(struct weir_bytes *out, struct weir_str name)
{
    if (name.len == 0 || weir_str_eq(name, WEIR_STR(".")) || weir_str_eq(name, WEIR_STR("..")))
        name = WEIR_STR("_");
    if (name.len > PATH_COMPONENT_MAX)
        name.len = cut_at(name.ptr, PATH_COMPONENT_MAX);
    return weir_bytes_add(out, name.ptr, name.len);
}

int file_path_tidy(struct weir_bytes *out, struct weir_str rendered)
{
    for (;;) {
        const char *slash = rendered.len ? memchr(rendered.ptr, '/', rendered.len) : NULL;
        size_t len = slash ? (size_t)(slash - rendered.ptr) : rendered.len;
        int r = add_component(out, (struct weir_str){ rendered.ptr, len });
        if (r < 0 || !slash)
            return r;
        r = weir_bytes_add(out, "/", 1);
        if (r < 0)
            return r;
        rendered.ptr += len + 1;
        rendered.len -= len + 1;
    }
}
