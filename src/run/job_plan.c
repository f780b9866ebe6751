/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "run/job_plan.h"

#include "base/status.h"
#include "png/decoder.h"
#include "png/encode_bands.h"
#include "png/png_steps.h"
#include "transform/transform.h"

#include <inttypes.h>

enum {
    STRIP_BYTES =
        256 << 10,    /* of source for a strip: with its result it stays in a private cache */
    STRIDE_UNIT = 64, /* a cache line */
    LIGHT_HALO = 16,  /* rows around a pixel; transforms that read more work long */
};

/* ---- what is refused ---- */

static telar_status check_transforms(const struct tl_wanted *wanted, struct telar_error *error)
{
    telar_status status = TELAR_OK;

    for (uint32_t i = 0; status == TELAR_OK && i < wanted->pipeline->length; i++)
        status = tl_transform_takes(wanted->pipeline->step[i].transform, &wanted->image, error);
    return status;
}

static telar_status choose_area(struct tl_request *request, const struct telar_region *roi,
                                struct telar_error *error)
{
    const struct telar_geometry *image = &request->image;
    struct telar_region area = roi ? *roi : telar_region_all(image);

    request->roi = area;
    if (area.r0 < area.r1 && area.r1 <= image->rows && area.c0 < area.c1
        && area.c1 <= image->columns)
        return TELAR_OK;
    return tl_fail(error, TELAR_USAGE, 0,
                   "region of interest %" PRIu32 ":%" PRIu32 ",%" PRIu32 ":%" PRIu32
                   " is empty or outside the image, which has rows 0:%" PRIu32
                   " and columns 0:%" PRIu32,
                   area.r0, area.r1, area.c0, area.c1, image->rows, image->columns);
}

/* Checks a grid that the user asked for; the regions are those that lie in the area. */
static telar_status check_grid(const struct tl_request *request, struct telar_error *error)
{
    struct telar_plan plan = request->plan;

    if (!plan.rows && !plan.columns)
        return TELAR_OK;
    if (!plan.rows || !plan.columns)
        return tl_fail(error, TELAR_USAGE, 0,
                       "a grid of %" PRIu32 "x%" PRIu32 " has no regions; use 1x1 or more",
                       plan.rows, plan.columns);
    plan = telar_plan_clip(plan, &request->roi);
    if (request->heirs == TL_NO_HEIR
        && telar_plan_count(plan) > (uint64_t)TL_FIXED_REGIONS_MAX * request->workers)
        return tl_fail(error, TELAR_USAGE, 0,
                       "a grid of %" PRIu32 "x%" PRIu32 " has more regions than %" PRIu32
                       " sandboxed workers can map; use a coarser one, or -i guarded",
                       plan.rows, plan.columns, request->workers);
    if (telar_plan_count(plan) > TL_REGIONS_MAX)
        return tl_fail(error, TELAR_USAGE, 0,
                       "a grid of %" PRIu32 "x%" PRIu32 " has more than %" PRIu64
                       " regions; use a coarser one",
                       plan.rows, plan.columns, TL_REGIONS_MAX);
    return TELAR_OK;
}

/* ---- numbers ---- */

static struct tl_pass whole_pass(const struct tl_wanted *wanted)
{
    return (struct tl_pass){
        .pipeline = wanted->pipeline, .image = wanted->image, .count = wanted->pipeline->length};
}

/*
 * A band is a power of two of rows. The stride is rounded so that a band is whole pages: only then
 * can slots of the source lie back to back and be protected one by one.
 */
static void choose_bands(struct tl_request *request)
{
    size_t row = telar_row_bytes(&request->image), unit = STRIDE_UNIT;

    request->band_rows = tl_encode_band_rows(&request->image);
    request->raw_bytes = tl_png_raw_bytes(&request->image, request->band_rows);
    if (request->band_rows < TL_PAGE_BYTES / STRIDE_UNIT)
        unit = TL_PAGE_BYTES / request->band_rows;
    request->source_stride = (row + unit - 1) / unit * unit;
}

/* Chooses the rows of a strip: 256 KiB of source, which fits a private cache. A strip has at least
 * four times the rows of the halo, because each strip reads the halo again. */
static telar_status choose_strips(struct tl_request *request, const struct tl_wanted *wanted,
                                  struct telar_error *error)
{
    struct tl_pass pass = whole_pass(wanted);
    uint64_t rows = STRIP_BYTES / telar_row_bytes(&request->image);

    if (!tl_pipeline_halo(&pass, &request->halo))
        return tl_fail(
            error, TELAR_USAGE, 0,
            "a transform reads more than %d pixels around a region; use smaller parameters",
            TELAR_HALO_MAX);
    if (rows < 4 * (uint64_t)request->halo)
        rows = 4 * (uint64_t)request->halo;
    if (rows > request->image.rows)
        rows = request->image.rows;
    request->strip_rows = rows ? (uint32_t)rows : 1;
    return TELAR_OK;
}

/* Sums scratch up for the largest strip of any task: one of a gather stage spans the image, the
 * others at most as much. */
static bool choose_transform_scratch(struct tl_request *request, const struct tl_wanted *wanted)
{
    struct tl_pass pass = whole_pass(wanted);
    uint32_t rows = request->strip_rows, columns = request->image.columns;
    size_t largest, bytes;

    if (!tl_pipeline_scratch_bytes(&pass, rows, columns, &largest))
        return false;
    for (uint32_t i = 0; i < wanted->pipeline->length; i++) {
        pass.count = i;
        if (!wanted->pipeline->step[i].transform->gather)
            continue;
        if (!tl_pipeline_gather_scratch_bytes(&pass, rows, columns, &bytes))
            return false;
        if (bytes > largest)
            largest = bytes;
    }
    request->transform_scratch = largest;
    return largest < SIZE_MAX / 4;
}

static telar_status choose_scratch(struct tl_request *request, const struct tl_wanted *wanted,
                                   struct telar_error *error)
{
    bool good = choose_transform_scratch(request, wanted);

    if (request->input != TL_INPUT_PIXELS || request->output != TL_OUTPUT_REGIONS) {
        request->decode_scratch = tl_png_decode_scratch_bytes(&request->image);
        request->encode_scratch = tl_encode_scratch_bytes(&request->image, request->band_rows,
                                                          wanted->compression == TELAR_SMALL);
        good = good && request->encode_scratch < SIZE_MAX / 4;
    }
    return good ? TELAR_OK
                : tl_fail(error, TELAR_HOST, 0,
                          "the pipeline needs more memory than fits into an address space");
}

static void choose_steps(struct tl_request *request, const struct tl_wanted *wanted)
{
    struct tl_pass pass = whole_pass(wanted);

    request->n_steps = wanted->pipeline->length;
    for (uint32_t i = 0; i < request->n_steps; i++) {
        const struct telar_transform *transform = wanted->pipeline->step[i].transform;
        struct tl_step_need *step = &request->step[i];

        step->state_bytes = tl_step_need(&pass, i, TL_NEED_STATE_BYTES, 0, 0);
        step->partial_bytes = tl_step_need(&pass, i, TL_NEED_PARTIAL_BYTES, 0, 0);
        step->does = transform->gather    ? TL_STEP_GATHERS
                     : transform->prepare ? TL_STEP_PREPARES
                                          : TL_STEP_LOCAL;
    }
}

/* ---- the job ---- */

/* Returns whether all transforms come with telar. These write only their region. Others may write
 * anywhere by mistake, so their workers get write access for one task at a time. */
static bool is_built_in(const struct telar_pipeline *pipeline)
{
    for (uint32_t i = 0; i < pipeline->length; i++)
        if (telar_transform_find(pipeline->step[i].transform->name) != pipeline->step[i].transform)
            return false;
    return true;
}

static struct tl_request begin_request(const struct tl_wanted *wanted)
{
    return (struct tl_request){
        .image = wanted->image,
        .plan = wanted->plan,
        .input = wanted->input,
        .input_bytes = wanted->input_bytes,
        .output = wanted->output,
        .heirs = wanted->heirs,
        .access = is_built_in(wanted->pipeline) ? TL_AT_START : TL_FOR_TASK,
        .workers = wanted->workers,
        .worth = UINT32_MAX,
        .effort = (uint32_t)wanted->compression,
        .rest_bytes = TL_REST_BYTES,
    };
}

static telar_status fill_request(struct tl_request *request, const struct tl_wanted *wanted,
                                 struct telar_error *error)
{
    telar_status status = check_transforms(wanted, error);

    choose_bands(request);
    if (status == TELAR_OK)
        status = choose_area(request, wanted->roi, error);
    if (status == TELAR_OK)
        status = check_grid(request, error);
    if (status == TELAR_OK)
        status = choose_strips(request, wanted, error);
    if (status == TELAR_OK)
        status = choose_scratch(request, wanted, error);
    return status;
}

telar_status tl_job_plan(struct tl_job *job, const struct tl_wanted *wanted,
                         enum tl_spacing spacing, struct telar_error *error)
{
    struct tl_request request = begin_request(wanted);
    telar_status status = fill_request(&request, wanted, error);

    if (status != TELAR_OK)
        return status;
    choose_steps(&request, wanted);
    if (request.output != TL_OUTPUT_REGIONS)
        request.output_bytes = tl_encode_slot_bytes(&request.image, request.band_rows);
    if (wanted->light_workers && request.access == TL_AT_START && request.halo <= LIGHT_HALO
        && wanted->compression != TELAR_SMALL)
        request.worth = wanted->light_workers;
    if (tl_route_choose(job, &request, spacing))
        return TELAR_OK;
    return tl_fail(error, TELAR_HOST, 0,
                   "%" PRIu32 " x %" PRIu32 " pixels in %" PRIu64
                   " regions do not fit into an address space",
                   request.image.rows, request.image.columns, telar_plan_count(job->plan));
}
