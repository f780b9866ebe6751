/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "engine/task.h"

#include "png/decoder.h"
#include "png/encode_bands.h"
#include "base/host.h"
#include "png/band_reader.h"
#include "png/unfilter.h"

#include <string.h>

_Static_assert((int)TL_REST_BYTES <= (int)TL_TAIL_BYTES, "what is left to the coordinator fits");

/* ---- decoding ---- */

/* The reference decoder must judge: see tl_decoder_in_bands. */
static void doubt(struct tl_record *record)
{
    record->trouble = TL_TROUBLE_DOUBT;
}

/* Decoding failed: because the file could not be read, or because of what is in it. */
static void refuse(struct tl_record *record, int errnum)
{
    record->trouble = errnum ? TL_TROUBLE_INPUT : TL_TROUBLE_DOUBT;
    record->errnum = errnum;
}

/* A worker that has the stream in the place of another, which is gone, begins at its first row, and
 * forgets what was done. */
static bool catch_up(const struct tl_place *place, uint32_t row)
{
    const struct tl_job *job = place->job;
    uint32_t at = tl_decoder_rows_read(place->decoder);
    bool good = at <= row;

    for (; good && at < row; at = tl_decoder_rows_read(place->decoder))
        good = tl_decoder_read_band(place->decoder, place->scratch + job->band_offset,
                                    row - at < job->band_rows ? row - at : job->band_rows);
    return good;
}

/* The next rows of the stream, which only one worker has. */
static void inflate_next(const struct tl_place *place, const struct tl_task *task,
                         unsigned char *filtered, struct tl_record *record)
{
    if (!catch_up(place, task->region.r0)
        || !tl_decoder_read_band(place->decoder, filtered, telar_region_rows(&task->region)))
        refuse(record, tl_decoder_errnum(place->decoder));
}

/* Rows from wherever in the file the band lies. */
static void inflate_any(const struct tl_place *place, const struct tl_task *task,
                        unsigned char *filtered, struct tl_record *record)
{
    struct tl_band_read told;

    if (!tl_band_reader_read(tl_decoder_bands(place->decoder),
                             tl_decoder_descriptor(place->decoder), (uint32_t)task->index,
                             place->scratch + place->job->codec_offset, filtered,
                             telar_row_bytes(&place->job->image) + 1, &told))
        refuse(record, told.errnum);
    record->inflated = told.adler;
}

/* What follows the last band; in a file that says where its bands begin, the coordinator finds it.
 */
static void inflate_end(const struct tl_place *place, const struct tl_task *task,
                        struct tl_record *record)
{
    size_t n = 0;

    if (place->job->restart)
        return;
    if (!catch_up(place, place->job->image.rows)
        || !tl_decoder_end_image(place->decoder, place->base + task->extent.offset, &n))
        refuse(record, tl_decoder_errnum(place->decoder));
    record->bytes = (uint32_t)n;
}

/*
 * The row above a band is taken from the source, where the task before has put it, and put back
 * into the byte order of the file. It is copied because unfiltering overwrites it.
 */
static void copy_row_above(const struct tl_place *place, const struct tl_rows *rows, uint32_t r0,
                           unsigned char *above)
{
    struct telar_source source;

    if (r0 == 0 || place->job->restart) { /* then the first row of a band does not look at it */
        memset(above, 0, rows->row_bytes);
        return;
    }
    source = tl_job_source(place->job, place->base, r0 - 1, r0);
    memcpy(above, source.data, rows->row_bytes);
    for (size_t i = 0; rows->swap && i < rows->row_bytes; i += 2) {
        uint16_t sample;

        memcpy(&sample, above + i, sizeof sample);
        above[i] = (unsigned char)(sample >> 8);
        above[i + 1] = (unsigned char)sample;
    }
}

static void unfilter_band(const struct tl_place *place, const struct tl_task *task,
                          const unsigned char *filtered, unsigned char *pixels,
                          struct tl_record *record)
{
    const struct tl_job *job = place->job;
    unsigned char *above = place->scratch + job->codec_offset;
    struct tl_rows rows = {
        .row_bytes = telar_row_bytes(&job->image),
        .pixel_bytes = (unsigned)telar_pixel_bytes(&job->image),
        .swap = job->image.depth == 16,
    };

    copy_row_above(place, &rows, task->region.r0, above);
    if (!tl_unfilter(&rows, filtered, telar_region_rows(&task->region), above, pixels,
                     job->source_stride))
        doubt(record);
}

static void inflate_rows(const struct tl_place *place, const struct tl_task *task,
                         unsigned char *filtered, struct tl_record *record)
{
    if (place->job->restart)
        inflate_any(place, task, filtered, record);
    else
        inflate_next(place, task, filtered, record);
}

/* A band of the file, by way of private memory. */
static void decode_band(const struct tl_place *place, const struct tl_task *task,
                        unsigned char *pixels, struct tl_record *record)
{
    unsigned char *filtered = place->scratch + place->job->band_offset;
    uint64_t start_ns = tl_now_ns(), inflated_ns;

    inflate_rows(place, task, filtered, record);
    inflated_ns = tl_now_ns();
    if (!record->trouble)
        unfilter_band(place, task, filtered, pixels, record);
    record->inflate_ns = inflated_ns - start_ns;
    record->unfilter_ns = tl_now_ns() - inflated_ns;
}

/* A band of the stream: its rows, or at once its pixels. */
static void inflate_band(const struct tl_place *place, const struct tl_task *task,
                         struct tl_record *record)
{
    unsigned char *to = place->base + task->extent.offset;

    if (place->job->together)
        decode_band(place, task, to, record);
    else
        inflate_rows(place, task, to, record);
}

/* ---- transforming ---- */

/*
 * The states of the first `count` transforms, as their callbacks expect them: NULL where there is
 * none, or it is not made yet.
 */
static void find_states(const struct tl_place *place, uint32_t count,
                        const void *states[TELAR_PIPELINE_MAX])
{
    const struct tl_job *job = place->job;

    for (uint32_t i = 0; i < job->pipeline.length; i++)
        states[i] = i < count && job->state[i].bytes ? place->base + job->state[i].offset : NULL;
}

/* What is written is made zero first, so that a task that is run again begins as the first time. */
static void prepare(const struct tl_place *place, const struct tl_task *task)
{
    const struct tl_job *job = place->job;
    const struct telar_transform *transform = job->pipeline.step[task->stage->step].transform;
    struct tl_pass pass = tl_job_pass(job, task->stage->step, NULL);
    struct telar_context context = tl_pipeline_context(&pass, task->stage->step, place->scratch);
    void *state = place->base + task->extent.offset;

    memset(state, 0, task->extent.bytes);
    if (transform->prepare)
        transform->prepare(&context, state);
    if (task->stage->kind == TELAR_TASK_MERGE)
        transform->merge(&context, place->base + job->partial_offset, job->partial_slot,
                         (uint32_t)telar_plan_count(job->gather_plan), state);
}

/* Rows of the source, wherever it lies. */
static struct telar_source source_rows(const struct tl_place *place, uint32_t r0, uint32_t r1)
{
    return tl_job_source(place->job, place->job->straight ? place->scratch : place->base, r0, r1);
}

/* What a region reads of the source: itself and the halo, as far as the image goes. */
static struct telar_source source_around(const struct tl_place *place,
                                         const struct telar_region *region)
{
    const struct tl_job *job = place->job;
    uint32_t below = job->image.rows - region->r1;

    return source_rows(place, region->r0 > job->halo ? region->r0 - job->halo : 0,
                       region->r1 + (below < job->halo ? below : job->halo));
}

static void gather_strip(const struct tl_place *place, const struct tl_task *task,
                         const struct telar_region *strip)
{
    struct telar_source source = source_around(place, strip);
    const void *states[TELAR_PIPELINE_MAX];
    struct tl_pass pass = tl_job_pass(place->job, task->stage->step, states);

    find_states(place, task->stage->step, states);
    tl_pipeline_gather(&pass, &source, strip, place->scratch, place->base + task->extent.offset);
}

/* Puts `strip` through the whole pipeline, to where it lies in `result`. */
static void process_strip(const struct tl_place *place, const struct telar_result *result,
                          const struct telar_region *strip)
{
    const struct tl_job *job = place->job;
    struct telar_source source = source_around(place, strip);
    struct telar_result part = *result;
    const void *states[TELAR_PIPELINE_MAX];
    struct tl_pass pass = tl_job_pass(job, job->pipeline.length, states);

    find_states(place, job->pipeline.length, states);
    part.data = telar_result_at(result, telar_pixel_bytes(&job->image), strip->r0, strip->c0);
    part.region = *strip;
    tl_pipeline_run(&pass, &source, &part, place->scratch);
}

/* The next strip of a region, from where the last one ended; false when none is left. Begin with an
 * empty one at r0. */
static bool next_strip(const struct tl_job *job, const struct telar_region *region,
                       struct telar_region *strip)
{
    uint32_t left = region->r1 - strip->r1;

    strip->r0 = strip->r1;
    strip->r1 += left < job->strip_rows ? left : job->strip_rows;
    return left > 0;
}

static struct telar_region before_first_strip(const struct telar_region *region)
{
    return (struct telar_region){region->r0, region->r0, region->c0, region->c1};
}

static void gather(const struct tl_place *place, const struct tl_task *task)
{
    struct telar_region strip = before_first_strip(&task->region);

    memset(place->base + task->extent.offset, 0, task->extent.bytes);
    while (next_strip(place->job, &task->region, &strip))
        gather_strip(place, task, &strip);
}

static void process(const struct tl_place *place, const struct telar_result *result,
                    const struct telar_region *region)
{
    struct telar_region strip = before_first_strip(region);

    while (next_strip(place->job, region, &strip))
        process_strip(place, result, &strip);
}

/* Puts a region of the source, as it is, to where it lies in `result`. */
static void copy_region(const struct tl_place *place, const struct telar_result *result,
                        const struct telar_region *region)
{
    size_t pixel_bytes = telar_pixel_bytes(&place->job->image);

    for (uint32_t row = region->r0; row < region->r1; row++) {
        struct telar_source source = source_rows(place, row, row + 1);

        memcpy(telar_result_at(result, pixel_bytes, row, region->c0),
               telar_source_at(&source, pixel_bytes, row, region->c0),
               telar_region_columns(region) * pixel_bytes);
    }
}

/* ---- encoding ---- */

static struct telar_region intersection(const struct telar_region *a, const struct telar_region *b)
{
    struct telar_region both = {
        .r0 = a->r0 > b->r0 ? a->r0 : b->r0,
        .r1 = a->r1 < b->r1 ? a->r1 : b->r1,
        .c0 = a->c0 > b->c0 ? a->c0 : b->c0,
        .c1 = a->c1 < b->c1 ? a->c1 : b->c1,
    };

    return both.r0 < both.r1 && both.c0 < both.c1 ? both : (struct telar_region){0};
}

/* What of a band lies outside `inside`, as the source has it. */
static void copy_outside(const struct tl_place *place, const struct telar_result *band,
                         const struct telar_region *inside)
{
    const struct telar_region all = band->region;

    for (uint32_t row = all.r0; row < all.r1; row++) {
        bool crosses = row >= inside->r0 && row < inside->r1;
        struct telar_region left = {row, row + 1, all.c0, crosses ? inside->c0 : all.c1};
        struct telar_region right = {row, row + 1, crosses ? inside->c1 : all.c1, all.c1};

        copy_region(place, band, &left);
        copy_region(place, band, &right);
    }
}

/*
 * Puts the rows of a band together as they are to be encoded. The transforms come first: what they
 * may have written beside their region is then covered by the source.
 */
static void finish_band(const struct tl_place *place, const struct telar_result *band, bool skip)
{
    const struct tl_job *job = place->job;
    struct telar_region inside =
        skip ? (struct telar_region){0} : intersection(&band->region, &job->roi);

    if (job->fused) {
        if (inside.r0 < inside.r1)
            process(place, band, &inside);
        copy_outside(place, band, &inside);
        return;
    }
    for (uint32_t row = band->region.r0; row < band->region.r1; row++) {
        unsigned char *at = telar_result_at(band, 0, row, 0);
        const unsigned char *from = tl_job_row(job, place->base, row, at);

        if (from != at)
            memcpy(at, from, telar_row_bytes(&job->image));
    }
}

static void encode_band(const struct tl_place *place, const struct tl_task *task,
                        struct tl_record *record)
{
    const struct tl_job *job = place->job;
    struct telar_result band = {place->scratch + job->band_offset, telar_row_bytes(&job->image),
                                task->region};
    struct telar_source pixels = {band.data, band.stride_bytes, band.region};
    struct tl_encoded encoded;
    uint64_t start_ns;

    if (job->straight)
        decode_band(place, task, place->scratch + job->source.offset, record);
    if (record->trouble)
        return;
    start_ns = tl_now_ns();
    finish_band(place, &band, task->skip);
    record->transform_ns = tl_now_ns() - start_ns;
    encoded = tl_encode_band(&job->image, &pixels, task->index == 0, job->small,
                             place->scratch + job->codec_offset, place->base + task->extent.offset);
    record->bytes = encoded.bytes;
    record->adler = encoded.adler;
}

/* ---- a task ---- */

/* Which stages read the source in the segment. Encoding reads it where there are no results. */
static bool reads_source(const struct tl_job *job, telar_task_kind kind)
{
    if (job->straight)
        return false;
    return kind == TELAR_TASK_GATHER || kind == TELAR_TASK_PROCESS
           || (kind == TELAR_TASK_ENCODE && job->fused);
}

/* Writing takes an atomic or with nothing: one write fault, where a load before it would make a
 * read fault of its own. */
void tl_task_touch(const struct tl_place *place, const struct tl_task *task)
{
    unsigned char *extent = place->base + task->extent.offset;

    if (reads_source(place->job, task->stage->kind)) {
        struct telar_source source = source_around(place, &task->region);
        size_t bytes = source.stride_bytes * telar_region_rows(&source.region);

        for (size_t i = 0; i < bytes; i += TL_PAGE_BYTES)
            (void)*(const volatile unsigned char *)(source.data + i);
    }
    for (uint64_t i = 0; i < task->extent.bytes; i += TL_PAGE_BYTES)
        __atomic_fetch_or(extent + i, 0, __ATOMIC_RELAXED);
}

void tl_task_run(const struct tl_place *place, const struct tl_task *task, struct tl_record *record)
{
    struct telar_result result;

    switch (task->stage->kind) {
    case TELAR_TASK_INFLATE:
        if (task->index < place->job->n_bands)
            inflate_band(place, task, record);
        else
            inflate_end(place, task, record);
        break;
    case TELAR_TASK_UNFILTER:
        unfilter_band(place, task,
                      place->base + tl_ring_slot(&place->job->filtered, task->index).offset,
                      place->base + task->extent.offset, record);
        break;
    case TELAR_TASK_PREPARE:
    case TELAR_TASK_MERGE:
        prepare(place, task);
        break;
    case TELAR_TASK_GATHER:
        gather(place, task);
        break;
    case TELAR_TASK_PROCESS:
        result = tl_job_result(place->job, place->base, task->index);
        if (task->skip)
            copy_region(place, &result, &task->region);
        else
            process(place, &result, &task->region);
        break;
    case TELAR_TASK_ENCODE:
        encode_band(place, task, record);
        break;
    }
}
