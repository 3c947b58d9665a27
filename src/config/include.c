/* SPDX-License-Identifier: Apache-2.0 */
/* More files, named by patterns. They are put into a queue, read one after the other, each once. A
 * file is known by device and inode, so that no cycle of includes, under whatever names and links, goes
 * round twice: it is a mistake, with the place of the include that closed it. */
#include "config/include.h"

#include <glob.h>

struct include_item *include_add(struct reading *reading, const char *path,
                                 struct config_place place)
{
    if (reading->file_count == INCLUDE_FILES_MAX) {
        reading_error(reading, place, "more than %d files are included", INCLUDE_FILES_MAX);
        return NULL;
    }
    struct include_item *item = memory_alloc(reading->options.memory, sizeof(*item));
    item->path = memory_text(reading->options.memory, weir_str_of(path));
    item->place = place;
    if (reading->last_file)
        reading->last_file->next = item;
    else
        reading->files = item;
    reading->last_file = item;
    reading->file_count++;
    return item;
}

/* The pattern, behind the directory of the file that includes; what a pattern would take for its own in
 * the directory's name is escaped. */
static char *make_pattern(struct reading *reading, const char *file, const char *pattern)
{
    const char *slash = strrchr(file, '/');
    if (pattern[0] == '/' || !slash)
        return memory_text(reading->options.memory, weir_str_of(pattern));
    size_t len = (size_t)(slash + 1 - file), out = 0, rest = strlen(pattern) + 1;
    char *whole = memory_alloc(reading->options.memory, 2 * len + rest);
    for (size_t i = 0; i < len; i++) {
        if (strchr("*?[]\\", file[i]))
            whole[out++] = '\\';
        whole[out++] = file[i];
    }
    memcpy(whole + out, pattern, rest);
    return whole;
}

static void read_pattern(struct reading *reading, const struct node *node, const char *file)
{
    if (node->bad)
        return;
    if (node->kind != NODE_SCALAR || node_is_empty(node) || !node->text.len) {
        reading_error(reading, node->place,
                      "\"include\" must name files, such as conf.d/*.yaml, not %s",
                      node->kind == NODE_SCALAR ? "nothing" : node_describe(node));
        return;
    }
    if (reading->sealed) {
        reading_error(reading, node->place, "files cannot be included here");
        return;
    }
    glob_t found = { 0 };
    const char *pattern = make_pattern(reading, file, node->text.ptr);
    int r = glob(pattern, 0, NULL, &found);
    /* A directory may be empty; a file that was named must be there. */
    if (r == GLOB_NOMATCH && !strpbrk(node->text.ptr, "*?["))
        reading_error(reading, node->place, "there is no file \"%s\"", pattern);
    else if (r != 0 && r != GLOB_NOMATCH)
        reading_error(reading, node->place, "cannot look for \"%s\"", pattern);
    for (size_t i = 0; r == 0 && i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i];
        if (strcmp(path, "-") == 0)
            path = "./-"; /* a file of that name, not standard input */
        if (!include_add(reading, path, node->place))
            break;
    }
    globfree(&found);
}

void include_read(struct reading *reading, const struct node *node, const char *path)
{
    if (node->kind != NODE_LIST) {
        read_pattern(reading, node, path);
        return;
    }
    for (const struct node *item = node->first; item; item = item->next)
        read_pattern(reading, item, path);
}

bool include_is_new(struct reading *reading, struct include_item *item, const struct stat *st)
{
    for (const struct include_item *other = reading->files; other; other = other->next)
        if (other->ino && other->dev == st->st_dev && other->ino == st->st_ino) {
            reading_error(reading, item->place, "\"%s\" is included, but it has been read already",
                          item->path);
            return false;
        }
    item->dev = st->st_dev;
    item->ino = st->st_ino;
    return true;
}
