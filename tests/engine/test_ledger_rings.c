/* SPDX-License-Identifier: MIT */
/*
 * Rings of slots: whatever order workers do their tasks in, and whoever of them dies, what a task
 * reads is there when it begins and until it ends, and nobody writes where somebody reads or
 * writes. Checked by playing runs with dice, as the ledger gives out tasks.
 */
#include <config.h>

#include "support/suite.h"

#include "engine/ledger.h"
#include "support/plane.h"

#include <stdio.h>

enum { WORKERS_MAX = 9, TICKETS_MAX = 2, SLOTS_MAX = 4096 };

/* A ring as it is in memory: which band each slot holds, and who is at it. */
struct memory {
    const struct tl_ring *ring;
    int64_t band[SLOTS_MAX];
    int readers[SLOTS_MAX];
    bool written[SLOTS_MAX];
};

struct play {
    struct tl_job job;
    struct tl_ledger ledger;
    struct memory filtered, source, encoded;
    struct tl_ticket ticket[WORKERS_MAX][TICKETS_MAX];
    uint32_t made;          /* workers that could be made in the end; the others never ask */
    uint32_t present;       /* those that are there by now */
    bool gone[WORKERS_MAX]; /* lost, and nobody comes in its place */
    uint32_t n_tickets[WORKERS_MAX];
    uint32_t unheard[WORKERS_MAX]; /* how many of its tickets are done, but the coordinator does not
                                      know it yet */
    bool begun[WORKERS_MAX];       /* the one behind those is being worked on */
};

static void remember(struct memory *memory, const struct tl_ring *ring)
{
    memset(memory, 0, sizeof *memory);
    memory->ring = ring;
    ck_assert_uint_le(ring->slots, SLOTS_MAX);
    for (uint32_t i = 0; i < SLOTS_MAX; i++)
        memory->band[i] = -1;
}

static void read_at(struct memory *memory, uint64_t slot, uint64_t band, int change)
{
    ck_assert_msg(memory->band[slot] == (int64_t)band, "band %llu is not in its slot",
                  (unsigned long long)band);
    ck_assert_msg(!memory->written[slot], "band %llu is overwritten while it is read",
                  (unsigned long long)band);
    memory->readers[slot] += change;
}

static void read_slot(struct memory *memory, uint64_t band, int change)
{
    read_at(memory, band % memory->ring->slots, band, change);
}

static void write_at(struct memory *memory, uint64_t slot, uint64_t band, bool begin)
{
    ck_assert_msg(memory->readers[slot] == 0, "band %llu overwrites what is read",
                  (unsigned long long)band);
    ck_assert_int_ne(memory->written[slot], begin);
    memory->written[slot] = begin;
    memory->band[slot] = begin ? -1 : (int64_t)band;
}

static void write_slot(struct memory *memory, uint64_t band, bool begin)
{
    write_at(memory, band % memory->ring->slots, band, begin);
}

/* The bands that encoding one reads: its rows and the halo. */
static void read_around(struct play *play, const struct tl_task *task, int change)
{
    const struct tl_job *job = &play->job;
    uint64_t first =
        (task->region.r0 > job->halo ? task->region.r0 - job->halo : 0) / job->band_rows;
    uint64_t end = task->region.r1 + (uint64_t)job->halo;

    end = end < job->image.rows ? end : job->image.rows;
    for (uint64_t band = first; band * job->band_rows < end; band++)
        read_slot(&play->source, band, change);
}

/* Pixels are made of rows that are at hand: in a slot of their own, or where nobody else comes
 * near. */
static void touch_pixels(struct play *play, uint64_t band, bool begin)
{
    if (band > 0 && !play->job.restart)
        read_slot(&play->source, band - 1, begin ? 1 : -1);
    write_slot(&play->source, band, begin);
}

/* A task begins (true) or ends: touches what it reads and writes. */
static void touch(struct play *play, const struct tl_task *task, uint32_t slot, bool begin)
{
    int change = begin ? 1 : -1;

    switch (task->stage->kind) {
    case TELAR_TASK_INFLATE:
        if (task->index < play->job.n_bands && play->job.together)
            touch_pixels(play, task->index, begin);
        else if (task->index < play->job.n_bands)
            write_slot(&play->filtered, task->index, begin);
        break;
    case TELAR_TASK_UNFILTER:
        read_slot(&play->filtered, task->index, change);
        touch_pixels(play, task->index, begin);
        break;
    case TELAR_TASK_ENCODE:
        if (!play->job.straight)
            read_around(play, task, change);
        write_at(&play->encoded, slot, task->index, begin);
        break;
    case TELAR_TASK_GATHER:
        read_around(play, task, change);
        break;
    case TELAR_TASK_PREPARE:
    case TELAR_TASK_MERGE:
        break;
    default:
        ck_abort_msg("there is no such stage here");
    }
}

/* The coordinator takes encoded bands away, in order. */
static void write_encoded(struct play *play)
{
    uint32_t slot;

    while (tl_ledger_next_encoded(&play->ledger, &slot)) {
        read_at(&play->encoded, slot, play->ledger.n_written, 0);
        play->ledger.n_written++;
    }
}

static bool contains(const struct tl_extent *outer, const struct tl_extent *inner)
{
    return inner->offset >= outer->offset
           && inner->offset + inner->bytes <= outer->offset + outer->bytes;
}

/* What a worker owns no other may be told to write, and what it is said to own is among its pieces.
 */
static void check_owner(struct play *play, uint32_t worker, const struct tl_ticket *ticket)
{
    struct tl_task task = tl_job_task(&play->job, ticket->task, ticket->slot);
    bool mine = false, others = false;
    struct tl_extent piece;

    for (uint32_t w = 0; w < play->made; w++)
        for (uint32_t i = 0; !play->gone[w] && tl_job_own(&play->job, w, i, &piece); i++)
            *(w == worker ? &mine : &others) |= contains(&piece, &task.extent);
    ck_assert(!others);
    ck_assert_int_eq(mine, tl_job_owns(&play->job, worker, &task));
}

static void give(struct play *play, uint32_t worker)
{
    struct tl_ticket ticket;

    if (play->n_tickets[worker] == TICKETS_MAX || !tl_ledger_take(&play->ledger, worker, &ticket))
        return;
    check_owner(play, worker, &ticket);
    play->ticket[worker][play->n_tickets[worker]++] = ticket;
}

/* Whoever works on the task has died in the middle of it. */
static void spoil(struct play *play, const struct tl_task *task, uint32_t slot)
{
    touch(play, task, slot, false);
    if (task->stage->kind == TELAR_TASK_INFLATE && task->index < play->job.n_bands
        && !play->job.together)
        play->filtered.band[task->index % play->job.filtered.slots] = -1;
    if (task->stage == tl_job_decoding(&play->job) && task->index < play->job.n_bands)
        play->source.band[task->index % play->job.source.slots] = -1;
    if (task->stage->kind == TELAR_TASK_ENCODE)
        play->encoded.band[slot] = -1;
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
            == TELAR_TASK_ENCODE)
            return false;
    return left > 1 && play->present == play->made;
}

/*
 * One worker dies, and another takes its place, or nobody. What it had not been heard to say is
 * lost, as with a hanging one.
 */
static void die(struct play *play, uint32_t worker, bool for_good)
{
    play->gone[worker] = for_good && can_be_spared(play, worker);
    if (play->begun[worker]) {
        struct tl_ticket ticket = play->ticket[worker][play->unheard[worker]];
        struct tl_task task = tl_job_task(&play->job, ticket.task, ticket.slot);

        spoil(play, &task, ticket.slot);
    }
    for (uint32_t i = 0; i < play->n_tickets[worker]; i++)
        tl_ledger_give_back(&play->ledger, play->ticket[worker][i].task, i == 0);
    tl_ledger_leave(&play->ledger, worker, play->gone[worker]);
    play->n_tickets[worker] = play->unheard[worker] = 0;
    play->begun[worker] = false;
}

/* One worker begins or ends the next of its tickets. */
static void step(struct play *play, uint32_t worker)
{
    struct tl_ticket ticket;
    struct tl_task task;

    if (play->unheard[worker] == play->n_tickets[worker])
        return;
    ticket = play->ticket[worker][play->unheard[worker]];
    task = tl_job_task(&play->job, ticket.task, ticket.slot);
    play->begun[worker] = !play->begun[worker];
    touch(play, &task, ticket.slot, play->begun[worker]);
    play->unheard[worker] += !play->begun[worker];
}

/* The coordinator hears what a worker has done. */
static void hear(struct play *play, uint32_t worker)
{
    for (; play->unheard[worker] > 0; play->unheard[worker]--) {
        tl_ledger_done(&play->ledger, play->ticket[worker][0].task, 0, 0);
        play->ticket[worker][0] = play->ticket[worker][1];
        play->n_tickets[worker]--;
    }
}

/* How bands are decoded, and what of those that are decoded for themselves is needed by others. */
enum decoding { ONE_BY_ONE, TOGETHER, ALONE, OF_THE_WHOLE, FOR_FOREIGNERS, DECODINGS };

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

static void play_run(struct play *play, struct tl_request request, uint32_t made,
                     uint32_t halo_rows, enum decoding decoding, bool deaths, uint32_t seed)
{
    static const char *const text = "blur:sigma=";
    telar_pipeline *pipeline = telar_pipeline_new();
    uint64_t rounds = 0, limit;
    char blur[40];

    snprintf(blur, sizeof blur, "%s%g", text, halo_rows / 3.0);
    if (halo_rows)
        ck_assert_int_eq(telar_pipeline_parse(pipeline, blur, NULL), TELAR_OK);
    if (decoding == OF_THE_WHOLE)
        ck_assert_int_eq(telar_pipeline_parse(pipeline, "equalize", NULL), TELAR_OK);
    if (decoding == FOR_FOREIGNERS)
        ck_assert_int_eq(telar_pipeline_add(pipeline, &foreign, NULL, NULL), TELAR_OK);
    request.together = decoding == TOGETHER;
    request.restart = decoding >= ALONE;
    request.pipeline = pipeline;
    memset(play, 0, sizeof *play);
    ck_assert_int_eq(tl_job_init(&play->job, &request, NULL), TELAR_OK);
    ck_assert_int_eq(play->job.straight, decoding == ALONE && halo_rows == 0);
    ck_assert_int_eq(tl_ledger_init(&play->ledger, &play->job, NULL), TELAR_OK);
    remember(&play->filtered, &play->job.filtered);
    remember(&play->source, &play->job.source);
    remember(&play->encoded, &play->job.encoded);
    play->made = made;
    play->present = 1;
    limit = play->job.n_tasks * 10000 + 1000000;
    while (!tl_ledger_complete(&play->ledger)) {
        uint32_t worker = next_random(&seed) % play->present, dice = next_random(&seed) % 1000;

        ck_assert_msg(++rounds < limit, "nobody can go on");
        if (play->present < made && dice % 100 == 99)
            play->present++;
        if (play->present == made)
            play->ledger.workers = made; /* till then the others may still come */
        if (play->gone[worker])
            continue;
        if (dice == 0)
            write_encoded(play); /* seldom, so that encoded bands pile up */
        else if (dice < 10 && deaths)
            die(play, worker, dice % 3 == 0);
        else if (dice % 4 == 0)
            hear(play, worker);
        else if (dice % 4 == 1)
            give(play, worker);
        else
            step(play, worker);
    }
    tl_ledger_free(&play->ledger);
    telar_pipeline_free(pipeline);
}

static void play_runs(bool deaths)
{
    static struct play play;
    const uint32_t halos[] = {0, 1, 17, 100};

    for (uint32_t workers = 1; workers <= WORKERS_MAX; workers += workers % 3 ? 1 : 3)
        for (int decoding = 0; decoding < DECODINGS; decoding++)
            for (size_t i = 0; i < sizeof halos / sizeof *halos; i++)
                for (uint32_t seed = 1; seed < 6; seed++)
                    play_run(&play,
                             (struct tl_request){.image = {1000, 20000, 1, 8},
                                                 .workers = workers,
                                                 .decode = true,
                                                 .apart = seed % 2,
                                                 .encode = true},
                             seed % 2 ? workers : (workers + 1) / 2, halos[i],
                             (enum decoding)decoding, deaths, seed);
}

START_TEST(nobody_reads_what_is_not_there)
{
    play_runs(false);
}
END_TEST

START_TEST(what_a_dead_worker_had_can_be_done_again)
{
    play_runs(true);
}
END_TEST

/* Of a picture that stays, in bands that are decoded for themselves, whoever asks first. */
START_TEST(each_worker_begins_with_its_own_share)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_request request = {
        .image = {1000, 20000, 1, 8}, .decode = true, .encode = true, .restart = true};

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "equalize", NULL), TELAR_OK);
    request.pipeline = pipeline;
    for (request.workers = 1; request.workers <= WORKERS_MAX; request.workers++) {
        struct tl_ledger ledger;
        struct tl_job job;

        ck_assert_int_eq(tl_job_init(&job, &request, NULL), TELAR_OK);
        ck_assert_int_eq(tl_ledger_init(&ledger, &job, NULL), TELAR_OK);
        ck_assert_uint_ge(job.n_bands, WORKERS_MAX);
        for (uint32_t worker = request.workers; worker-- > 0;) {
            struct tl_ticket ticket;

            ck_assert(tl_ledger_take(&ledger, worker, &ticket));
            ck_assert_uint_eq(ticket.task - tl_job_stage(&job, TELAR_TASK_INFLATE)->first,
                              job.n_bands * worker / request.workers);
        }
        tl_ledger_free(&ledger);
    }
    telar_pipeline_free(pipeline);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {nobody_reads_what_is_not_there,
                                  what_a_dead_worker_had_can_be_done_again,
                                  each_worker_begins_with_its_own_share, NULL};

    return run_suite("ledger_rings", tests);
}
