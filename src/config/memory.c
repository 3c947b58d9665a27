/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration is read once, kept whole, and freed whole, so its parts are pieces of a few mappings:
 * no part can be forgotten, whichever of a hundred mistakes ended the reading.
 *
 *     memory --> chunk --> chunk       each a mapping: MADV_DONTDUMP, wiped before it is given back
 *            \-> owned --> owned       objects of others: templates, encoders, plugin state; newest first
 *
 * Passwords and tokens are among the values, and which ones is known only after they were read. So all of
 * it stays out of core dumps, and nothing of it stays in memory that the next allocation may get.
 *
 * Rejected: base/arena.h (made for batches: chunks are reused unwiped, by several threads, under a
 * budget). */
#include "config/memory.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define CHUNK_BYTES ((size_t)64 * 1024)

struct chunk {
    struct chunk *next;
    size_t bytes; /* of the mapping, this header included */
    size_t used;
    max_align_t data[];
};

struct owned {
    struct owned *next;
    memory_end_f *end;
    void *arg, *object;
};

struct memory {
    struct chunk *chunks;
    struct owned *owned;
};

static void *enough(void *piece)
{
    if (!piece) {
        fputs("weir: out of memory while reading the configuration\n", stderr);
        exit(EXIT_FAILURE);
    }
    return piece;
}

static struct chunk *chunk_new(size_t bytes)
{
    void *map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct chunk *chunk = enough(map == MAP_FAILED ? NULL : map);
    madvise(map, bytes, MADV_DONTDUMP); /* where that is refused, the dump has it */
    chunk->bytes = bytes;
    chunk->used = offsetof(struct chunk, data);
    return chunk;
}

struct memory *memory_new(void)
{
    return enough(calloc(1, sizeof(struct memory)));
}

void *memory_alloc(struct memory *memory, size_t bytes)
{
    bytes = (bytes + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
    struct chunk *chunk = memory->chunks;
    if (!chunk || chunk->bytes - chunk->used < bytes) {
        size_t want = bytes + offsetof(struct chunk, data);
        chunk = chunk_new(want > CHUNK_BYTES ? want : CHUNK_BYTES);
        chunk->next = memory->chunks;
        memory->chunks = chunk;
    }
    void *piece = (char *)chunk + chunk->used;
    chunk->used += bytes;
    return piece;
}

char *memory_text(struct memory *memory, struct weir_str text)
{
    char *copy = memory_alloc(memory, text.len + 1);
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

char *memory_format(struct memory *memory, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    char *text = memory_alloc(memory, (size_t)(len > 0 ? len : 0) + 1);
    if (len > 0)
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void memory_own(struct memory *memory, memory_end_f *end, void *arg, void *object)
{
    struct owned *owned = memory_alloc(memory, sizeof(*owned));
    *owned = (struct owned){ memory->owned, end, arg, object };
    memory->owned = owned;
}

struct memory *memory_free(struct memory *memory)
{
    if (!memory)
        return NULL;
    for (struct owned *owned = memory->owned; owned; owned = owned->next)
        owned->end(owned->arg, owned->object);
    for (struct chunk *chunk = memory->chunks; chunk;) {
        struct chunk *next = chunk->next;
        size_t bytes = chunk->bytes;
        explicit_bzero(chunk, chunk->used);
        munmap(chunk, bytes);
        chunk = next;
    }
    free(memory);
    return NULL;
}
