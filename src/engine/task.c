/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/task.h"

static const struct tl_kind *kind_of(const struct tl_place *place, const struct tl_task *task)
{
    return place->kinds[task->stage->kind];
}

/* An atomic or with zero makes one write fault for each page. A load before a store would make a
 * read fault as well. */
void tl_task_touch(const struct tl_place *place, const struct tl_task *task)
{
    unsigned char *extent = place->base + task->extent.offset;

    if (kind_of(place, task)->touch)
        kind_of(place, task)->touch(place, task);
    for (uint64_t i = 0; i < task->extent.bytes; i += TL_PAGE_BYTES)
        __atomic_fetch_or(extent + i, 0, __ATOMIC_RELAXED);
}

void tl_task_run(const struct tl_place *place, const struct tl_task *task, struct tl_record *record)
{
    kind_of(place, task)->run(place, task, record);
}
