/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/ledger.h"

#include "base/status.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

telar_status tl_ledger_init(struct tl_ledger *ledger, const struct tl_job *job,
                            struct telar_error *error)
{
    *ledger = (struct tl_ledger){.job = job, .workers = job->workers, .inflater = TL_NOBODY};
    ledger->state = calloc(job->n_tasks, sizeof *ledger->state);
    ledger->task = calloc(job->n_tasks, sizeof *ledger->task);
    ledger->slot = calloc(job->n_bands, sizeof *ledger->slot);
    if (!ledger->state || !ledger->task || !ledger->slot)
        return tl_fail(error, TELAR_HOST, ENOMEM, "cannot keep the state of so many regions");
    for (uint64_t i = 0; i < job->n_tasks; i++) {
        struct tl_task task = tl_job_task(job, i, 0);

        ledger->task[i].kind = task.stage->kind;
        ledger->task[i].region = task.region;
    }
    for (uint32_t i = 0; i < job->n_stages; i++)
        ledger->first_free[i] = job->stage[i].first;
    return TELAR_OK;
}

void tl_ledger_free(struct tl_ledger *ledger)
{
    free(ledger->slot);
    free(ledger->state);
    free(ledger->task);
    *ledger = (struct tl_ledger){0};
}

/* ---- the rule ---- */

static bool done(const struct tl_ledger *ledger, uint64_t task)
{
    return ledger->state[task] == TL_TASK_DONE;
}

/* Whether, when `worker` comes to a task that it is given now, this one is done: enough for what it
 * reads. */
static bool settled(const struct tl_ledger *ledger, uint64_t task, uint32_t worker)
{
    return done(ledger, task)
           || (ledger->state[task] == TL_TASK_GIVEN && ledger->task[task].worker == worker);
}

/* The same for tasks [from, to) of a stage; for none of them, and for a stage that the job has not,
 * it is true. */
static bool all_settled(const struct tl_ledger *ledger, const struct tl_stage *stage, uint64_t from,
                        uint64_t to, uint32_t worker)
{
    for (uint64_t i = from; stage && i < to; i++)
        if (!settled(ledger, stage->first + i, worker))
            return false;
    return true;
}

/* Whether the rows of a region with `halo` more above and below are in the source. */
static bool rows_written(const struct tl_ledger *ledger, const struct telar_region *region,
                         uint32_t halo, uint32_t worker)
{
    const struct tl_job *job = ledger->job;
    uint64_t first = (region->r0 > halo ? region->r0 - halo : 0) / job->band_rows;
    uint64_t end = ((uint64_t)region->r1 + halo + job->band_rows - 1) / job->band_rows;

    return all_settled(ledger, tl_job_decoding(job), first, end < job->n_bands ? end : job->n_bands,
                       worker);
}

/* Whether the states of all transforms before the given one are complete. */
static bool states_written(const struct tl_ledger *ledger, uint32_t before_step, uint32_t worker)
{
    for (uint32_t i = 0; i < ledger->job->n_stages; i++) {
        const struct tl_stage *stage = &ledger->job->stage[i];
        bool writes_state = stage->kind == TELAR_TASK_PREPARE || stage->kind == TELAR_TASK_MERGE;

        if (writes_state && stage->step < before_step
            && !all_settled(ledger, stage, 0, stage->count, worker))
            return false;
    }
    return true;
}

/* Whether band `band` may be put where band `band - slots` is: everybody who reads that one has
 * done so. */
static bool source_slot_free(const struct tl_ledger *ledger, uint64_t band)
{
    const struct tl_job *job = ledger->job;
    uint64_t around = ((uint64_t)job->halo + job->band_rows - 1) / job->band_rows, old;

    if (band < job->source.slots)
        return true;
    old = band - job->source.slots;
    return all_settled(ledger, tl_job_stage(job, TELAR_TASK_ENCODE),
                       old > around ? old - around : 0, old + around + 1, TL_NOBODY);
}

/* The rows of a band, as they are to be encoded: from the results of regions, or computed from the
 * source. */
static bool band_computable(const struct tl_ledger *ledger, uint64_t band, uint32_t worker)
{
    const struct tl_job *job = ledger->job;
    struct telar_region rows = tl_job_band(job, band);
    uint32_t r0 = rows.r0 > job->roi.r0 ? rows.r0 : job->roi.r0,
             r1 = rows.r1 < job->roi.r1 ? rows.r1 : job->roi.r1;

    if (job->fused)
        return rows_written(ledger, &rows, job->halo, worker)
               && states_written(ledger, TELAR_PIPELINE_MAX, worker);
    return rows_written(ledger, &rows, 0, worker)
           && (r0 >= r1
               || all_settled(ledger, tl_job_stage(job, TELAR_TASK_PROCESS),
                              tl_job_regions_of_row(job, r0),
                              tl_job_regions_of_row(job, r1 - 1) + job->plan.columns, worker));
}

static bool may_inflate(const struct tl_ledger *ledger, const struct tl_stage *stage, uint64_t band,
                        uint32_t worker)
{
    const struct tl_job *job = ledger->job;

    if (!job->restart
        && ((ledger->inflater != TL_NOBODY && ledger->inflater != worker)
            || !all_settled(ledger, stage, band ? band - 1 : 0, band, worker)))
        return false;
    if (band == job->n_bands)
        return true;
    if (job->together)
        return source_slot_free(ledger, band);
    return band < job->filtered.slots
           || done(ledger,
                   tl_job_stage(job, TELAR_TASK_UNFILTER)->first + band - job->filtered.slots);
}

/* A slot of the worker's own in which no band is on its way to the file; false when there is none.
 */
static bool find_slot(const struct tl_ledger *ledger, const struct tl_stage *encode,
                      uint32_t worker, uint32_t *slot)
{
    uint32_t count = tl_job_encoded_slots(ledger->job), first = worker * count;
    uint64_t taken = 0, end = ledger->n_written + ledger->job->encoded.slots;

    for (uint64_t band = ledger->n_written; band < end && band < encode->count; band++)
        if (ledger->state[encode->first + band] != TL_TASK_FREE
            && ledger->slot[band] - first < count)
            taken |= UINT64_C(1) << (ledger->slot[band] - first);
    for (*slot = first; *slot < first + count; ++*slot)
        if (!(taken >> (*slot - first) & 1))
            return true;
    return false;
}

/*
 * An owner that could not be made does nothing: anybody may do its tasks, unless nobody else can
 * write what they write.
 */
static uint32_t owners(const struct tl_ledger *ledger)
{
    return ledger->job->fixed ? ledger->job->workers : ledger->workers;
}

static bool left_to_another(const struct tl_ledger *ledger, const struct tl_task *task,
                            uint32_t worker)
{
    uint32_t owner = tl_job_owner(ledger->job, task);

    return owner < owners(ledger) && owner != worker && !ledger->absent[owner];
}

static bool may_run(const struct tl_ledger *ledger, const struct tl_task *task, uint32_t worker)
{
    const struct tl_job *job = ledger->job;
    const struct tl_stage *stage = task->stage;
    uint64_t i = task->index;
    uint32_t slot;

    switch (stage->kind) {
    case TELAR_TASK_INFLATE:
        return may_inflate(ledger, stage, i, worker);
    case TELAR_TASK_UNFILTER:
        return all_settled(ledger, tl_job_stage(job, TELAR_TASK_INFLATE), i, i + 1, worker)
               && all_settled(ledger, stage, i ? i - 1 : 0, i, worker)
               && source_slot_free(ledger, i);
    case TELAR_TASK_PREPARE:
        return true;
    case TELAR_TASK_GATHER: /* The partials are those of the statistic before, whose merge reads
                               them: that has to be done, not only given. */
        return rows_written(ledger, &task->region, job->halo, worker)
               && states_written(ledger, stage->step, TL_NOBODY);
    case TELAR_TASK_MERGE:
        return all_settled(ledger, stage - 1, 0, stage[-1].count, worker);
    case TELAR_TASK_PROCESS:
        return rows_written(ledger, &task->region, job->halo, worker)
               && states_written(ledger, TELAR_PIPELINE_MAX, worker);
    case TELAR_TASK_ENCODE:
        return i < ledger->n_written + job->encoded.slots && band_computable(ledger, i, worker)
               && find_slot(ledger, stage, worker, &slot);
    }
    return false;
}

/* ---- giving and taking ---- */

/* The first free task of those from `from` to `end` that the worker need not leave to another. */
static bool first_for(const struct tl_ledger *ledger, uint64_t from, uint64_t end, uint32_t worker,
                      struct tl_task *task)
{
    for (uint64_t i = from; i < end; i++) {
        *task = tl_job_task(ledger->job, i, 0);
        if (ledger->state[i] == TL_TASK_FREE && !left_to_another(ledger, task, worker))
            return true;
    }
    return false;
}

/* The first of a stage: where each worker has a share, of its own, and then of all. */
static bool next_for(struct tl_ledger *ledger, uint32_t stage_index, uint32_t worker,
                     struct tl_task *task)
{
    const struct tl_stage *stage = &ledger->job->stage[stage_index];
    const uint64_t end = stage->first + stage->count,
                   mine = stage->first + tl_job_first_owned(ledger->job, stage, worker);
    uint64_t *first = &ledger->first_free[stage_index];

    while (*first < end && ledger->state[*first] != TL_TASK_FREE)
        ++*first;
    if (!tl_job_in_shares(ledger->job, stage))
        return first_for(ledger, *first,
                         *first + owners(ledger) < end ? *first + owners(ledger) : end, worker,
                         task);
    return first_for(ledger, mine > *first ? mine : *first, end, worker, task)
           || first_for(ledger, *first, mine < end ? mine : end, worker, task);
}

/*
 * The tasks of a stage are given in order, so one look at each stage is enough: what may not run
 * holds back those behind it only for a moment. The first stages come first: what they write is
 * what the others wait for.
 */
static bool find_ready(struct tl_ledger *ledger, uint32_t worker, struct tl_task *task)
{
    for (uint32_t i = 0; i < ledger->job->n_stages; i++)
        if (next_for(ledger, i, worker, task) && may_run(ledger, task, worker))
            return true;
    return false;
}

bool tl_ledger_take(struct tl_ledger *ledger, uint32_t worker, struct tl_ticket *ticket)
{
    struct tl_task task;
    uint64_t number;

    if (!find_ready(ledger, worker, &task))
        return false;
    number = task.stage->first + task.index;
    *ticket = (struct tl_ticket){.task = number, .attempt = ++ledger->task[number].attempts};
    if (task.stage->kind == TELAR_TASK_ENCODE) {
        find_slot(ledger, task.stage, worker, &ticket->slot);
        ledger->slot[task.index] = ticket->slot;
    }
    ledger->state[number] = TL_TASK_GIVEN;
    ledger->task[number].worker = worker;
    if (task.stage->kind == TELAR_TASK_INFLATE && ledger->inflater != worker) {
        ledger->inflater = worker;
        ledger->catch_up = number;
    }
    return true;
}

void tl_ledger_done(struct tl_ledger *ledger, uint64_t task, uint64_t start_ns, uint64_t end_ns)
{
    assert(task < ledger->job->n_tasks && ledger->state[task] == TL_TASK_GIVEN);
    ledger->state[task] = TL_TASK_DONE;
    ledger->task[task].start_ns = start_ns;
    ledger->task[task].end_ns = end_ns;
    ledger->n_done++;
}

void tl_ledger_give_back(struct tl_ledger *ledger, uint64_t task, bool begun)
{
    uint32_t i = 0;

    assert(task < ledger->job->n_tasks && ledger->state[task] == TL_TASK_GIVEN);
    while (task >= ledger->job->stage[i].first + ledger->job->stage[i].count)
        i++;
    if (task < ledger->first_free[i])
        ledger->first_free[i] = task;
    ledger->state[task] = TL_TASK_FREE;
    ledger->task[task].attempts -= !begun;
}

void tl_ledger_leave(struct tl_ledger *ledger, uint32_t worker, bool for_good)
{
    ledger->absent[worker] = for_good;
    if (ledger->inflater == worker)
        ledger->inflater = TL_NOBODY;
}

uint64_t tl_ledger_worth(const struct tl_ledger *ledger, uint64_t task)
{
    const struct tl_stage *inflate = tl_job_stage(ledger->job, TELAR_TASK_INFLATE);
    bool catches_up =
        ledger->inflater != TL_NOBODY && task == ledger->catch_up && !ledger->job->restart;

    return catches_up ? task - inflate->first + 1 : 1;
}

bool tl_ledger_needs_stream(const struct tl_ledger *ledger, uint32_t worker)
{
    const struct tl_stage *inflate = tl_job_stage(ledger->job, TELAR_TASK_INFLATE);

    return inflate && !ledger->job->restart && ledger->inflater == worker
           && !all_settled(ledger, inflate, 0, inflate->count, TL_NOBODY);
}

bool tl_ledger_complete(const struct tl_ledger *ledger)
{
    return ledger->n_done == ledger->job->n_tasks;
}

bool tl_ledger_next_encoded(const struct tl_ledger *ledger, uint32_t *slot)
{
    const struct tl_stage *encode = tl_job_stage(ledger->job, TELAR_TASK_ENCODE);

    if (!encode || ledger->n_written == encode->count)
        return false;
    *slot = ledger->slot[ledger->n_written];
    return ledger->state[encode->first + ledger->n_written] == TL_TASK_DONE;
}
