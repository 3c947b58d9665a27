/* SPDX-License-Identifier: Apache-2.0 */
/* Which file is read after which.
 *
 *     app.log.2  ◀── after ── app.log.1  ◀── after ── app.log
 *      oldest    ── before ──▶           ── before ──▶
 *
 * One generation may be found later than its successor: its name was changed again just when its directory was listed,
 * so that the listing has neither name. Then its place is between two that know of each other already. As long as
 * nothing was read of the younger one, the lines come out in order. */
#include "order.h"

/* Whether `file` is `of`, or is read before it. */
static bool leads_to(const struct tail_file *file, const struct tail_file *of)
{
    while (of && of != file)
        of = of->after;
    return of != NULL;
}

void tail_order_add(struct tail_file *file, struct tail_file *before)
{
    if (!file || !before || file->after || leads_to(file, before))
        return;
    while (before->before && before->before->identity.born <= file->identity.born)
        before = before->before;
    struct tail_file *const next = before->before;
    if (next && file->before)
        return; /* two orders that say nothing of each other */
    file->after = before;
    before->before = file;
    if (!next)
        return;
    file->before = next;
    next->after = file;
}

void tail_order_remove(struct tail_file *file)
{
    if (file->after)
        file->after->before = file->before;
    if (file->before)
        file->before->after = file->after;
    file->after = file->before = NULL;
}

struct tail_file *tail_order_next(struct tail_file *file)
{
    while (file->after && tail_list_has(&file->after->ready))
        file = file->after;
    return file;
}
