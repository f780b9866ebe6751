/* SPDX-License-Identifier: MIT */
/*
 * Routes: which table a run gets. Each table is compared with a text, which shows in a review what
 * a change does to the routes, and is run dry.
 */
#include <config.h>

#include "support/job_fixture.h"

#include "support/dry_run.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- a table in words ---- */

struct text {
    char bytes[4096];
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    text->used +=
        (size_t)vsnprintf(text->bytes + text->used, sizeof text->bytes - text->used, format, list);
    va_end(list);
    ck_assert_uint_lt(text->used, sizeof text->bytes);
}

static void say_buffer_name(struct text *text, const struct tl_job *job, uint8_t number)
{
    const struct {
        const char *name;
        uint8_t number;
    } names[] = {{"header", 0},           {"rest", job->rest}, {"partial", job->partial},
                 {"result", job->result}, {"raw", job->raw},   {"output", job->output},
                 {"source", job->source}};

    for (size_t i = 0; i < LENGTH(names); i++)
        if (names[i].number == number)
            say(text, "%s", names[i].name);
    for (uint32_t i = 0; i < TL_STEPS_MAX; i++)
        if (job->state[i] == number)
            say(text, "state %u", i);
}

static void say_buffer(struct text *text, const struct tl_job *job, uint8_t number)
{
    static const char *const writers[] = {"any worker", "the coordinator", "worker",
                                          "in turn",    "in shares",       "own slots"};
    const struct tl_buffer *buffer = &job->table.buffer[number];

    say_buffer_name(text, job, number);
    say(text, ": %u, %s", buffer->slots, writers[buffer->writers]);
    if (buffer->writers == TL_ONE_WORKER)
        say(text, " %u", buffer->writer);
    if (buffer->writers != TL_COORDINATOR)
        say(text, ", %s%s", buffer->access == TL_AT_START ? "at start" : "for a task",
            buffer->heirs == TL_NO_HEIR ? ", no heir" : "");
    say(text, "%s\n", buffer->place == TL_AT_END ? ", at the end" : "");
}

static void say_stage_name(struct text *text, const struct tl_stage *stage)
{
    say(text, "%s", tl_kinds[stage->kind]->name);
    if (stage->kind == TL_PREPARE || stage->kind == TL_GATHER || stage->kind == TL_MERGE)
        say(text, " %u", stage->step);
}

static void say_need(struct text *text, const struct tl_job *job, const struct tl_table_need *need)
{
    static const char *const relations[] = {"all", "meets", "left", "above"};

    say(text, "; %s ", need->use == TL_READS ? "reads" : "follows");
    say_stage_name(text, &job->table.stage[need->stage]);
    say(text, " %s", relations[need->relation]);
    if (need->relation == TL_MEETS)
        say(text, " %u", need->halo);
}

static void say_stage(struct text *text, const struct tl_job *job, const struct tl_stage *stage)
{
    say_stage_name(text, stage);
    say(text, ": %u to ", (unsigned)stage->count);
    say_buffer_name(text, job, stage->writes[0]);
    if (stage->first_item)
        say(text, " from item %u", (unsigned)stage->first_item);
    if (stage->stream != TL_ABSENT)
        say(text, "; has stream %u", stage->stream);
    for (uint32_t i = 0; i < stage->n_needs; i++)
        say_need(text, job, &job->table.need[stage->first_need + i]);
    say(text, "\n");
}

static void say_table(struct text *text, const struct tl_job *job)
{
    for (uint32_t i = 0; i < job->table.n_buffers; i++)
        say_buffer(text, job, (uint8_t)i);
    for (uint32_t i = 0; i < job->table.n_stages; i++)
        say_stage(text, job, &job->table.stage[i]);
}

/* ---- the routes ---- */

/*
 * The picture has 4000 x 6000 pixels of three bytes, which are 125 bands of 32 rows. Encoded has 3
 * slots a worker, raw 2 more than there are workers. A window has 2 slots a worker, 2 more,
 * and twice as many as the halo is bands high. There are 2 partials a worker.
 */
static const struct route {
    const char *name, *steps, *table;
    struct tl_wanted wanted;
} routes[] = {
    {"decoded before, regions kept",
     "sobel",
     "header: 1, the coordinator\n"
     "result: 6, any worker, for a task\n"
     "source: 125, the coordinator\n"
     "process: 6 to result\n",
     {.workers = 4, .plan = {3, 2}}},
    {"decoded before, on the way, a state",
     "gamma:gamma=2",
     "header: 1, the coordinator\n"
     "state 0: 1, any worker, for a task\n"
     "output: 12, own slots, at start\n"
     "source: 125, the coordinator\n"
     "prepare 0: 1 to state 0\n"
     "encode source: 125 to output; reads prepare 0 all\n",
     {.workers = 4, .output = TL_OUTPUT_FILE}},
    {"stream in two steps, window, on the way",
     "blur:sigma=10",
     "header: 1, the coordinator\n"
     "rest: 1, worker 0, for a task\n"
     "state 0: 1, any worker, for a task\n"
     "raw: 6, worker 0, at start\n"
     "output: 12, own slots, at start\n"
     "source: 12, worker 1, at start, at the end\n"
     "inflate rows: 125 to raw; has stream 0; follows inflate rows above\n"
     "inflate rest: 1 to rest; has stream 0; follows inflate rows all\n"
     "unfilter: 125 to source; reads inflate rows meets 0; reads unfilter above\n"
     "prepare 0: 1 to state 0\n"
     "encode source: 125 to output; reads unfilter meets 30; reads prepare 0 all\n",
     {.workers = 4, .input = TL_INPUT_STREAM, .output = TL_OUTPUT_FILE}},
    {"stream in two steps, whole picture, two statistics",
     "equalize equalize",
     "header: 1, the coordinator\n"
     "rest: 1, worker 0, for a task\n"
     "state 0: 1, any worker, for a task\n"
     "state 1: 1, any worker, for a task\n"
     "partial: 8, any worker, for a task\n"
     "raw: 6, worker 0, at start\n"
     "output: 12, own slots, at start\n"
     "source: 125, worker 1, at start\n"
     "inflate rows: 125 to raw; has stream 0; follows inflate rows above\n"
     "inflate rest: 1 to rest; has stream 0; follows inflate rows all\n"
     "unfilter: 125 to source; reads inflate rows meets 0; reads unfilter above\n"
     "gather 0: 8 to partial; reads unfilter meets 0\n"
     "merge 0: 1 to state 0; reads gather 0 all\n"
     "gather 1: 8 to partial from item 8; reads unfilter meets 0; reads merge 0 all\n"
     "merge 1: 1 to state 1; reads gather 1 all\n"
     "encode source: 125 to output; reads unfilter meets 0; reads merge 0 all; "
     "reads merge 1 all\n",
     {.workers = 4, .input = TL_INPUT_STREAM, .output = TL_OUTPUT_FILE}},
    {"stream in one step, window",
     "sobel",
     "header: 1, the coordinator\n"
     "rest: 1, worker 0, for a task\n"
     "output: 6, own slots, at start\n"
     "source: 8, worker 0, at start, at the end\n"
     "inflate pixels: 125 to source; has stream 0; reads inflate pixels above\n"
     "inflate rest: 1 to rest; has stream 0; follows inflate pixels all\n"
     "encode source: 125 to output; reads inflate pixels meets 1\n",
     {.workers = 2, .input = TL_INPUT_STREAM, .input_bytes = 9000000, .output = TL_OUTPUT_FILE}},
    {"bands, window",
     "sobel",
     "header: 1, the coordinator\n"
     "output: 12, own slots, at start\n"
     "source: 12, in turn, at start, at the end\n"
     "decode band: 125 to source\n"
     "encode source: 125 to output; reads decode band meets 1\n",
     {.workers = 4, .input = TL_INPUT_BANDS, .output = TL_OUTPUT_FILE}},
    {"bands, in the task that encodes",
     "gamma:gamma=2",
     "header: 1, the coordinator\n"
     "state 0: 1, any worker, for a task\n"
     "output: 12, own slots, at start\n"
     "prepare 0: 1 to state 0\n"
     "encode file: 125 to output; reads prepare 0 all\n",
     {.workers = 4, .input = TL_INPUT_BANDS, .output = TL_OUTPUT_FILE}},
    {"bands, whole picture, a statistic",
     "equalize",
     "header: 1, the coordinator\n"
     "state 0: 1, any worker, for a task\n"
     "partial: 8, any worker, for a task\n"
     "output: 12, own slots, at start\n"
     "source: 125, in shares, at start\n"
     "decode band: 125 to source\n"
     "gather 0: 8 to partial; reads decode band meets 0\n"
     "merge 0: 1 to state 0; reads gather 0 all\n"
     "encode source: 125 to output; reads decode band meets 0; reads merge 0 all\n",
     {.workers = 4, .input = TL_INPUT_BANDS, .output = TL_OUTPUT_FILE}},
    {"bands, regions, sandboxed",
     "sobel",
     "header: 1, the coordinator\n"
     "result: 6, in turn, for a task, no heir\n"
     "output: 12, own slots, at start, no heir\n"
     "source: 125, in shares, at start, no heir\n"
     "decode band: 125 to source\n"
     "process: 6 to result; reads decode band meets 1\n"
     "encode results: 125 to output; reads decode band meets 0; reads process meets 0\n",
     {.workers = 4,
      .plan = {3, 2},
      .input = TL_INPUT_BANDS,
      .output = TL_OUTPUT_FILE,
      .heirs = TL_NO_HEIR}},
    {"stream, kept segment, sandboxed, a statistic",
     "equalize",
     "header: 1, the coordinator\n"
     "rest: 1, worker 0, for a task, no heir\n"
     "state 0: 1, worker 0, for a task, no heir\n"
     "partial: 8, in turn, for a task, no heir\n"
     "result: 16, in turn, for a task, no heir\n"
     "raw: 6, worker 0, at start, no heir\n"
     "output: 12, own slots, at start, no heir\n"
     "source: 125, worker 1, at start, no heir\n"
     "inflate rows: 125 to raw; has stream 0; follows inflate rows above\n"
     "inflate rest: 1 to rest; has stream 0; follows inflate rows all\n"
     "unfilter: 125 to source; reads inflate rows meets 0; reads unfilter above\n"
     "gather 0: 8 to partial; reads unfilter meets 0\n"
     "merge 0: 1 to state 0; reads gather 0 all\n"
     "process: 16 to result; reads unfilter meets 0; reads merge 0 all\n"
     "encode results: 125 to output; reads unfilter meets 0; reads process meets 0\n",
     {.workers = 4, .input = TL_INPUT_STREAM, .output = TL_OUTPUT_BOTH, .heirs = TL_NO_HEIR}},
    {"bands, a transform of somebody else's",
     "local",
     "header: 1, the coordinator\n"
     "output: 12, own slots, for a task\n"
     "source: 10, in turn, for a task, at the end\n"
     "decode band: 125 to source\n"
     "encode source: 125 to output; reads decode band meets 0\n",
     {.workers = 4, .input = TL_INPUT_BANDS, .output = TL_OUTPUT_FILE}},
};

static struct tl_job job_of(const struct route *route)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct tl_wanted wanted = route->wanted;
    char steps[100], *rest = steps, *step;
    struct tl_job job;

    snprintf(steps, sizeof steps, "%s", route->steps);
    while ((step = strsep(&rest, " ")))
        if (strcmp(step, local.name) == 0)
            add(pipeline, &local, 0, 0, 0);
        else
            ck_assert_int_eq(telar_pipeline_parse(pipeline, step, NULL), TELAR_OK);
    wanted.image = (struct telar_geometry){4000, 6000, 3, 8};
    wanted.pipeline = pipeline;
    ck_assert_int_eq(tl_job_plan(&job, &wanted, TL_PACKED, NULL), TELAR_OK);
    telar_pipeline_free(pipeline);
    return job;
}

START_TEST(every_route_has_its_table)
{
    for (size_t i = 0; i < LENGTH(routes); i++) {
        const struct tl_job job = job_of(&routes[i]);
        struct text text = {.used = 0};

        say_table(&text, &job);
        ck_assert_msg(strcmp(text.bytes, routes[i].table) == 0, "%s:\n%s", routes[i].name,
                      text.bytes);
    }
}
END_TEST

/* ---- dry runs ---- */

START_TEST(no_table_hangs)
{
    for (size_t i = 0; i < LENGTH(routes); i++)
        for (uint32_t workers = 1; workers < 20; workers += 3) {
            struct route route = routes[i];
            struct tl_job job;
            uint64_t trace;

            route.wanted.workers = workers;
            job = job_of(&route);
            ck_assert_msg(dry_run(&job, tl_kinds, &trace) == job.table.n_tasks,
                          "%s hangs with %u workers", route.name, workers);
        }
}
END_TEST

static const struct tl_step_need steps[][2] = {
    {{TL_STEP_LOCAL, 0, 0}, {TL_STEP_LOCAL, 0, 0}},
    {{TL_STEP_PREPARES, 100, 0}, {TL_STEP_LOCAL, 0, 0}},
    {{TL_STEP_GATHERS, 5000, 3000}, {TL_STEP_PREPARES, 1, 0}},
    {{TL_STEP_LOCAL, 0, 0}, {TL_STEP_GATHERS, 5000, 3000}},
    {{TL_STEP_GATHERS, 1, 1}, {TL_STEP_GATHERS, 5000, 3000}},
};

/* Returns a request for bands of 64 rows. A row of the source takes a multiple of 64 bytes, so that
 * a band is whole pages. */
static struct tl_request request_of(const struct telar_geometry *image, uint32_t workers,
                                    uint32_t halo, size_t pair)
{
    struct tl_request request = {
        .image = *image,
        .roi = telar_region_all(image),
        .workers = workers,
        .worth = UINT32_MAX,
        .band_rows = 64,
        .halo = halo,
        .strip_rows = 64,
        .source_stride = (telar_row_bytes(image) + 63) / 64 * 64,
        .raw_bytes = 64 * (telar_row_bytes(image) + 1),
        .rest_bytes = 1000,
        .output_bytes = 100 + 65 * telar_row_bytes(image),
        .n_steps = 2,
    };

    memcpy(request.step, steps[pair], sizeof steps[pair]);
    return request;
}

static void check_request(const struct tl_request *request, enum tl_spacing spacing)
{
    struct tl_job job;
    uint64_t trace;

    ck_assert(tl_route_choose(&job, request, spacing));
    if (dry_run(&job, tl_kinds, &trace) != job.table.n_tasks)
        ck_abort_msg("input %d, output %d, heirs %d, access %d, %u workers, halo %u, %u rows hang",
                     request->input, request->output, request->heirs, request->access,
                     request->workers, request->halo, request->image.rows);
}

/* Checks all ways to ask for a run of this picture: 144 requests. */
static void check_ways(struct tl_request request)
{
    for (int way = 0; way < 3 * 3 * 2 * 2 * 2 * 2; way++) {
        request.input = (enum tl_input)(way % 3);
        request.output = (enum tl_output)(way / 3 % 3);
        request.heirs = way / 9 % 2 ? TL_NO_HEIR : TL_ANY_HEIR;
        request.access = way / 18 % 2 ? TL_FOR_TASK : TL_AT_START;
        request.plan = way / 36 % 2 ? (struct telar_plan){3, 2} : (struct telar_plan){0, 0};
        check_request(&request, way / 72 ? TL_SPACED : TL_PACKED);
    }
}

START_TEST(no_request_gets_a_table_that_hangs)
{
    const struct telar_geometry images[] = {
        {1, 1, 1, 8}, {65, 5000, 4, 16}, {700, 3, 3, 8}, {3000, 100, 3, 8}};
    const uint32_t workers[] = {1, 2, 5}, halos[] = {0, 1, 200};

    for (size_t image = 0; image < LENGTH(images); image++)
        for (size_t w = 0; w < LENGTH(workers); w++)
            for (size_t h = 0; h < LENGTH(halos); h++)
                for (size_t pair = 0; pair < LENGTH(steps); pair++)
                    check_ways(request_of(&images[image], workers[w], halos[h], pair));
}
END_TEST

/* The task after the stream follows the inflating tasks and does not read their bands. A table in
 * which it reads them would never free a slot of the ring. */
START_TEST(a_table_that_would_hang_is_told)
{
    struct tl_job job = job_of(&routes[2]);
    struct tl_stage *rest = &job.table.stage[1];
    uint64_t trace;

    ck_assert_uint_eq(rest->kind, TL_READ_REST);
    job.table.need[rest->first_need].use = TL_READS;
    ck_assert_uint_lt(dry_run(&job, tl_kinds, &trace), job.table.n_tasks);
}
END_TEST

/* A window with too few slots for one band and its halo. */
START_TEST(a_window_that_is_too_small_is_told)
{
    struct tl_job job = job_of(&routes[2]);
    uint64_t trace;

    job.table.buffer[job.source].slots = 2; /* a band reads three */
    ck_assert_uint_lt(dry_run(&job, tl_kinds, &trace), job.table.n_tasks);
    job.table.buffer[job.source].slots = 4;
    ck_assert_uint_eq(dry_run(&job, tl_kinds, &trace), job.table.n_tasks);
}
END_TEST

/* ---- copies ---- */

/* Nothing in a job points into it, or anywhere. */
START_TEST(a_copy_of_the_bytes_means_the_same)
{
    for (size_t i = 0; i < LENGTH(routes); i++) {
        struct tl_job job = job_of(&routes[i]), *copy = malloc(sizeof job);
        uint64_t trace, trace_of_copy;
        struct tl_piece a, b;

        ck_assert_ptr_nonnull(copy);
        memcpy(copy, &job, sizeof job);
        ck_assert_uint_eq(dry_run(&job, tl_kinds, &trace), job.table.n_tasks);
        for (uint32_t w = 0; w < job.table.workers; w++)
            for (uint32_t n = 0; tl_table_piece(&job.table, w, n, &a); n++) {
                ck_assert(tl_table_piece(&copy->table, w, n, &b));
                ck_assert_mem_eq(&a.extent, &b.extent, sizeof a.extent);
            }
        memset(&job, 0xa5, sizeof job);
        ck_assert_uint_eq(dry_run(copy, tl_kinds, &trace_of_copy), copy->table.n_tasks);
        ck_assert_uint_eq(trace, trace_of_copy);
        free(copy);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {every_route_has_its_table,
                                  no_table_hangs,
                                  no_request_gets_a_table_that_hangs,
                                  a_table_that_would_hang_is_told,
                                  a_window_that_is_too_small_is_told,
                                  a_copy_of_the_bytes_means_the_same,
                                  NULL};

    return run_suite("route", tests);
}
