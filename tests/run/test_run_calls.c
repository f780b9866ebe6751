/* SPDX-License-Identifier: MIT */
/*
 * Tests the arguments of every callback of a transform against the public header, on every engine.
 */
#include <config.h>

#include "support/suite.h"

#include "support/runs.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

static const telar_engine engines[] = {TELAR_SERIAL, TELAR_THREADS, TELAR_GIL, TELAR_PROCESSES};

/* The observations of the callbacks. Worker processes and the test share this memory. */
static struct sights {
    _Atomic(const char *)
        complaint; /* the first failed check, a literal: its address is the same in every process */
    atomic_uint calls, gathered_pixels;
} * sights;

static void expect(bool right, const char *complaint)
{
    const char *none = NULL;

    if (!right)
        atomic_compare_exchange_strong(&sights->complaint, &none, complaint);
}

/* ---- a transform that checks every argument ---- */

enum { STATE_BYTES = 5000, PARTIAL_BYTES = 300, SCRATCH_BYTES = 700, READY = 0x77 };

static bool all_zeros(const void *memory, size_t bytes)
{
    const unsigned char *at = memory;

    for (size_t i = 0; i < bytes; i++)
        if (at[i])
            return false;
    return true;
}

static bool aligned(const void *memory)
{
    return (uintptr_t)memory % 64 == 0;
}

static void look(const struct telar_context *context, bool has_state)
{
    atomic_fetch_add(&sights->calls, 1);
    expect(context->image.rows == 37 && context->image.columns == 41 && context->image.channels == 3
               && context->image.depth == 16,
           "the image's geometry is wrong");
    expect(context->params[0] == 11 && context->params[1] == 22, "the parameters are wrong");
    expect((context->state != NULL) == has_state, "the state is NULL, or exists too early");
    expect(!has_state || aligned(context->state), "state is not aligned");
    if (context->scratch) {
        expect(aligned(context->scratch), "scratch is not aligned");
        memset(context->scratch, 0xee, SCRATCH_BYTES);
    }
}

static size_t state_bytes(const struct telar_context *context)
{
    return STATE_BYTES;
}

static size_t partial_bytes(const struct telar_context *context)
{
    return PARTIAL_BYTES;
}

static size_t scratch_bytes(const struct telar_context *context, uint32_t rows, uint32_t columns)
{
    return SCRATCH_BYTES;
}

static void prepare(const struct telar_context *context, void *state)
{
    look(context, false);
    expect(aligned(state), "the state to prepare is not aligned");
    expect(all_zeros(state, STATE_BYTES), "the state to prepare is not zero");
    *(unsigned char *)state = READY;
}

static void gather(const struct telar_context *context, const struct telar_source *source,
                   const struct telar_region *region, void *partial)
{
    uint32_t *gathered = partial;

    look(context, false);
    expect(context->scratch != NULL, "gather got no scratch memory");
    expect(aligned(partial), "a partial is not aligned");
    expect(*gathered != 0 || all_zeros(partial, PARTIAL_BYTES), "a new partial is not zero");
    *gathered += telar_region_rows(region) * telar_region_columns(region);
    atomic_fetch_add(&sights->gathered_pixels,
                     telar_region_rows(region) * telar_region_columns(region));
}

static void merge(const struct telar_context *context, const void *partials, size_t stride_bytes,
                  uint32_t count, void *state)
{
    uint32_t total = 0;

    look(context, false);
    expect(*(unsigned char *)state == READY, "merge ran before prepare");
    for (uint32_t i = 0; i < count; i++) {
        const unsigned char *partial = (const unsigned char *)partials + i * stride_bytes;

        expect(aligned(partial), "a partial to merge is not aligned");
        total += *(const uint32_t *)(const void *)partial;
    }
    expect(total == 37 * 41, "the partials do not count every pixel once");
    memcpy((unsigned char *)state + 64, &total, sizeof total);
}

static void process(const struct telar_context *context, const struct telar_source *source,
                    const struct telar_result *result)
{
    uint32_t total;

    look(context, true);
    expect(context->scratch != NULL, "process got no scratch memory");
    memcpy(&total, (const unsigned char *)context->state + 64, sizeof total);
    expect(*(const unsigned char *)context->state == READY && total == 37 * 41,
           "the state is not that of merge");
    copy_pixels(context, source, result);
}

static const struct telar_param params[] = {{"first", "a number", 0, 100, 11, true},
                                            {"second", "a number", 0, 100, 22, true},
                                            {NULL, NULL, 0, 0, 0, false}};

static const struct telar_transform looking = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "looking",
    .summary = "for tests",
    .manual = "for tests",
    .params = params,
    .state_bytes = state_bytes,
    .prepare = prepare,
    .partial_bytes = partial_bytes,
    .gather = gather,
    .merge = merge,
    .scratch_bytes = scratch_bytes,
    .process = process,
};

/* ---- runs of this transform ---- */

static void run(const struct telar_transform *transform, int times,
                const struct telar_options *options)
{
    telar_image *source = picture_new(37, 41, 3, 16), *result;
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    for (int i = 0; i < times; i++)
        ck_assert_int_eq(telar_pipeline_add(pipeline, transform, NULL, NULL), TELAR_OK);
    ck_assert_msg(telar_run(source, &result, pipeline, options, NULL, &error) == TELAR_OK, "%s",
                  error.text);
    ck_assert(picture_same(source, result));
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
}

static void check_sights(void)
{
    const char *complaint = atomic_load(&sights->complaint);

    ck_assert_msg(complaint == NULL, "%s", complaint);
    ck_assert_uint_gt(atomic_load(&sights->calls), 0);
}

static void share_sights(void)
{
    sights = mmap(NULL, sizeof *sights, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(sights, MAP_FAILED);
}

START_TEST(callbacks_get_the_arguments_that_the_header_promises)
{
    const struct telar_region roi = {5, 30, 7, 20};

    share_sights();
    for (size_t i = 0; i < LENGTH(engines); i++)
        for (int times = 1; times <= 3; times++)
            for (int part = 0; part < 2; part++) {
                struct telar_options options = {.engine = engines[i],
                                                .workers = 3,
                                                .plan = {3, 2},
                                                .has_roi = part,
                                                .roi = roi};

                atomic_store(&sights->gathered_pixels, 0);
                run(&looking, times, &options);
                check_sights();
                ck_assert_uint_eq(atomic_load(&sights->gathered_pixels), 37 * 41 * times);
            }
}
END_TEST

/* ---- telar_current_region() ---- */

/* Checks that telar_current_region() names the region of this call. */
static void ask_region(const struct telar_context *context, const struct telar_source *source,
                       const struct telar_result *result)
{
    const struct telar_region *region = &result->region;
    char text[64] = "?", expected[64], small[6] = {1, 2, 3, 4, 5, 77};

    atomic_fetch_add(&sights->calls, 1);
    snprintf(expected, sizeof expected, "%u:%u,%u:%u", region->r0, region->r1, region->c0,
             region->c1);
    expect(telar_current_region(text, sizeof text), "no region is known");
    expect(strcmp(text, expected) == 0, "another region is named");
    expect(telar_current_region(small, 5), "a small buffer is refused");
    expect(strncmp(small, expected, 4) == 0 && small[4] == 0 && small[5] == 77,
           "the text is cut in the wrong place");
    expect(!telar_current_region(small, 0), "a buffer of 0 bytes is accepted");
    copy_pixels(context, source, result);
}

static const struct telar_transform asking = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "asking",
    .summary = "for tests",
    .manual = "for tests",
    .process = ask_region,
};

START_TEST(a_transform_can_ask_for_its_region)
{
    char text[64];

    share_sights();
    ck_assert(!telar_current_region(text, sizeof text));
    for (size_t i = 0; i < LENGTH(engines); i++) {
        run(&asking, 1,
            &(struct telar_options){.engine = engines[i], .workers = 3, .plan = {3, 5}});
        check_sights();
        ck_assert(!telar_current_region(text, sizeof text));
    }
}
END_TEST

static char handled[64];

static void handle(int number)
{
    (void)number;
    if (!telar_current_region(handled, sizeof handled))
        handled[0] = 0;
}

static void raise_signal(const struct telar_context *context, const struct telar_source *source,
                         const struct telar_result *result)
{
    raise(SIGUSR1);
    copy_pixels(context, source, result);
}

START_TEST(a_signal_handler_can_ask_for_the_region)
{
    struct telar_transform raising = asking;
    const struct telar_region roi = {36, 37, 40, 41};

    raising.process = raise_signal;
    signal(SIGUSR1, handle);
    run(&raising, 1, &(struct telar_options){.engine = TELAR_SERIAL, .has_roi = true, .roi = roi});
    ck_assert_str_eq(handled, "36:37,40:41");
    raise(SIGUSR1);
    ck_assert_str_eq(handled, "");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        callbacks_get_the_arguments_that_the_header_promises,
        a_transform_can_ask_for_its_region,
        a_signal_handler_can_ask_for_the_region,
        NULL,
    };

    return run_suite("run_calls", tests);
}
