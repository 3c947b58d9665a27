/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation by rename: which file follows which.
 *
 * When a new file has the name of a known one, there may have been others in between, which came and went
 * while nobody looked: "app.log" was A, and is D; B and C are "app.log.2" and "app.log.1". They are known by
 * their names, and by their times of birth, which lie between those of A and D. All are read, each after the
 * one before it. */
#include "succession.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>

#include "file.h"
#include "generation.h"
#include "hold.h"
#include "listing.h"
#include "look.h"
#include "names.h"
#include "order.h"
#include "rotated.h"
#include "scan.h"

/* Positions of files whose directory is gone are kept for so long: it may be moved back, or mounted again. */
#define KEEP_GONE_NS (INT64_C(24) * 3600 * 1000000000)

/* Files of earlier runs times directories to look for their names in, at most. */
#define SEARCH_MAX 10000000

#define BETWEEN_MAX 1024

/* Directories looked through in one scan because of new files, at most. */
#define SEARCHES_MAX 100

/* Where the files of one symbolic link are looked for. */
#define PLACES_MAX 8

/* ---- what came between ---------------------------------------------------------------------------------- */

struct between {
    struct tail_file *files[BETWEEN_MAX];
    size_t count;
};

static int by_birth(const void *a, const void *b)
{
    const struct tail_file *const *first = a, *const *second = b;
    return ((*first)->identity.born > (*second)->identity.born) -
           ((*first)->identity.born < (*second)->identity.born);
}

/* A file that nobody has seen, if `name` is one that was born after `from` and before `until`. */
static struct tail_file *meet(struct tail *tail, struct tail_dir *dir, const char *name,
                              int64_t from, int64_t until)
{
    char path[PATH_MAX];
    struct statx stat;
    enum tail_likeness likeness;
    if (!tail_path_join(path, dir->path, weir_str_of(name)) ||
        statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, TAIL_STATX, &stat) < 0 ||
        !S_ISREG(stat.stx_mode))
        return NULL;
    const struct tail_identity identity = tail_identity_of(&stat);
    if (identity.born <= from || identity.born >= until ||
        tail_file_find(tail, &identity, &likeness))
        return NULL;
    weir_debug(tail->host, "a file came and went unseen", weir_kv_str("path", path));
    struct tail_file *file = tail_file_new(tail, &identity, 0);
    if (file && !tail_link_new(tail, dir, weir_str_of(name), file)) {
        tail_file_free(tail, file);
        return NULL;
    }
    return file;
}

static void consider(struct tail *tail, struct tail_dir *dir, const char *name,
                     struct weir_str base, int64_t from, int64_t until, struct between *ret)
{
    if (ret->count == BETWEEN_MAX || !tail_is_rotated_name(weir_str_of(name), base))
        return;
    struct tail_file *file = meet(tail, dir, name, from, until);
    if (file)
        ret->files[ret->count++] = file;
}

/* `newer` was born when those between had their names, and NULL was found at the last look. */
static void find_between(struct tail *tail, struct tail_dir *dir, struct weir_str base,
                         int64_t from, const struct tail_file *newer, struct between *ret)
{
    const int64_t until = newer ? newer->identity.born : INT64_MAX;
    ret->count = 0;
    if (from <= 0)
        return;
    if (tail_listing_read(tail, dir, newer ? until + TAIL_CLOCK_NS : tail->looked)) {
        const char *name = NULL;
        while ((name = tail_listing_next(&tail->listing, name)))
            consider(tail, dir, name, base, from, until, ret);
    } else {
        DIR *entries = opendir(dir->path);
        const struct dirent *entry;
        while (entries && (entry = readdir(entries)))
            consider(tail, dir, entry->d_name, base, from, until, ret);
        if (entries)
            closedir(entries);
    }
    qsort(ret->files, ret->count, sizeof(ret->files[0]), by_birth);
}

/* A moment at which `file` had its name, or at which it was born: what succeeded it was born after that. Copies of it
 * are younger than itself, but not than its last truncation. */
static int64_t last_named(const struct tail_file *file)
{
    int64_t since = file->identity.born;
    if (since && file->named_since - TAIL_CLOCK_NS > since)
        since = file->named_since - TAIL_CLOCK_NS;
    if (since && file->generation > 0 && file->modified - TAIL_CLOCK_NS > since)
        since = file->modified - TAIL_CLOCK_NS;
    return since;
}

/* When the directory was looked at last: what was there then is known, or not wanted. After a start that was in
 * an earlier run. */
static int64_t last_look(const struct tail *tail, const struct tail_dir *dir)
{
    const int64_t at = !tail->started   ? tail->ran_until
                       : tail->scanning ? dir->listed_before
                                        : dir->listed;
    return at - TAIL_CLOCK_NS;
}

/* A name, and where it is. */
struct name {
    struct tail_dir *dir;
    struct weir_str base;
};

/* Finds what came between `older` and `newer`, now called like rotations of `at`, and puts all in order. They are
 * known as what had the name `as`. Without `older`: since the last look, when no file had that name. */
static void fill_between(struct tail *tail, struct name at, struct name as, struct tail_file *older,
                         struct tail_file *newer)
{
    char noted[PATH_MAX];
    struct between *between = malloc(sizeof(*between));
    if (!between || !tail_path_join(noted, as.dir->path, as.base)) {
        free(between);
        return;
    }
    find_between(tail, at.dir, at.base, older ? last_named(older) : last_look(tail, at.dir), newer,
                 between);
    for (size_t i = 0; i < between->count; i++) {
        struct tail_file *file = between->files[i];
        file->noted = strdup(noted);
        tail_link_add(tail, as.dir, as.base, file);
        tail_order_add(file, older);
        older = file;
        tail_hold_rotated(tail, file);
        tail_file_poke(tail, file);
    }
    tail_order_add(newer, older);
    free(between);
}

/* The same for a name that patterns match. Where it is a symbolic link, files are rotated under the name that it
 * leads to. `newer` is NULL when there is no file of that name now. */
static void fill_name(struct tail *tail, struct name name, struct tail_file *older,
                      struct tail_file *newer)
{
    const struct tail_file *known = newer ? newer : older;
    struct name places[PLACES_MAX];
    size_t count = 0;
    for (struct tail_list *at = known ? known->links.next : NULL;
         known && at != &known->links && count < PLACES_MAX; at = at->next) {
        const struct tail_link *place = tail_of(at, struct tail_link, of_file);
        if (!place->named && place->dir != name.dir)
            places[count++] = (struct name){ place->dir, { place->name, place->len } };
    }
    for (size_t i = 0; i < count; i++)
        fill_between(tail, places[i], name, older, newer);
    fill_between(tail, name, name, older, newer);
}

/* The youngest of the files that had that name before. */
static struct tail_file *last_with_name(const struct tail *tail, struct name name,
                                        const struct tail_file *but)
{
    struct tail_file *last = NULL;
    for (struct tail_link *link = tail_link_find(tail, name.dir, name.base); link;
         link = tail_link_next(link))
        if (link->file && link->file != but && !link->named &&
            (!last || link->file->identity.born > last->identity.born))
            last = link->file;
    return last;
}

void tail_succession(struct tail *tail, struct tail_file *file, struct tail_link *link)
{
    const struct name name = { link->dir, { link->name, link->len } };
    struct tail_file *older = last_with_name(tail, name, file);
    /* A scan does not tell whether the name was another file's meanwhile. (An event that it was moved does:
     * see below.) */
    if (older || (tail->scanning && tail->searches++ < SEARCHES_MAX))
        fill_name(tail, name, older, file);
}

void tail_succession_missed(struct tail *tail, struct tail_dir *dir, struct weir_str base)
{
    const struct name name = { dir, base };
    const struct tail_link *link = tail_link_find_named(tail, dir, base);
    struct tail_file *newer = link ? link->file : NULL;
    if (tail->started && dir->lists)
        fill_name(tail, name, last_with_name(tail, name, newer), newer);
}

void tail_succession_fill(struct tail *tail, struct tail_file *file)
{
    for (struct tail_list *at = file->links.next; at != &file->links; at = at->next) {
        char path[PATH_MAX];
        const struct tail_link *link = tail_of(at, struct tail_link, of_file);
        const struct name name = { link->dir, { link->name, link->len } };
        const struct tail_link *now = tail_link_find_named(tail, name.dir, name.base);
        const size_t len = tail_link_path(link, path);
        if (len && tail_look_matches(tail, (struct weir_str){ path, len }))
            fill_name(tail, name, file, now ? now->file : NULL);
    }
}

/* ---- after a start -------------------------------------------------------------------------------------- */

/* A file of an earlier run that is under no name that a pattern matches. */
static bool is_astray(const struct tail_file *file)
{
    return file->noted && file->has_id && !file->named;
}

static int by_path_and_birth(const void *a, const void *b)
{
    const struct tail_file *const *first = a, *const *second = b;
    const int paths = strcmp((*first)->noted, (*second)->noted);
    return paths ? paths : by_birth(a, b);
}

/* The directory in which a noted path lies; *ret_base is the name in it. */
static struct tail_dir *dir_of_noted(const struct tail *tail, const char *noted,
                                     struct weir_str *ret_base)
{
    const char *slash = strrchr(noted, '/');
    *ret_base = weir_str_of(slash ? slash + 1 : noted);
    for (struct tail_list *at = tail->dirs.next; at != &tail->dirs; at = at->next) {
        struct tail_dir *dir = tail_of(at, struct tail_dir, all);
        char path[PATH_MAX];
        const size_t len = dir->lists ? tail_path_join(path, dir->path, *ret_base) : 0;
        if (len && tail_note_is_at(weir_str_of(noted), (struct weir_str){ path, len }))
            return dir;
    }
    return NULL;
}

/* The last of those that had one name, in order: what came after it? */
static void succeed_noted(struct tail *tail, struct tail_file *const *group, size_t count)
{
    struct weir_str base;
    struct tail_dir *dir = dir_of_noted(tail, group[0]->noted, &base);
    if (!dir)
        return;
    struct tail_link *link = tail_link_find_named(tail, dir, base);
    struct tail_file *now = link ? link->file : NULL;
    struct tail_file *last = group[count - 1];
    for (size_t i = 1; i < count; i++)
        tail_order_add(group[i], group[i - 1]);
    /* The next one to take that name has to know whom it succeeds. */
    if (!last->unplaced)
        tail_link_add(tail, dir, base, last);
    if (now && now->has_id)
        tail_order_add(now, last); /* it was known then, and what came before it too */
    else if (!now || now->identity.born > last->identity.born)
        fill_name(tail, (struct name){ dir, base }, last, now);
}

/* Sees to an older generation of a file that is there: the truncation was under way when the agent ended. It
 * goes on in its copy, or is forgotten. False when there is none. */
static bool supersede_one(struct tail *tail)
{
    for (struct tail_list *at = tail->files.next; at != &tail->files; at = at->next) {
        enum tail_likeness likeness;
        struct tail_file *file = tail_of(at, struct tail_file, all);
        if (!is_astray(file) || !file->unplaced)
            continue;
        struct tail_file *now = tail_file_find(tail, &file->identity, &likeness);
        if (!now || now == file || likeness != TAIL_SAME)
            continue;
        if (!tail_copy_find(tail, file, now))
            tail_file_forget(tail, file);
        return true;
    }
    return false;
}

/* What a symbolic link led to before has another name in the directory that it leads into, which no pattern
 * lists. */
static void look_behind_links(struct tail *tail)
{
    for (struct tail_list *at = tail->dirs.next; at != &tail->dirs && tail->unplaced > 0;
         at = at->next) {
        struct tail_dir *dir = tail_of(at, struct tail_dir, all);
        const bool led_to =
            !tail_list_is_empty(&dir->pointing) || !tail_list_is_empty(&dir->dangling);
        if (!dir->lists && led_to)
            tail_scan_place(tail, dir);
    }
}

/* Says which files of earlier runs are nowhere to be found. */
static void tell_missing(struct tail *tail)
{
    const struct tail_file *first = NULL;
    int64_t count = 0;
    for (struct tail_list *at = tail->files.next; at != &tail->files; at = at->next) {
        const struct tail_file *file = tail_of(at, struct tail_file, all);
        if (!is_astray(file) || !file->unplaced)
            continue;
        first = first ? first : file;
        count++;
    }
    if (first)
        weir_info(
            tail->host,
            "files of an earlier run are not there any more, and nothing more is read of them",
            weir_kv_int("files", count), weir_kv_str("one", first->noted),
            weir_kv_int("its_position", (int64_t)first->position));
}

/* Puts the files of earlier runs that have lost their names in order, and finds what came after them. */
static void succeed_astray(struct tail *tail)
{
    size_t count = 0, dirs = 0, got = 0;
    for (struct tail_list *at = tail->files.next; at != &tail->files; at = at->next)
        count += is_astray(tail_of(at, struct tail_file, all));
    for (struct tail_list *at = tail->dirs.next; at != &tail->dirs; at = at->next)
        dirs++;
    if (!count || count > SEARCH_MAX / (dirs + 1))
        return;
    struct tail_file **astray = calloc(count, sizeof(struct tail_file *));
    if (!astray)
        return;
    for (struct tail_list *at = tail->files.next; at != &tail->files; at = at->next) {
        struct tail_file *file = tail_of(at, struct tail_file, all);
        if (is_astray(file))
            astray[got++] = file;
    }
    qsort(astray, got, sizeof(*astray), by_path_and_birth);
    for (size_t from = 0, to; from < got; from = to) {
        to = from + 1;
        while (to < got && strcmp(astray[from]->noted, astray[to]->noted) == 0)
            to++;
        succeed_noted(tail, astray + from, to - from);
    }
    free(astray);
}

/* Logs that began while the agent was stopped: the file that has the name now need not be the first. */
static void succeed_unknown(struct tail *tail)
{
    for (struct tail_list *at = tail->files.next; at != &tail->files; at = at->next) {
        struct tail_file *file = tail_of(at, struct tail_file, all);
        if (file->has_id || !file->named || file->after || file->identity.born < tail->ran_until ||
            tail->searches >= SEARCHES_MAX)
            continue;
        const struct tail_link *link = tail_of(file->links.next, struct tail_link, of_file);
        tail->searches++;
        fill_name(tail, (struct name){ link->dir, { link->name, link->len } }, NULL, file);
    }
}

void tail_succession_start(struct tail *tail)
{
    look_behind_links(tail);
    while (supersede_one(tail))
        continue;
    tell_missing(tail);
    succeed_astray(tail);
    if (tail->ran_until)
        succeed_unknown(tail);
}

void tail_succession_expire(struct tail *tail)
{
    const int64_t now = weir_now_wall(tail->host);
    for (struct tail_list *at = tail->files.next, *next; at != &tail->files; at = next) {
        struct tail_file *file = tail_of(at, struct tail_file, all);
        next = at->next;
        if (is_astray(file) && file->unplaced && file->fd < 0 && !file->stream &&
            file->modified < now - KEEP_GONE_NS)
            tail_hold_abandon(tail, file, "gone");
    }
}
