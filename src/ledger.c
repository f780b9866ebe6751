#include <config.h>

#include "ledger.h"

#include "status.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

telar_status tl_ledger_init(struct tl_ledger *ledger, const struct tl_job *job, struct telar_error *error)
{
    *ledger = (struct tl_ledger){.job = job};
    ledger->state = calloc(job->n_tasks, sizeof *ledger->state);
    ledger->task = calloc(job->n_tasks, sizeof *ledger->task);
    if (!ledger->state || !ledger->task)
        return tl_fail(error, TELAR_HOST, ENOMEM, "cannot keep the state of so many regions");
    for (uint64_t i = 0; i < job->n_tasks; i++) {
        struct tl_task task = tl_job_task(job, i);

        ledger->task[i].kind = task.stage->kind;
        ledger->task[i].region = task.region;
    }
    return TELAR_OK;
}

void tl_ledger_free(struct tl_ledger *ledger)
{
    free(ledger->state);
    free(ledger->task);
    *ledger = (struct tl_ledger){0};
}

/*
 * The rule: a task may run when what it reads is written, which for a stage means that the stage before it is
 * done. So the first stage that has a task not done is the only one to look in. Both cursors are bounds, not
 * state: they only save looking again at tasks that cannot matter.
 */
static bool find_ready(struct tl_ledger *ledger, uint64_t *task)
{
    const struct tl_job *job = ledger->job;
    uint64_t stage_end;

    while (ledger->first_open < job->n_tasks && ledger->state[ledger->first_open] == TL_TASK_DONE)
        ledger->first_open++;
    if (ledger->first_open == job->n_tasks)
        return false;
    if (ledger->first_free < ledger->first_open)
        ledger->first_free = ledger->first_open;
    while (ledger->first_free < job->n_tasks && ledger->state[ledger->first_free] != TL_TASK_FREE)
        ledger->first_free++;
    stage_end = tl_job_stage_end(job, ledger->first_open);
    *task = ledger->first_free;
    return ledger->first_free < stage_end;
}

bool tl_ledger_take(struct tl_ledger *ledger, uint32_t worker, uint64_t *task, uint32_t *attempt)
{
    if (!find_ready(ledger, task))
        return false;
    ledger->state[*task] = TL_TASK_GIVEN;
    ledger->task[*task].worker = worker;
    *attempt = ++ledger->task[*task].attempts;
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

bool tl_ledger_complete(const struct tl_ledger *ledger)
{
    return ledger->n_done == ledger->job->n_tasks;
}
