/* SPDX-License-Identifier: Apache-2.0 */
/* When a thousand logs in one directory are rotated at a time, each new one asks what came between it and the
 * file that had its name. Reading the directory a thousand times would take minutes where there are many files;
 * so what was read is kept for the next who asks, until the events at hand are dealt with. It answers for files that
 * were born before it was read: what these succeeded had its later name by then. Files that are known, which are nearly
 * all, are left out. */
#include "listing.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "names.h"

#define LISTING_BYTES_MAX ((size_t)1024 * 1024)
#define LISTING_BYTES_MIN ((size_t)4096)

static bool add(struct tail_listing *listing, const char *name)
{
    const size_t bytes = strlen(name) + 1;
    if (listing->len + bytes > listing->room) {
        const size_t room = listing->room ? listing->room * 2 : LISTING_BYTES_MIN;
        char *names = room <= LISTING_BYTES_MAX ? realloc(listing->names, room) : NULL;
        if (!names)
            return false;
        listing->names = names;
        listing->room = room;
    }
    memcpy(listing->names + listing->len, name, bytes);
    listing->len += bytes;
    return true;
}

bool tail_listing_read(struct tail *tail, struct tail_dir *dir, int64_t after)
{
    struct tail_listing *listing = &tail->listing;
    if (listing->dir == dir && listing->read_at > after)
        return listing->whole;
    listing->read_at = weir_now_wall(tail->host);
    DIR *entries = opendir(dir->path);
    const struct dirent *entry;
    listing->dir = dir;
    listing->len = 0;
    listing->whole = true;
    while (entries && listing->whole && (entry = readdir(entries))) {
        if ((entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN) &&
            !tail_file_has_placed(tail, entry->d_ino))
            listing->whole = add(listing, entry->d_name);
    }
    if (entries)
        closedir(entries);
    return listing->whole;
}

const char *tail_listing_next(const struct tail_listing *listing, const char *name)
{
    const char *next = name ? name + strlen(name) + 1 : listing->names;
    return listing->len && next < listing->names + listing->len ? next : NULL;
}

void tail_listing_drop(struct tail *tail)
{
    tail->listing.dir = NULL;
}

void tail_listing_deinit(struct tail *tail)
{
    free(tail->listing.names);
    tail->listing = (struct tail_listing){ 0 };
}
