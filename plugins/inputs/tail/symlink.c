/* SPDX-License-Identifier: Apache-2.0 */
/* Symbolic links. Patterns match the link; what is written and renamed is its target, elsewhere. So the target's
 * directory is watched too, and a link is found by the target's name when something happens to that.
 *
 *     containers/x.log ─▶ pods/a/0.log ─▶ data/1/json.log
 *                                         ────── watched; "json.log" is what concerns x.log
 *                                         if data/1 is not there: `data`, and "1"
 *
 * A link may be there before its target, and chains of links are made in any order. What is waited for is then
 * the first name that is missing on the way, in a directory that exists; when it comes the link is looked at
 * again, and waits for the next. A link in the middle that is switched is noticed by the next scan only.
 *
 * Links to nothing are also what dead containers leave behind, by the thousands. Such a one costs an entry in a
 * table, so that events cost no more the more of them there are, and a place in its directory's list. Directories
 * that are watched for nothing else are limited in number: a scan fills what is free, and what an event tells of
 * takes the place of the oldest, since links just made are those whose target is on its way. The rest is looked
 * at by each scan. */
#include "symlink.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "look.h"
#include "names.h"
#include "scan.h"
#include "watch.h"

/* As many as the kernel follows. */
#define LINKS_MAX 40

/* ---- where a link leads --------------------------------------------------------------------------------- */

/* Cuts a path into its directory and the name in it. */
static bool split_path(char path[PATH_MAX], const char **ret_dir, struct weir_str *ret_name)
{
    char *slash = strrchr(path, '/');
    *ret_name = weir_str_of(slash ? slash + 1 : path);
    *ret_dir = !slash ? "." : slash == path ? "/" : path;
    if (slash)
        *slash = '\0';
    return ret_name->len > 0;
}

/* Replaces the path of a symbolic link by that of its target. */
static bool read_link(char path[PATH_MAX])
{
    char text[PATH_MAX], dir[PATH_MAX];
    const ssize_t len = readlink(path, text, sizeof(text) - 1);
    if (len <= 0)
        return false;
    text[len] = '\0';
    memcpy(dir, path, strlen(path) + 1);
    return tail_path_cut(dir) &&
           tail_path_join(path, text[0] == '/' ? "" : dir, weir_str_of(text)) > 0;
}

static void strip_slashes(char *path)
{
    for (size_t len = strlen(path); len > 1 && path[len - 1] == '/'; len--)
        path[len - 1] = '\0';
}

/* Cuts what is not there off a path, down to what is: a directory, or a symbolic link to nothing. What would
 * have to be in that directory is in `missing`; "" when nothing is missing. */
static bool cut_missing(char path[PATH_MAX], char missing[NAME_MAX + 1], struct stat *ret)
{
    missing[0] = '\0';
    for (;;) {
        strip_slashes(path);
        if (lstat(path, ret) == 0 &&
            (S_ISLNK(ret->st_mode) || (S_ISDIR(ret->st_mode) && missing[0])))
            return true;
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;
        if (strlen(name) > NAME_MAX)
            return false;
        memcpy(missing, name, strlen(name) + 1);
        if (!tail_path_cut(path))
            return false;
    }
}

/* The first that is missing on the way from the symbolic link at `path`: `path` becomes its directory. */
static bool find_missing(char path[PATH_MAX], char missing[NAME_MAX + 1])
{
    struct stat st;
    for (int i = 0; i < LINKS_MAX; i++) {
        if (!read_link(path))
            return false;
        /* A link to a directory that is there is as good as the directory. */
        if (!cut_missing(path, missing, &st))
            return false;
        if (S_ISDIR(st.st_mode) || (missing[0] && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
            return true;
    }
    return false;
}

/* ---- following ------------------------------------------------------------------------------------------ */

void tail_symlink_unfollow(struct tail *tail, struct tail_link *link)
{
    if (!tail_list_has(&link->of_target))
        return;
    tail_table_remove(&tail->links_by_target, &link->by_target);
    tail_list_remove(&link->of_target);
    if (link->dangles)
        weir_counter_add(tail->counters.dangling, -1);
    link->dangles = false;
}

/* Files it under a name in a directory. */
static bool lead_to(struct tail *tail, struct tail_link *link, struct tail_dir *dir,
                    struct weir_str name, bool dangles)
{
    tail_symlink_unfollow(tail, link);
    if (tail_table_add(&tail->links_by_target, &link->by_target, tail_name_hash(dir, name)) < 0) {
        tail_starved(tail);
        return false;
    }
    tail_list_append(dangles ? &dir->dangling : &dir->pointing, &link->of_target);
    if (dangles)
        weir_counter_add(tail->counters.dangling, 1);
    link->dangles = dangles;
    return true;
}

/* What is written, or moved, at its target is seen at once. */
static bool follow(struct tail *tail, struct tail_link *link, const char *path)
{
    char target[PATH_MAX];
    const char *parent;
    struct weir_str name;
    struct tail_dir *dir;
    if (!realpath(path, target))
        return errno == ENOENT;
    if (!split_path(target, &parent, &name) || !(dir = tail_dir_at(tail, parent)) ||
        !lead_to(tail, link, dir, name, false))
        return false;
    dir->seen = tail->scan;
    tail_link_add(tail, dir, name, link->file);
    return tail_watch_add(tail, dir);
}

/* And so is what is missing, when it comes. */
static bool await(struct tail *tail, struct tail_link *link, const char *path)
{
    char parent[PATH_MAX], missing[NAME_MAX + 1];
    struct tail_dir *dir;
    memcpy(parent, path, strlen(path) + 1);
    if (find_missing(parent, missing) && (dir = tail_dir_at(tail, parent)) &&
        lead_to(tail, link, dir, weir_str_of(missing), true))
        return !tail->scanning && tail_watch_await(tail, dir);
    tail_symlink_unfollow(tail, link);
    return false;
}

bool tail_symlink_follow(struct tail *tail, struct tail_link *link, const char *path)
{
    return link->file ? follow(tail, link, path) : await(tail, link, path);
}

void tail_symlink_look(struct tail *tail, struct tail_dir *dir, struct weir_str name)
{
    struct tail_list todo;
    struct tail_node *node = tail_table_find(&tail->links_by_target, tail_name_hash(dir, name));
    tail_list_init(&todo);
    for (; node; node = tail_table_next(node))
        tail_list_append(&todo, &tail_of(node, struct tail_link, by_target)->of_target);
    while (!tail_list_is_empty(&todo)) {
        struct tail_link *link = tail_of(todo.next, struct tail_link, of_target);
        tail_list_append(link->dangles ? &dir->dangling : &dir->pointing, &link->of_target);
        tail_look(tail, link->dir, (struct weir_str){ link->name, link->len });
    }
}

/* ---- after a scan --------------------------------------------------------------------------------------- */

static void look_again(struct tail *tail, struct tail_dir *dir)
{
    struct tail_list todo;
    tail_list_init(&todo);
    while (!tail_list_is_empty(&dir->dangling))
        tail_list_append(&todo, dir->dangling.next);
    while (!tail_list_is_empty(&todo)) {
        struct tail_link *link = tail_of(todo.next, struct tail_link, of_target);
        tail_list_append(&dir->dangling, &link->of_target);
        tail_look(tail, link->dir, (struct weir_str){ link->name, link->len });
    }
}

void tail_symlink_await(struct tail *tail)
{
    for (struct tail_list *at = tail->dirs.next; at != &tail->dirs; at = at->next) {
        struct tail_dir *dir = tail_of(at, struct tail_dir, all);
        if (tail_list_is_empty(&dir->dangling))
            continue;
        if (tail_watch_is_awaited(dir) || tail->awaited_count < TAIL_AWAITED_MAX)
            tail_watch_await(tail, dir);
        if (dir->watch >= 0 && dir->told == tail->scan)
            look_again(tail, dir);
    }
}
