/* SPDX-License-Identifier: Apache-2.0 */
/* A program's memory and its names. */
#include "program.h"

#include <stdlib.h>

struct avro_pool {
    struct avro_pool *next;
    max_align_t bytes[];
};

void *avro_pool_alloc(struct avro_program *program, size_t bytes)
{
    struct avro_pool *piece = malloc(sizeof(*piece) + bytes);
    if (!piece)
        return NULL;
    piece->next = program->pool;
    program->pool = piece;
    return piece->bytes;
}

struct weir_str avro_pool_copy(struct avro_program *program, struct weir_str text)
{
    char *copy = avro_pool_alloc(program, text.len + 1);
    if (!copy)
        return WEIR_STR_NONE;
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return (struct weir_str){ copy, text.len };
}

void avro_program_free(struct avro_program *program)
{
    while (program->pool) {
        struct avro_pool *piece = program->pool;
        program->pool = piece->next;
        free(piece);
    }
    free(program->types);
    free(program->fields);
    free(program->branches);
    free(program->symbols);
    free(program->names);
    *program = (struct avro_program){ 0 };
}

static uint64_t load(const char *at, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, at, len);
    return word;
}

/* Of the first and the last eight bytes and the length: names that differ only between collide, and are told apart by
 * comparing. */
static uint32_t name_hash(uint32_t type, const char *name, size_t len)
{
    uint64_t head, tail = 0;
    if (len >= 8) {
        head = load(name, 8);
        tail = load(name + len - 8, 8);
    } else if (len >= 4) {
        head = load(name, 4);
        tail = load(name + len - 4, 4);
    } else {
        head = len ? (uint64_t)(unsigned char)name[0] << 16 |
                         (uint64_t)(unsigned char)name[len / 2] << 8 | (unsigned char)name[len - 1]
                   : 0;
    }
    const uint64_t mixed =
        (head ^ type) * UINT64_C(0x9e3779b97f4a7c15) + (tail ^ len) * UINT64_C(0xc2b2ae3d27d4eb4f);
    return (uint32_t)(mixed >> 32);
}

const struct avro_name *avro_program_find(const struct avro_program *program, uint32_t type,
                                          const char *name, size_t len)
{
    for (uint32_t at = name_hash(type, name, len);; at++) {
        const struct avro_name *found = &program->names[at & program->name_mask];
        if (!found->used)
            return NULL;
        if (found->type == type && found->text.len == len &&
            memcmp(found->text.ptr, name, len) == 0)
            return found;
    }
}

/* Never more than half full. */
static int grow_names(struct avro_program *program)
{
    if (program->names && program->name_count * 2 <= program->name_mask)
        return 0;
    const uint32_t room = program->names ? (program->name_mask + 1) * 2 : 16;
    struct avro_name *old = program->names, *names = calloc(room, sizeof(*names));
    const uint32_t old_room = old ? program->name_mask + 1 : 0;
    if (!names)
        return -1;
    program->names = names;
    program->name_mask = room - 1;
    for (uint32_t i = 0; i < old_room; i++) {
        if (!old[i].used)
            continue;
        uint32_t at = name_hash(old[i].type, old[i].text.ptr, old[i].text.len);
        while (names[at & program->name_mask].used)
            at++;
        names[at & program->name_mask] = old[i];
    }
    free(old);
    return 0;
}

int avro_program_name(struct avro_program *program, const struct avro_name *name)
{
    if (grow_names(program) < 0)
        return -1;
    uint32_t at = name_hash(name->type, name->text.ptr, name->text.len);
    while (program->names[at & program->name_mask].used)
        at++;
    struct avro_name *slot = &program->names[at & program->name_mask];
    *slot = *name;
    slot->used = true;
    program->name_count++;
    return 0;
}

bool avro_type_takes_null(const struct avro_program *program, const struct avro_type *type,
                          uint32_t *ret_branch)
{
    if (type->kind == AVRO_NULL)
        return true;
    for (uint32_t i = 0; type->kind == AVRO_UNION && i < type->count; i++) {
        if (program->types[program->branches[type->first + i]].kind == AVRO_NULL) {
            *ret_branch = i;
            return true;
        }
    }
    return false;
}
