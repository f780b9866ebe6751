/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/ledger_private.h"

#include "base/status.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static void begin_reports(struct tl_ledger *ledger, const struct tl_job *job, tl_kind_list kinds)
{
    for (uint32_t s = 0; s < job->table.n_stages; s++) {
        const struct tl_stage *stage = &job->table.stage[s];

        for (uint64_t i = 0; i < stage->count; i++) {
            ledger->report[stage->first + i].kind = kinds[stage->kind]->report;
            ledger->report[stage->first + i].region = tl_table_region(stage, i);
        }
    }
}

telar_status tl_ledger_init(struct tl_ledger *ledger, const struct tl_job *job, tl_kind_list kinds,
                            struct telar_error *error)
{
    uint64_t n = job->table.n_tasks;

    *ledger = (struct tl_ledger){.table = &job->table, .workers = job->table.workers};
    ledger->rounds_done = calloc(n, sizeof *ledger->rounds_done);
    ledger->holder = calloc(n, sizeof *ledger->holder);
    ledger->slot = calloc(n, sizeof *ledger->slot);
    ledger->report = calloc(n, sizeof *ledger->report);
    if (!ledger->rounds_done || !ledger->holder || !ledger->slot || !ledger->report)
        return tl_fail(error, TELAR_HOST, ENOMEM, "cannot keep the state of so many regions");
    for (uint64_t i = 0; i < n; i++)
        ledger->holder[i] = TL_NOBODY;
    for (uint32_t i = 0; i < TL_LOOPS_MAX; i++)
        ledger->stream_holder[i] = TL_NOBODY;
    begin_reports(ledger, job, kinds);
    return TELAR_OK;
}

void tl_ledger_free(struct tl_ledger *ledger)
{
    free(ledger->rounds_done);
    free(ledger->holder);
    free(ledger->slot);
    free(ledger->report);
    *ledger = (struct tl_ledger){0};
}

void tl_ledger_limit_workers(struct tl_ledger *ledger, uint32_t workers)
{
    ledger->workers = workers;
}

/* ---- giving ---- */

/*
 * Returns how many workers can own tasks of a stage. A worker that could not be started owns
 * nothing, unless no other worker can write what it would have written.
 */
static uint32_t count_owners(const struct tl_ledger *ledger, const struct tl_stage *stage)
{
    return ledger->table->buffer[stage->writes[0]].heirs == TL_NO_HEIR ? ledger->table->workers
                                                                       : ledger->workers;
}

static bool is_left_to_another(const struct tl_ledger *ledger, const struct tl_stage *stage,
                               uint64_t index, uint32_t round, uint32_t worker)
{
    uint32_t owner = tl_table_owner(ledger->table, stage, index, round);

    return owner < count_owners(ledger, stage) && owner != worker && !ledger->absent[owner];
}

/* A stage has a position for each round of each task, all tasks of round 0 first. */
static bool is_free(const struct tl_ledger *ledger, const struct tl_stage *stage, uint64_t position)
{
    uint64_t task = stage->first + position % stage->count;

    return ledger->holder[task] == TL_NOBODY
           && ledger->rounds_done[task] == position / stage->count;
}

/* A position is past when it was given or is done. */
static bool is_past(const struct tl_ledger *ledger, const struct tl_stage *stage, uint64_t position)
{
    uint64_t task = stage->first + position % stage->count, round = position / stage->count;

    return ledger->rounds_done[task] > round
           || (ledger->rounds_done[task] == round && ledger->holder[task] != TL_NOBODY);
}

/* Finds the first free task in positions [from, end) that the worker need not leave to another. */
static bool find_free(const struct tl_ledger *ledger, const struct tl_stage *stage, uint64_t from,
                      uint64_t end, uint32_t worker, uint64_t *index)
{
    for (uint64_t p = from; p < end; p++) {
        *index = p % stage->count;
        if (is_free(ledger, stage, p)
            && !is_left_to_another(ledger, stage, *index, (uint32_t)(p / stage->count), worker))
            return true;
    }
    return false;
}

/* Finds the next task of a stage for a worker. Where workers have shares, it begins in its own. */
static bool find_next(struct tl_ledger *ledger, uint32_t number, uint32_t worker, uint64_t *index)
{
    const struct tl_stage *stage = &ledger->table->stage[number];
    const struct tl_buffer *buffer = &ledger->table->buffer[stage->writes[0]];
    const uint64_t end = stage->count * tl_ledger_rounds(ledger, stage);
    uint64_t *first = &ledger->first_free[number], mine, window;

    while (*first < end && is_past(ledger, stage, *first))
        ++*first;
    if (buffer->writers != TL_IN_SHARES) {
        window = *first + (uint64_t)count_owners(ledger, stage) * buffer->dealt;
        return find_free(ledger, stage, *first, window < end ? window : end, worker, index);
    }
    mine = tl_table_first_owned(ledger->table, buffer, worker);
    return find_free(ledger, stage, mine > *first ? mine : *first, end, worker, index)
           || find_free(ledger, stage, *first, mine < end ? mine : end, worker, index);
}

/* Writes down that a worker has a task, and fills its ticket. */
static void give(struct tl_ledger *ledger, const struct tl_stage *stage, uint64_t index,
                 uint32_t worker, struct tl_ticket *ticket)
{
    uint64_t task = stage->first + index;
    struct telar_task_report *report = &ledger->report[task];

    *ticket =
        (struct tl_ticket){.task = task, .attempt = ++report->attempts, .skip = report->skipped};
    if (ledger->table->buffer[stage->writes[0]].writers == TL_OWN_SLOTS) {
        tl_ledger_find_own_slot(ledger, stage, worker, &ticket->slot);
        ledger->slot[task] = ticket->slot;
    }
    ledger->holder[task] = worker;
    report->worker = worker;
    if (stage->stream != TL_ABSENT && ledger->stream_holder[stage->stream] != worker) {
        ledger->stream_holder[stage->stream] = worker;
        ledger->catch_up[stage->stream] = task;
    }
}

/*
 * Stages come in the order of preference. One task of each is looked at: those behind it wait a
 * moment longer if it may not run yet.
 */
bool tl_ledger_take(struct tl_ledger *ledger, uint32_t worker, struct tl_ticket *ticket)
{
    for (uint32_t i = 0; i < ledger->table->n_stages; i++) {
        const struct tl_stage *stage = &ledger->table->stage[i];
        uint64_t index;

        if (find_next(ledger, i, worker, &index)
            && tl_ledger_may_run(ledger, stage, index, worker)) {
            give(ledger, stage, index, worker, ticket);
            return true;
        }
    }
    return false;
}

/* ---- what became of a task ---- */

void tl_ledger_done(struct tl_ledger *ledger, uint64_t task, uint64_t start_ns, uint64_t end_ns)
{
    uint32_t number = tl_table_stage_of(ledger->table, task);
    const struct tl_stage *stage = &ledger->table->stage[number];
    uint32_t rounds = tl_ledger_rounds(ledger, stage);
    uint64_t *all = &ledger->all_done[number];

    assert(ledger->holder[task] != TL_NOBODY);
    ledger->holder[task] = TL_NOBODY;
    ledger->n_done += ++ledger->rounds_done[task] == rounds;
    while (*all < stage->count && ledger->rounds_done[stage->first + *all] == rounds)
        ++*all;
    ledger->report[task].start_ns = start_ns;
    ledger->report[task].end_ns = end_ns;
}

void tl_ledger_give_back(struct tl_ledger *ledger, uint64_t task, bool begun)
{
    uint32_t number = tl_table_stage_of(ledger->table, task);
    const struct tl_stage *stage = &ledger->table->stage[number];
    uint64_t position = ledger->rounds_done[task] * stage->count + task - stage->first;

    assert(ledger->holder[task] != TL_NOBODY);
    if (position < ledger->first_free[number])
        ledger->first_free[number] = position;
    ledger->holder[task] = TL_NOBODY;
    ledger->report[task].attempts -= !begun;
}

void tl_ledger_leave(struct tl_ledger *ledger, uint32_t worker, bool for_good)
{
    ledger->absent[worker] = for_good;
    for (uint32_t i = 0; i < TL_LOOPS_MAX; i++)
        if (ledger->stream_holder[i] == worker)
            ledger->stream_holder[i] = TL_NOBODY;
}

/* ---- streams ---- */

uint64_t tl_ledger_worth(const struct tl_ledger *ledger, uint64_t task)
{
    const struct tl_table *table = ledger->table;
    uint8_t stream = table->stage[tl_table_stage_of(table, task)].stream;
    uint32_t s = 0;

    if (stream == TL_ABSENT || ledger->stream_holder[stream] == TL_NOBODY
        || ledger->catch_up[stream] != task)
        return 1;
    while (table->stage[s].stream != stream)
        s++;
    return task - table->stage[s].first + 1;
}

bool tl_ledger_needs_stream(const struct tl_ledger *ledger, uint32_t worker)
{
    for (uint32_t s = 0; s < ledger->table->n_stages; s++) {
        const struct tl_stage *stage = &ledger->table->stage[s];

        if (stage->stream != TL_ABSENT && ledger->stream_holder[stage->stream] == worker
            && ledger->all_done[s] < stage->count)
            return true;
    }
    return false;
}

/* ---- what the coordinator asks ---- */

uint64_t tl_ledger_count_done(const struct tl_ledger *ledger)
{
    return ledger->n_done;
}

bool tl_ledger_complete(const struct tl_ledger *ledger)
{
    return ledger->n_done == ledger->table->n_tasks;
}

bool tl_ledger_next_item(const struct tl_ledger *ledger, uint64_t *task, uint32_t *slot)
{
    const struct tl_table *table = ledger->table;

    for (uint32_t s = 0; s < table->n_stages; s++) {
        const struct tl_stage *stage = &table->stage[s];

        if (table->buffer[stage->writes[0]].writers != TL_OWN_SLOTS
            || ledger->n_delivered == stage->count)
            continue;
        *task = stage->first + ledger->n_delivered;
        *slot = ledger->slot[*task];
        return ledger->rounds_done[*task] > 0;
    }
    return false;
}

void tl_ledger_delivered(struct tl_ledger *ledger)
{
    ledger->n_delivered++;
}

struct telar_task_report *tl_ledger_report(struct tl_ledger *ledger, uint64_t task)
{
    return &ledger->report[task];
}

struct telar_task_report *tl_ledger_hand_over(struct tl_ledger *ledger)
{
    struct telar_task_report *report = ledger->report;

    ledger->report = NULL;
    return report;
}
