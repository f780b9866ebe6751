/* SPDX-License-Identifier: MIT */
/*
 * Rings of slots: whatever order workers do their tasks in, and whoever of them dies, what a task
 * reads is there when it begins and until it ends, and nobody writes where somebody reads or
 * writes. Checked by playing runs with dice, as the ledger gives out tasks.
 */
#include <config.h>

#include "support/suite.h"

#include "engine/ledger.h"
#include "run/job_plan.h"
#include "run/kinds.h"
#include "support/plane.h"

#include <stdio.h>

enum { WORKERS_MAX = 9, TICKETS_MAX = 2, CELLS_MAX = 16384 };

/*
 * All extents of the segment that tasks write: which task's bytes each holds, and who is at it.
 * Found by the page on which an extent begins.
 */
struct cell {
    int64_t task; /* NOTHING, BEFORE: as it was when the run began */
    int readers;
    bool written;
};
enum { NOTHING = -1, BEFORE = -2 };

struct play {
    struct tl_job job;
    struct tl_ledger ledger;
    const struct tl_stage *decoding; /* writes the source; NULL: it was there before the run */
    struct cell cell[CELLS_MAX];
    struct tl_ticket ticket[WORKERS_MAX][TICKETS_MAX];
    uint32_t made;          /* workers that could be made in the end; the others never ask */
    uint32_t present;       /* those that are there by now */
    bool gone[WORKERS_MAX]; /* lost, and nobody comes in its place */
    uint32_t n_tickets[WORKERS_MAX];
    uint32_t unrecorded[WORKERS_MAX]; /* how many of its tickets are done, but the coordinator does
                                      not know it yet */
    bool begun[WORKERS_MAX];          /* the one behind those is being worked on */
};

static const struct tl_stage *stage_of(const struct tl_job *job, enum tl_kind_number kind)
{
    for (uint32_t i = 0; i < job->table.n_stages; i++)
        if (job->table.stage[i].kind == kind)
            return &job->table.stage[i];
    return NULL;
}

static struct cell *cell_at(struct play *play, uint64_t offset)
{
    QUICK_ASSERT(offset / TL_PAGE_BYTES < CELLS_MAX);
    return &play->cell[offset / TL_PAGE_BYTES];
}

static void read_at(struct play *play, uint64_t offset, int64_t task, int change)
{
    struct cell *cell = cell_at(play, offset);

    if (cell->task != task)
        ck_abort_msg("what task %lld wrote is not there while it is read", (long long)task);
    if (cell->written)
        ck_abort_msg("what task %lld wrote is overwritten while it is read", (long long)task);
    cell->readers += change;
}

/* Reads what task `index` of a stage wrote. */
static void read_task(struct play *play, const struct tl_stage *stage, uint64_t index, int change)
{
    uint64_t task = stage->first + index;

    read_at(play, tl_job_task(&play->job, task, 0).extent.offset, (int64_t)task, change);
}

static void write_extent(struct play *play, const struct tl_task *task, bool begin)
{
    struct cell *cell = cell_at(play, task->extent.offset);
    uint64_t number = task->stage->first + task->index;

    if (cell->readers)
        ck_abort_msg("task %llu overwrites what is read", (unsigned long long)number);
    QUICK_ASSERT(cell->written != begin);
    cell->written = begin;
    cell->task = begin ? NOTHING : (int64_t)number;
}

/* Reads the bands of the source that have rows of [r0, r1) or so many around them. */
static void read_source(struct play *play, const struct telar_region *region, uint32_t halo,
                        int change)
{
    const struct tl_job *job = &play->job;
    uint64_t first = (region->r0 > halo ? region->r0 - halo : 0) / job->band_rows;
    uint64_t end = region->r1 + (uint64_t)halo;

    end = end < job->image.rows ? end : job->image.rows;
    for (uint64_t band = first; play->decoding && band * job->band_rows < end; band++)
        read_task(play, play->decoding, band, change);
}

/* Reads the states of the first `count` transforms. */
static void read_states(struct play *play, uint32_t count, int change)
{
    for (uint32_t i = 0; i < play->job.table.n_stages; i++) {
        const struct tl_stage *stage = &play->job.table.stage[i];

        if ((stage->kind == TL_PREPARE || stage->kind == TL_MERGE) && stage->step < count)
            read_task(play, stage, 0, change);
    }
}

/* Reads the results of the regions that have rows of a band. */
static void read_results(struct play *play, const struct telar_region *band, int change)
{
    const struct tl_stage *process = stage_of(&play->job, TL_PROCESS);

    for (uint64_t i = 0; i < process->count; i++) {
        struct telar_region region = tl_job_task(&play->job, process->first + i, 0).region;

        if (region.r0 < band->r1 && band->r0 < region.r1)
            read_task(play, process, i, change);
    }
}

/* The band before: pixels of a stream are made of its last row. */
static void read_band_before(struct play *play, const struct tl_task *task, int change)
{
    if (task->index > 0)
        read_task(play, task->stage, task->index - 1, change);
}

/* A task that computes the whole pipeline, for rows that have the halo around them in the source.
 */
static void read_for_transforms(struct play *play, const struct tl_task *task, int change)
{
    read_source(play, &task->region, play->job.halo, change);
    read_states(play, TELAR_PIPELINE_MAX, change);
}

/* A task begins (true) or ends: touches what it reads and writes. */
static void touch(struct play *play, const struct tl_task *task, bool begin)
{
    int change = begin ? 1 : -1;

    switch ((enum tl_kind_number)task->stage->kind) {
    case TL_READ_RAW:
    case TL_READ_REST:
    case TL_DECODE_BAND:
    case TL_PREPARE:
    case TL_KINDS:
        break;
    case TL_READ_PIXELS:
        read_band_before(play, task, change);
        break;
    case TL_MAKE_PIXELS:
        read_task(play, stage_of(&play->job, TL_READ_RAW), task->index, change);
        read_band_before(play, task, change);
        break;
    case TL_GATHER:
        read_source(play, &task->region, play->job.halo, change);
        read_states(play, task->stage->step, change);
        break;
    case TL_MERGE:
        for (uint64_t i = 0; i < task->stage[-1].count; i++)
            read_task(play, task->stage - 1, i, change);
        break;
    case TL_PROCESS:
    case TL_ENCODE_SOURCE:
        read_for_transforms(play, task, change);
        break;
    case TL_ENCODE_FILE:
        read_states(play, TELAR_PIPELINE_MAX, change);
        break;
    case TL_ENCODE_RESULTS:
        read_source(play, &task->region, 0, change);
        read_results(play, &task->region, change);
        break;
    }
    write_extent(play, task, begin);
}

/* The coordinator takes encoded bands away, in order. */
static void write_encoded(struct play *play)
{
    uint64_t task;
    uint32_t slot;

    while (tl_ledger_next_item(&play->ledger, &task, &slot)) {
        read_at(play, tl_job_task(&play->job, task, slot).extent.offset, (int64_t)task, 0);
        tl_ledger_delivered(&play->ledger);
    }
}

static bool contains(const struct tl_extent *outer, const struct tl_extent *inner)
{
    return inner->offset >= outer->offset
           && inner->offset + inner->bytes <= outer->offset + outer->bytes;
}

/* No worker may be told to write what another owns. What a worker can write all the time is among
 * its own pieces. */
static void check_owner(struct play *play, uint32_t worker, const struct tl_ticket *ticket)
{
    struct tl_task task = tl_job_task(&play->job, ticket->task, ticket->slot);
    bool mine = false, others = false;
    struct tl_piece piece;

    for (uint32_t w = 0; w < play->made; w++)
        for (uint32_t i = 0; !play->gone[w] && tl_table_piece(&play->job.table, w, i, &piece); i++)
            if (contains(&piece.extent, &task.extent)) {
                others |= w != worker;
                mine |= w == worker && piece.access == TL_AT_START;
            }
    QUICK_ASSERT(!others);
    QUICK_ASSERT(mine == tl_job_is_open(&play->job, worker, &task));
}

static void give(struct play *play, uint32_t worker)
{
    struct tl_ticket ticket;

    if (play->n_tickets[worker] == TICKETS_MAX || !tl_ledger_take(&play->ledger, worker, &ticket))
        return;
    check_owner(play, worker, &ticket);
    play->ticket[worker][play->n_tickets[worker]++] = ticket;
}

/* The worker at the task has died in the middle of it. */
static void spoil(struct play *play, const struct tl_task *task)
{
    touch(play, task, false);
    cell_at(play, task->extent.offset)->task = NOTHING;
}

/*
 * Whether a worker may be lost for good here. With a band to encode on its hands, for which nobody
 * else may have room, that would be the end of the run.
 */
static bool can_be_spared(const struct play *play, uint32_t worker)
{
    uint32_t left = 0;

    for (uint32_t w = 0; w < play->made; w++)
        left += !play->gone[w];
    for (uint32_t i = 0; i < play->n_tickets[worker]; i++)
        if (tl_job_task(&play->job, play->ticket[worker][i].task, 0).stage->kind
            >= TL_ENCODE_RESULTS)
            return false;
    return left > 1 && play->present == play->made
           && !tl_table_needs_worker(&play->job.table, worker);
}

/*
 * One worker dies, and another takes its place, or nobody. Records that the coordinator has not
 * handled are lost, as with a hanging one.
 */
static void die(struct play *play, uint32_t worker, bool for_good)
{
    play->gone[worker] = for_good && can_be_spared(play, worker);
    if (play->begun[worker]) {
        struct tl_ticket ticket = play->ticket[worker][play->unrecorded[worker]];
        struct tl_task task = tl_job_task(&play->job, ticket.task, ticket.slot);

        spoil(play, &task);
    }
    for (uint32_t i = 0; i < play->n_tickets[worker]; i++)
        tl_ledger_give_back(&play->ledger, play->ticket[worker][i].task, i == 0);
    tl_ledger_leave(&play->ledger, worker, play->gone[worker]);
    play->n_tickets[worker] = play->unrecorded[worker] = 0;
    play->begun[worker] = false;
}

/* One worker begins or ends the next of its tickets. */
static void step(struct play *play, uint32_t worker)
{
    struct tl_ticket ticket;
    struct tl_task task;

    if (play->unrecorded[worker] == play->n_tickets[worker])
        return;
    ticket = play->ticket[worker][play->unrecorded[worker]];
    task = tl_job_task(&play->job, ticket.task, ticket.slot);
    play->begun[worker] = !play->begun[worker];
    touch(play, &task, play->begun[worker]);
    play->unrecorded[worker] += !play->begun[worker];
}

/* The coordinator handles the records of a worker. */
static void handle_records(struct play *play, uint32_t worker)
{
    for (; play->unrecorded[worker] > 0; play->unrecorded[worker]--) {
        tl_ledger_done(&play->ledger, play->ticket[worker][0].task, 0, 0);
        play->ticket[worker][0] = play->ticket[worker][1];
        play->n_tickets[worker]--;
    }
}

/* How bands are decoded, and what of those that are decoded for themselves is needed by others. */
enum decoding { ONE_BY_ONE, TOGETHER, ALONE, OF_THE_WHOLE, FOR_FOREIGNERS, BEFORE_THE_RUN };

/* A run: what is asked, and what happens to it. */
struct game {
    struct telar_geometry image;
    struct telar_plan plan;
    const char *steps; /* of the pipeline, between blanks */
    enum decoding decoding;
    uint32_t workers, made, seed;
    bool kept, deaths; /* results stay in the segment; workers die */
};

static void do_nothing(const struct telar_context *context, const struct telar_source *source,
                       const struct telar_result *result)
{
    (void)context;
    (void)source;
    (void)result;
}

static const struct telar_transform foreign = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "foreign",
    .summary = "for tests",
    .manual = "for tests",
    .process = do_nothing,
};

static telar_pipeline *pipeline_of(const struct game *game)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    char text[100], *rest = text, *step;

    snprintf(text, sizeof text, "%s", game->steps);
    while ((step = strsep(&rest, " ")))
        if (*step)
            ck_assert_int_eq(telar_pipeline_parse(pipeline, step, NULL), TELAR_OK);
    if (game->decoding == FOR_FOREIGNERS)
        ck_assert_int_eq(telar_pipeline_add(pipeline, &foreign, NULL, NULL), TELAR_OK);
    return pipeline;
}

static void begin(struct play *play, const struct game *game, const telar_pipeline *pipeline)
{
    const struct tl_wanted wanted = {
        .image = game->image,
        .pipeline = pipeline,
        .plan = game->plan,
        .workers = game->workers,
        .input = game->decoding == BEFORE_THE_RUN ? TL_INPUT_PIXELS
                 : game->decoding >= ALONE        ? TL_INPUT_BANDS
                                                  : TL_INPUT_STREAM,
        .input_bytes = game->decoding == TOGETHER, /* so small that it is inflated in no time */
        .output = game->kept ? TL_OUTPUT_REGIONS : TL_OUTPUT_FILE,
        .heirs = game->seed % 3 ? TL_ANY_HEIR : TL_NO_HEIR,
    };

    memset(play, 0, sizeof *play);
    ck_assert_int_eq(tl_job_plan(&play->job, &wanted, game->seed % 2 ? TL_SPACED : TL_PACKED, NULL),
                     TELAR_OK);
    ck_assert_int_eq(tl_ledger_init(&play->ledger, &play->job, tl_kinds, NULL), TELAR_OK);
    play->decoding = stage_of(&play->job, TL_READ_PIXELS);
    if (!play->decoding)
        play->decoding = stage_of(&play->job, TL_MAKE_PIXELS);
    if (!play->decoding)
        play->decoding = stage_of(&play->job, TL_DECODE_BAND);
    for (uint32_t i = 0; i < CELLS_MAX; i++)
        play->cell[i].task = BEFORE;
    play->made = wanted.heirs == TL_NO_HEIR ? play->job.table.workers : game->made;
    if (play->made > play->job.table.workers)
        play->made = play->job.table.workers;
    play->present = 1;
}

/* One throw of the dice: something happens to a worker, or between it and the coordinator. */
static void go_on(struct play *play, uint32_t *seed, bool deaths)
{
    uint32_t worker = next_random(seed) % play->present, dice = next_random(seed) % 1000;

    if (play->present < play->made && dice % 100 == 99)
        play->present++;
    if (play->present == play->made)
        tl_ledger_limit_workers(&play->ledger, play->made); /* till then the others may come */
    if (play->gone[worker])
        return;
    if (dice == 0)
        write_encoded(play); /* seldom, so that encoded bands pile up */
    else if (dice < 10 && deaths)
        die(play, worker, dice % 3 == 0);
    else if (dice % 4 == 0)
        handle_records(play, worker);
    else if (dice % 4 == 1)
        give(play, worker);
    else
        step(play, worker);
}

static void play_run(const struct game *game)
{
    static struct play play;
    telar_pipeline *pipeline = pipeline_of(game);
    uint32_t seed = game->seed;
    uint64_t rounds = 0, limit;

    begin(&play, game, pipeline);
    limit = play.job.table.n_tasks * 10000 + 1000000;
    while (!tl_ledger_complete(&play.ledger)) {
        if (++rounds > limit)
            ck_abort_msg("nobody can go on");
        go_on(&play, &seed, game->deaths);
    }
    tl_ledger_free(&play.ledger);
    telar_pipeline_free(pipeline);
}

/* A tall picture of many bands. */
static void play_bands(bool deaths)
{
    static const char *const blurs[] = {"", "blur:sigma=0.333333", "blur:sigma=5.66667",
                                        "blur:sigma=33.3333"};

    for (uint32_t workers = 1; workers <= WORKERS_MAX; workers += workers % 3 ? 1 : 3)
        for (int decoding = 0; decoding <= FOR_FOREIGNERS; decoding++)
            for (size_t i = 0; i < sizeof blurs / sizeof *blurs; i++)
                for (uint32_t seed = 1; seed < 6; seed++) {
                    char steps[100];

                    snprintf(steps, sizeof steps, "%s%s", blurs[i],
                             decoding == OF_THE_WHOLE ? " equalize" : "");
                    play_run(&(struct game){.image = {1000, 20000, 1, 8},
                                            .steps = steps,
                                            .decoding = (enum decoding)decoding,
                                            .workers = workers,
                                            .made = seed % 2 ? workers : (workers + 1) / 2,
                                            .seed = seed,
                                            .deaths = deaths});
                }
}

/* A small picture, so often that what seldom happens does: grids, states, and statistics one after
 * the other. */
static void play_regions(bool deaths)
{
    static const struct {
        const char *steps;
        struct telar_plan plan;
        bool kept;
    } cases[] = {{"equalize equalize", {0, 0}, false},
                 {"gamma equalize blur:sigma=3 equalize", {0, 0}, false},
                 {"equalize equalize", {5, 2}, false},
                 {"gamma blur:sigma=9", {7, 3}, false},
                 {"equalize gamma equalize", {4, 1}, true}};
    static const enum decoding decodings[] = {ONE_BY_ONE, TOGETHER, ALONE, BEFORE_THE_RUN};

    for (uint32_t seed = 1; seed < 60; seed++)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
            for (size_t d = 0; d < sizeof decodings / sizeof *decodings; d++)
                play_run(&(struct game){.image = {700, 3000, 1, 8},
                                        .steps = cases[i].steps,
                                        .plan = cases[i].plan,
                                        .kept = cases[i].kept && decodings[d] == BEFORE_THE_RUN,
                                        .decoding = decodings[d],
                                        .workers = 1 + seed % 5,
                                        .made = 1 + seed % (1 + seed % 5),
                                        .seed = seed * 31 + (uint32_t)(i * 7 + d),
                                        .deaths = deaths});
}

START_TEST(nobody_reads_what_is_not_there)
{
    play_bands(false);
    play_regions(false);
}
END_TEST

START_TEST(what_a_dead_worker_had_can_be_done_again)
{
    play_bands(true);
}
END_TEST

START_TEST(statistics_and_regions_survive_deaths)
{
    play_regions(true);
}
END_TEST

/*
 * The worker that has the merge of a first statistic must not gather for a second one before that
 * merge is done: it would overwrite the partials, and the merge may have to be done again.
 */
START_TEST(partials_stay_until_their_merge_is_done)
{
    static struct play play;
    const struct game game = {.image = {700, 3000, 1, 8},
                              .steps = "equalize equalize",
                              .decoding = BEFORE_THE_RUN,
                              .workers = 2,
                              .made = 2,
                              .seed = 1};
    telar_pipeline *pipeline = pipeline_of(&game);
    const struct tl_stage *merge;
    struct tl_ticket ticket;

    begin(&play, &game, pipeline);
    merge = stage_of(&play.job, TL_MERGE);
    do {
        ck_assert(tl_ledger_take(&play.ledger, 0, &ticket));
        if (ticket.task != merge->first)
            tl_ledger_done(&play.ledger, ticket.task, 0, 0);
    } while (ticket.task != merge->first);
    ck_assert(!tl_ledger_take(&play.ledger, 0, &ticket));
    tl_ledger_done(&play.ledger, merge->first, 0, 0);
    ck_assert(tl_ledger_take(&play.ledger, 0, &ticket));
    ck_assert_uint_eq(ticket.task, merge->first + 1);
    tl_ledger_free(&play.ledger);
    telar_pipeline_free(pipeline);
}
END_TEST

/* Of a picture that stays, in bands that need no others, whoever asks first. */
START_TEST(each_worker_begins_with_its_own_share)
{
    static struct play play;

    for (uint32_t workers = 1; workers <= WORKERS_MAX; workers++) {
        const struct game game = {.image = {1000, 20000, 1, 8},
                                  .steps = "equalize",
                                  .decoding = OF_THE_WHOLE,
                                  .workers = workers,
                                  .made = workers,
                                  .seed = 1};
        telar_pipeline *pipeline = pipeline_of(&game);

        begin(&play, &game, pipeline);
        ck_assert_uint_ge(play.job.n_bands, WORKERS_MAX);
        for (uint32_t worker = workers; worker-- > 0;) {
            struct tl_ticket ticket;

            ck_assert(tl_ledger_take(&play.ledger, worker, &ticket));
            ck_assert_uint_eq(ticket.task - play.decoding->first,
                              play.job.n_bands * worker / workers);
        }
        tl_ledger_free(&play.ledger);
        telar_pipeline_free(pipeline);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        nobody_reads_what_is_not_there,        what_a_dead_worker_had_can_be_done_again,
        statistics_and_regions_survive_deaths, partials_stay_until_their_merge_is_done,
        each_worker_begins_with_its_own_share, NULL};

    return run_suite("ledger_rings", tests);
}
