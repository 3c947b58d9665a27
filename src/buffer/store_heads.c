/* SPDX-License-Identifier: Apache-2.0 */
/* The first look at a directory: which files are segments of this store, and who their readers are. */
#include "buffer/store_parts.h"

#include <errno.h>
#include <stdlib.h>

#include "base/uuid.h"
#include "buffer/quarantine.h"

#define HEAD_GUESS_BYTES 4096

/* ---- names --------------------------------------------------------------------------------------------- */

struct ids {
    uint64_t *items;
    size_t count, room;
};

static int add_id(void *arg, const char *name)
{
    struct ids *ids = arg;
    uint64_t id;
    if (!segment_name_read(name, &id) || id > SEGMENT_SEQUENCE_MAX)
        return 0;
    if (ids->count == ids->room) {
        size_t room = ids->room ? 2 * ids->room : 64;
        uint64_t *items = realloc(ids->items, room * sizeof(items[0]));
        if (!items)
            return -ENOMEM;
        ids->items = items;
        ids->room = room;
    }
    ids->items[ids->count++] = id;
    return 0;
}

static int compare_ids(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a, two = *(const uint64_t *)b;
    return (one > two) - (one < two);
}

/* ---- readers ------------------------------------------------------------------------------------------- */

static unsigned find_reader(const struct store *store, struct weir_str name)
{
    for (unsigned i = 0; i < STORE_ALL_READERS; i++)
        if (store->readers[i].there && weir_str_eq(weir_str_of(store->readers[i].name), name))
            return i;
    return STORE_READER_NONE;
}

/* A reader of old frames that is not configured any more. When there is no place for one more it shares the last
 * one's: what it waits for is kept, under another's name. */
static unsigned add_orphan(struct store *store, struct weir_str name, uint64_t cursor)
{
    unsigned number = STORE_READERS_MAX;
    while (number < STORE_ALL_READERS - 1 && store->readers[number].there)
        number++;
    struct store_reader *reader = &store->readers[number];
    if (!reader->there) {
        memcpy(reader->name, name.ptr, name.len);
        cursor_init(&reader->cursor, cursor);
        reader->there = true;
    } else if (cursor < reader->cursor.read) {
        cursor_init(&reader->cursor, cursor);
    }
    reader->committed = cursor;
    return number;
}

/* The map of a segment's table. With a good state, who is not in it holds nothing any more. */
static int read_table(struct store *store, const struct segment_head *head, bool cursors_lost)
{
    struct store_map map = { .plain = head->reader_count == store->reader_count };
    memset(map.configured, STORE_READER_NONE, sizeof(map.configured));
    memset(map.orphans, STORE_READER_NONE, sizeof(map.orphans));
    for (unsigned i = 0; i < head->reader_count; i++) {
        struct weir_str name = head->readers[i];
        unsigned number =
            name.len <= STORE_NAME_MAX && name.len > 0 && !memchr(name.ptr, 0, name.len)
                ? find_reader(store, name)
                : STORE_READER_NONE;
        if (number == STORE_READER_NONE && cursors_lost && name.len > 0 &&
            name.len <= STORE_NAME_MAX)
            number = add_orphan(store, name, 0);
        if (number < STORE_READERS_MAX)
            map.configured[i] = (uint8_t)number;
        else
            map.orphans[i] = (uint8_t)number;
        map.plain = map.plain && number == i;
    }
    return store_map_of(store, &map);
}

/* Cursors of the state. Configured readers that it does not know are new, and begin at the end. */
void store_take_cursors(struct store *store, const struct store_state *state)
{
    for (unsigned i = 0; i < store->reader_count; i++)
        cursor_init(&store->readers[i].cursor, UINT64_MAX);
    for (unsigned i = 0; i < state->reader_count; i++) {
        const struct store_state_reader *in = &state->readers[i];
        unsigned number = find_reader(store, weir_str_of(in->name));
        if (number == STORE_READER_NONE)
            add_orphan(store, weir_str_of(in->name), in->cursor);
        else
            cursor_init(&store->readers[number].cursor, in->cursor);
        if (number < STORE_READERS_MAX)
            store->readers[number].committed = in->cursor;
    }
}

/* ---- heads --------------------------------------------------------------------------------------------- */

/* Reads the head of a file: 1 when it is good, and *ret is views into `bytes`; 0 when it is not; -EPROTO when it is a later
 * version's, whose records must not be taken for lost; -ENOMEM, or an errno of the disk. */
static int read_head(struct store *store, int fd, struct weir_bytes *bytes,
                     struct segment_head *ret)
{
    size_t want = HEAD_GUESS_BYTES;
    enum segment_verdict verdict = SEGMENT_SHORT;
    for (int round = 0; round < 2 && verdict == SEGMENT_SHORT; round++) {
        bytes->len = 0;
        uint8_t *room = (uint8_t *)weir_bytes_room(bytes, want);
        if (!room)
            return -ENOMEM;
        ssize_t n = disk_read(store->disk, fd, room, want, 0);
        if (n < 0)
            return (int)n;
        verdict = segment_head_read(room, (size_t)n, ret);
        want = ret->bytes;
    }
    if (verdict == SEGMENT_NEWER)
        return -EPROTO;
    return verdict == SEGMENT_GOOD && ret->kind == (uint16_t)store->kind &&
           weir_str_eq(ret->name, weir_str_of(store->name));
}

void store_put_file_aside(struct store *store, struct store_found *found, const char *name)
{
    if (store->read_only || store->quarantine_files >= STORE_QUARANTINE_FILES_MAX)
        return;
    int r = quarantine_move(store->disk, store->dir, name);
    found->quarantined += r == 0;
    store->quarantine_files += r == 0;
}

static int add_segment(struct store *store, const struct segment_head *head, uint64_t size, int map)
{
    struct store_segment *segment = map < 0 ? NULL : calloc(1, sizeof(*segment));
    if (!segment)
        return -ENOMEM;
    *segment = (struct store_segment){ .id = head->id,
                                       .first = head->first,
                                       .end = head->first,
                                       .follows = head->follows,
                                       .file_bytes = size,
                                       .created = head->created,
                                       .salt = head->salt,
                                       .head_bytes = head->bytes,
                                       .map = (uint16_t)map,
                                       .sum = { .end = head->first, .bytes = head->bytes } };
    int r = store_add_segment_locked(store, segment);
    if (r < 0)
        store_free_segment(segment);
    return r;
}

struct heads {
    struct weir_bytes bytes;
    bool known; /* store->id is the store's */
    bool cursors_lost;
};

/* 0, also when the file is none of ours; or a negative errno: nothing can be said about it. */
static int load_segment(struct store *store, struct store_found *found, struct heads *heads,
                        uint64_t id)
{
    char name[SEGMENT_NAME_BYTES];
    struct segment_head head;
    uint64_t size = 0;
    segment_name(id, name);
    int fd = disk_open(store->disk, store->dir, name, 0);
    if (fd == -ENOENT)
        return 0; /* of a live directory: deleted meanwhile */
    if (fd == -ELOOP || fd == -EISDIR || fd == -ENODEV) {
        store_put_file_aside(store, found, name);
        return 0;
    }
    if (fd < 0)
        return fd;
    int r = read_head(store, fd, &heads->bytes, &head);
    int sized = disk_size(store->disk, fd, &size);
    disk_close(store->disk, fd);
    if (sized < 0)
        return sized;
    if (r == 1 && !heads->known) {
        memcpy(store->id, head.store, sizeof(store->id)); /* the oldest says whose log it is */
        heads->known = true;
    }
    if (r == 1 && head.id == id && memcmp(head.store, store->id, sizeof(store->id)) == 0)
        return add_segment(store, &head, size, read_table(store, &head, heads->cursors_lost));
    if (r >= 0)
        store_put_file_aside(store, found, name);
    return r < 0 ? r : 0;
}

int store_load_heads(struct store *store, struct store_found *found, bool known)
{
    struct ids ids = { 0 };
    struct heads heads = { .bytes = { .max = SEGMENT_HEAD_BYTES_MAX },
                           .known = known,
                           .cursors_lost = found->cursors_lost };
    int r = disk_list(store->disk, store->dir, add_id, &ids);
    if (r == 0 && ids.count)
        qsort(ids.items, ids.count, sizeof(ids.items[0]), compare_ids);
    for (size_t i = 0; r == 0 && i < ids.count; i++)
        r = load_segment(store, found, &heads, ids.items[i]);
    if (ids.count && store->next_segment <= ids.items[ids.count - 1])
        store->next_segment = ids.items[ids.count - 1] + 1;
    weir_bytes_free(&heads.bytes);
    free(ids.items);
    if (r == 0 && !heads.known && !store->read_only)
        r = uuid_draw(store->id);
    return r;
}
