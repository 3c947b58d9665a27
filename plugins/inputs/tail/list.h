/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TAIL_LIST_H
#define WEIR_TAIL_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* A ring of links that live inside of what they link. A head, and a link in no list, point to themselves. */
struct tail_list {
    struct tail_list *next, *prev;
};

#define tail_of(link, type, member) (((type *)(void *)((char *)(link)-offsetof(type, member))))

static inline void tail_list_init(struct tail_list *list)
{
    list->next = list->prev = list;
}

static inline bool tail_list_is_empty(const struct tail_list *list)
{
    return list->next == list;
}

/* Whether a link is in a list. */
static inline bool tail_list_has(const struct tail_list *link)
{
    return link->next != link;
}

static inline void tail_list_remove(struct tail_list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    tail_list_init(link);
}

/* Puts a link at the end, out of the list it may be in. */
static inline void tail_list_append(struct tail_list *list, struct tail_list *link)
{
    tail_list_remove(link);
    link->prev = list->prev;
    link->next = list;
    list->prev->next = link;
    list->prev = link;
}

#endif
