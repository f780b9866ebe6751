/* SPDX-License-Identifier: MIT */
/* Tests retrying: a worker is lost during any task and in any way. The output must be byte for byte
 * the output of a run without losses. */
#include <config.h>

#include "support/retry_fixture.h"
#include "support/sandboxed.h"
#include "support/seed.h"

/* Checks that the report lists the losses, with their cause and their worker. */
static void check_losses(const telar_report *report, const struct strike *s, const char *what)
{
    uint64_t processes = 0, seen = 0;
    char all[1024] = "";

    for (uint64_t i = 0; i < report->n_losses; i++) {
        const struct telar_loss_report *loss = &report->loss[i];

        ck_assert_uint_lt(loss->worker, report->n_workers);
        ck_assert_uint_le(loss->at_ns, report->total_ns);
        seen += loss->busy && (s->all || loss->kind == s->kind)
                && loss->status == failures[s->failure].status
                && strstr(loss->why, failures[s->failure].why);
        if (strlen(all) < sizeof all / 2)
            snprintf(all + strlen(all), sizeof all - strlen(all), "; %s%llu: %s",
                     telar_task_kind_name(loss->kind), (unsigned long long)loss->attempt,
                     loss->why);
    }
    ck_assert_msg(seen >= atomic_load(struck), "%s, %s: %llu losses are reported instead of %u%s",
                  what, report->isolation, (unsigned long long)seen, atomic_load(struck), all);
    for (uint32_t i = 0; i < report->n_workers; i++)
        processes += report->worker[i].processes;
    /* the last lost worker has no successor if no task is left */
    ck_assert_uint_le(processes, report->n_workers + report->n_losses);
}

/* On a slow machine other workers may exceed the time limit too. More retries make the run survive
 * that. */
static struct telar_options patient(struct telar_options options, enum failure failure)
{
    if (failure != HANG && failure != STOP)
        return options;
    options.timeout_ms = 500;
    options.retries = 100;
    return options;
}

static void check_survival(const struct work *work, const struct content *expected,
                           const struct strike *s, struct telar_options options)
{
    int descriptors = count_descriptors();
    const char *what = describe(s, options.workers);
    struct telar_error error = {.text = ""};
    telar_report *report = NULL;
    telar_status status;

    unlink(output);
    atomic_store(struck, 0);
    strike = s;
    status = run(work, patient(options, s->failure), &report, &error);
    strike = NULL;
    ck_assert_msg(status == TELAR_OK, "%s: %s", what, error.text);
    ck_assert_msg(atomic_load(struck) >= s->times, "%s: too few attempts failed", what);
    check_output(expected, what);
    check_losses(report, s, what);
    telar_report_free(report);
    check_nothing_left(descriptors);
}

/* The worker is lost before it has written anything, or after it has written all. Before, its
 * extent is overwritten. */
static void check_task(const struct work *work, const struct content *expected,
                       telar_task_kind kind, uint64_t index, telar_isolation isolation)
{
    /* Each failure from CLOSE on costs a time limit. workers_that_hang_are_replaced tests these. */
    for (int failure = 0; failure < CLOSE; failure++) {
        struct strike s = {.kind = kind,
                           .index = index,
                           .times = 1 + failure % 2,
                           .failure = (enum failure)failure};
        struct telar_options options = {.isolation = isolation, .on_crash = TELAR_ON_CRASH_RETRY};

        /* A single worker makes the pixels of a band when it inflates the band. */
        options.workers =
            (kind == TELAR_TASK_UNFILTER ? 2 : 1) + (uint32_t)(failure + (int)kind) % 3;
        s.after = (failure + (int)isolation) % 2;
        if (chosen((uint64_t)failure + (uint64_t)kind + (uint64_t)isolation, 5))
            check_survival(work, expected, &s, options);
    }
}

static const telar_isolation rungs[] = {TELAR_SHARED, TELAR_GUARDED};

/* Only failures that the sandbox allows. */
START_TEST(a_loss_in_a_sandbox)
{
    const struct work *works[] = {&chain, &alone, &straight, &grid};
    const size_t begins[] = {0, 1, 2, 0}; /* for each run, the first strike that has a task */
    const struct strike strikes[] = {
        {.kind = TELAR_TASK_UNFILTER, .index = 3, .times = 2, .failure = EXIT_3, .after = true},
        {.kind = TELAR_TASK_INFLATE, .index = 7, .times = 1, .failure = SEGV},
        {.kind = TELAR_TASK_ENCODE, .index = 4, .times = 2, .failure = SEGV, .after = true},
        {.all = true, .times = 2, .failure = EXIT_0},
    };

    if (!can_sandbox("retrying in a sandbox"))
        return;
    for (size_t i = 0; i < LENGTH(works); i++) {
        struct content expected = expect(works[i]);

        for (size_t j = begins[i]; j < LENGTH(strikes); j++)
            check_survival(works[i], &expected, &strikes[j],
                           (struct telar_options){.workers = 3, .isolation = TELAR_SANDBOXED});
        free(expected.bytes);
    }
    remove_files();
}
END_TEST

static void check_tasks(const struct work *work, const telar_task_kind *kinds, size_t n)
{
    struct content expected = expect(work);

    for (size_t rung = 0; rung < LENGTH(rungs); rung++)
        for (size_t i = 0; i < n; i++)
            check_task(work, &expected, kinds[i],
                       kinds[i] <= TELAR_TASK_UNFILTER || kinds[i] == TELAR_TASK_ENCODE ? 7 : 0,
                       rungs[rung]);
    free(expected.bytes);
    remove_files();
}

START_TEST(a_loss_in_a_chain_of_bands)
{
    const telar_task_kind kinds[] = {TELAR_TASK_INFLATE, TELAR_TASK_UNFILTER, TELAR_TASK_PREPARE,
                                     TELAR_TASK_ENCODE};

    check_tasks(&chain, kinds, LENGTH(kinds));
}
END_TEST

START_TEST(a_loss_with_bands_that_are_read_alone)
{
    const telar_task_kind kinds[] = {TELAR_TASK_INFLATE, TELAR_TASK_ENCODE};

    check_tasks(&alone, kinds, LENGTH(kinds));
}
END_TEST

START_TEST(a_loss_with_one_task_per_band)
{
    const telar_task_kind kinds[] = {TELAR_TASK_PREPARE, TELAR_TASK_ENCODE};

    check_tasks(&straight, kinds, LENGTH(kinds));
}
END_TEST

START_TEST(a_loss_in_a_grid)
{
    const telar_task_kind kinds[] = {TELAR_TASK_GATHER, TELAR_TASK_MERGE, TELAR_TASK_PROCESS,
                                     TELAR_TASK_ENCODE};

    check_tasks(&grid, kinds, LENGTH(kinds));
}
END_TEST

START_TEST(a_loss_at_every_band_of_the_chain)
{
    struct content expected = expect(&chain);

    for (uint64_t index = 0; index <= N_BANDS; index++)
        for (uint32_t workers = 1; workers <= 4; workers += 3) {
            struct strike s = {
                .kind = TELAR_TASK_INFLATE, .index = index, .times = 1, .after = index % 2};

            if (chosen(index + workers, 3))
                check_survival(&chain, &expected, &s, (struct telar_options){.workers = workers});
        }
    free(expected.bytes);
    remove_files();
}
END_TEST

/* The seed chooses one of three pairs of a work and a number of workers. */
START_TEST(two_losses_at_every_task)
{
    const struct work *works[] = {&chain, &alone, &straight, &grid};
    static const uint32_t workers[] = {1, 4, 16, 64};

    for (size_t i = 0; i < LENGTH(works); i++) {
        struct content expected = expect(works[i]);

        for (size_t w = 0; w < LENGTH(workers); w++) {
            struct strike s = {
                .all = true, .times = 2, .failure = w % 2 ? KILLED : SEGV, .after = (i + w) % 2};

            if (chosen(i * LENGTH(workers) + w, 3))
                check_survival(works[i], &expected, &s,
                               (struct telar_options){.workers = workers[w]});
        }
        free(expected.bytes);
    }
    remove_files();
}
END_TEST

START_TEST(workers_that_hang_are_replaced)
{
    struct content expected = expect(&chain);
    const struct strike hangs[] = {
        {.kind = TELAR_TASK_INFLATE, .index = 7, .times = 1, .failure = HANG},
        {.kind = TELAR_TASK_UNFILTER, .index = 2, .times = 1, .failure = CLOSE},
        {.kind = TELAR_TASK_INFLATE, .index = 7, .times = 1, .failure = STOP, .after = true},
        {.kind = TELAR_TASK_ENCODE, .index = 3, .times = 1, .failure = HANG, .after = true},
        {.kind = TELAR_TASK_ENCODE, .index = 3, .times = 1, .failure = STOP},
    };

    for (size_t i = 0; i < LENGTH(hangs); i++)
        check_survival(&chain, &expected, &hangs[i], (struct telar_options){.workers = 2});
    free(expected.bytes);
    remove_files();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_loss_in_a_chain_of_bands,
        a_loss_with_bands_that_are_read_alone,
        a_loss_with_one_task_per_band,
        a_loss_in_a_grid,
        a_loss_in_a_sandbox,
        a_loss_at_every_band_of_the_chain,
        two_losses_at_every_task,
        workers_that_hang_are_replaced,
        NULL,
    };

    return run_suite("retry", tests);
}
