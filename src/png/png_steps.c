/* SPDX-License-Identifier: MIT */
/* What workers do: all functions here but one are async-signal-safe. */
#include <config.h>

#include "png/png_steps.h"

#include "base/host.h"
#include "png/band_reader.h"
#include "png/decoder.h"
#include "png/unfilter.h"
#include "transform/transform_steps.h"

#include <string.h>

uint64_t tl_png_raw_bytes(const struct telar_geometry *image, uint32_t band_rows)
{
    return (telar_row_bytes(image) + 1) * band_rows;
}

uint64_t tl_png_decode_scratch_bytes(const struct telar_geometry *image)
{
    size_t row = telar_row_bytes(image), work = tl_band_reader_work_bytes();

    return row > work ? row : work;
}

/* ---- decoding ---- */

/* Decoding failed: because the file could not be read, or because of what is in it. */
static void refuse(struct tl_record *record, int errnum)
{
    record->trouble = errnum ? TL_TROUBLE_INPUT : TL_TROUBLE_DOUBT;
    record->errnum = errnum;
}

/* Returns the decoder. A sandboxed worker has the file under another number. */
static struct tl_decoder *decoder_of(const struct tl_place *place)
{
    if (tl_decoder_descriptor(place->decoder) != place->input_fd)
        tl_decoder_move(place->decoder, place->input_fd);
    return place->decoder;
}

/* Brings the stream to a row. A worker that has the stream in the place of a lost one begins at the
 * first row, and forgets the rows before. */
static bool catch_up(const struct tl_place *place, uint32_t row)
{
    const struct tl_job *job = place->job;
    struct tl_decoder *decoder = decoder_of(place);
    uint32_t at = tl_decoder_rows_read(decoder);
    bool good = at <= row;

    for (; good && at < row; at = tl_decoder_rows_read(decoder))
        good = tl_decoder_read_band(decoder, place->scratch + job->band_offset,
                                    row - at < job->band_rows ? row - at : job->band_rows);
    return good;
}

/* Inflates the next rows of the stream, which one worker has. */
static void inflate_next(const struct tl_place *place, const struct tl_task *task,
                         unsigned char *filtered, struct tl_record *record)
{
    if (!catch_up(place, task->region.r0)
        || !tl_decoder_read_band(place->decoder, filtered, telar_region_rows(&task->region)))
        refuse(record, tl_decoder_errnum(place->decoder));
}

/* Inflates a band that needs no other, from its place in the file. */
static void inflate_alone(const struct tl_place *place, const struct tl_task *task,
                          unsigned char *filtered, struct tl_record *record)
{
    struct tl_band_read told;

    if (!tl_band_reader_read(tl_decoder_bands(place->decoder), place->input_fd,
                             (uint32_t)task->index, place->scratch + place->job->codec_offset,
                             filtered, telar_row_bytes(&place->job->image) + 1, &told))
        refuse(record, told.errnum);
    record->input_sum = told.adler;
}

/* Copies a row of pixels, and puts it back into the byte order of the file. */
static void copy_in_file_order(const unsigned char *pixels, const struct tl_rows *rows,
                               unsigned char *row)
{
    memcpy(row, pixels, rows->row_bytes);
    for (size_t i = 0; rows->swap && i < rows->row_bytes; i += 2) {
        uint16_t sample;

        memcpy(&sample, row + i, sizeof sample);
        row[i] = (unsigned char)(sample >> 8);
        row[i + 1] = (unsigned char)sample;
    }
}

/*
 * Makes pixels of a band. `above` is the row above it in the source; NULL: the band's filters do
 * not look at it. The row is copied, because unfiltering overwrites it.
 */
static void unfilter(const struct tl_place *place, const struct tl_task *task,
                     const unsigned char *filtered, const unsigned char *above,
                     unsigned char *pixels, struct tl_record *record)
{
    const struct tl_job *job = place->job;
    unsigned char *row = place->scratch + job->codec_offset;
    const struct tl_rows rows = {
        .row_bytes = telar_row_bytes(&job->image),
        .pixel_bytes = (unsigned)telar_pixel_bytes(&job->image),
        .swap = job->image.depth == 16,
    };

    if (above)
        copy_in_file_order(above, &rows, row);
    else
        memset(row, 0, rows.row_bytes);
    if (!tl_unfilter(&rows, filtered, telar_region_rows(&task->region), row, pixels,
                     job->source_stride))
        refuse(record, 0);
}

/* Returns the row above a band of a stream, where the task before has put it; NULL at the top. */
static const unsigned char *row_above(const struct tl_place *place, const struct tl_task *task)
{
    uint32_t r0 = task->region.r0;

    return r0 ? tl_job_source(place->job, place->base, r0 - 1, r0).data : NULL;
}

/* A way to inflate a band: as the next of its stream, or without the others. */
typedef void inflate_way(const struct tl_place *place, const struct tl_task *task,
                         unsigned char *filtered, struct tl_record *record);

/* Inflates a band into scratch memory, and makes pixels of it from there. */
static void decode(const struct tl_place *place, const struct tl_task *task, inflate_way *inflate,
                   const unsigned char *above, unsigned char *pixels, struct tl_record *record)
{
    unsigned char *filtered = place->scratch + place->job->band_offset;
    uint64_t start_ns = tl_now_ns(), inflated_ns;

    inflate(place, task, filtered, record);
    inflated_ns = tl_now_ns();
    if (!record->trouble)
        unfilter(place, task, filtered, above, pixels, record);
    record->inflate_ns = inflated_ns - start_ns;
    record->unfilter_ns = tl_now_ns() - inflated_ns;
}

static void run_inflate_rows(const struct tl_place *place, const struct tl_task *task,
                             struct tl_record *record)
{
    inflate_next(place, task, place->base + task->extent.offset, record);
}

static void run_inflate_pixels(const struct tl_place *place, const struct tl_task *task,
                               struct tl_record *record)
{
    decode(place, task, inflate_next, row_above(place, task), place->base + task->extent.offset,
           record);
}

static void run_inflate_rest(const struct tl_place *place, const struct tl_task *task,
                             struct tl_record *record)
{
    size_t n = 0;

    if (!catch_up(place, place->job->image.rows)
        || !tl_decoder_end_image(place->decoder, place->base + task->extent.offset, &n))
        refuse(record, tl_decoder_errnum(place->decoder));
    record->bytes = (uint32_t)n;
}

static void run_decode_band(const struct tl_place *place, const struct tl_task *task,
                            struct tl_record *record)
{
    decode(place, task, inflate_alone, NULL, place->base + task->extent.offset, record);
}

static void run_unfilter(const struct tl_place *place, const struct tl_task *task,
                         struct tl_record *record)
{
    const struct tl_buffer *ring = &place->job->table.buffer[place->job->raw];

    unfilter(place, task, place->base + tl_table_slot(ring, task->index % ring->slots).offset,
             row_above(place, task), place->base + task->extent.offset, record);
}

/* ---- encoding ---- */

/* Returns the rows of a task's band, to be filled in scratch memory and then encoded. */
static struct telar_result empty_band(const struct tl_place *place, const struct tl_task *task)
{
    return (struct telar_result){place->scratch + place->job->band_offset,
                                 telar_row_bytes(&place->job->image), task->region};
}

static void encode(const struct tl_place *place, const struct tl_task *task,
                   const struct telar_result *band, struct tl_record *record)
{
    const struct tl_job *job = place->job;
    const struct telar_source pixels = {band->data, band->stride_bytes, band->region};
    struct tl_encoded encoded =
        tl_encode_band(&job->image, &pixels, task->index == 0, job->effort == TELAR_SMALL,
                       place->scratch + job->codec_offset, place->base + task->extent.offset);

    record->bytes = encoded.bytes;
    record->output_sum = encoded.adler;
}

static void run_encode_results(const struct tl_place *place, const struct tl_task *task,
                               struct tl_record *record)
{
    struct telar_result band = empty_band(place, task);
    uint64_t start_ns = tl_now_ns();

    for (uint32_t row = band.region.r0; row < band.region.r1; row++) {
        unsigned char *at = telar_result_at(&band, 0, row, 0);
        const unsigned char *from = tl_job_row(place->job, place->base, row, at);

        if (from != at)
            memcpy(at, from, band.stride_bytes);
    }
    record->transform_ns = tl_now_ns() - start_ns;
    encode(place, task, &band, record);
}

static void transform_and_encode(const struct tl_place *place, const struct tl_task *task,
                                 tl_source_rows *rows, struct tl_record *record)
{
    struct telar_result band = empty_band(place, task);
    uint64_t start_ns = tl_now_ns();

    tl_transform_band(place, rows, &band, task->skip);
    record->transform_ns = tl_now_ns() - start_ns;
    encode(place, task, &band, record);
}

static void run_encode_source(const struct tl_place *place, const struct tl_task *task,
                              struct tl_record *record)
{
    transform_and_encode(place, task, tl_source_in_segment, record);
}

static void run_encode_file(const struct tl_place *place, const struct tl_task *task,
                            struct tl_record *record)
{
    decode(place, task, inflate_alone, NULL, place->scratch + place->job->private_source, record);
    if (!record->trouble)
        transform_and_encode(place, task, tl_source_in_scratch, record);
}

/* ---- kinds ---- */

const struct tl_kind tl_kind_inflate_rows = {.name = "inflate rows",
                                             .report = TELAR_TASK_INFLATE,
                                             .reads_input = true,
                                             .run = run_inflate_rows,
                                             .refuse = tl_png_refuse};

const struct tl_kind tl_kind_inflate_pixels = {.name = "inflate pixels",
                                               .report = TELAR_TASK_INFLATE,
                                               .reads_input = true,
                                               .run = run_inflate_pixels,
                                               .refuse = tl_png_refuse};

const struct tl_kind tl_kind_inflate_rest = {.name = "inflate rest",
                                             .report = TELAR_TASK_INFLATE,
                                             .reads_input = true,
                                             .run = run_inflate_rest,
                                             .collect = tl_png_collect_rest,
                                             .refuse = tl_png_refuse};

const struct tl_kind tl_kind_decode_band = {.name = "decode band",
                                            .report = TELAR_TASK_INFLATE,
                                            .reads_input = true,
                                            .run = run_decode_band,
                                            .collect = tl_png_collect_decoded,
                                            .refuse = tl_png_refuse};

const struct tl_kind tl_kind_unfilter = {.name = "unfilter",
                                         .report = TELAR_TASK_UNFILTER,
                                         .run = run_unfilter,
                                         .refuse = tl_png_refuse};

const struct tl_kind tl_kind_encode_results = {.name = "encode results",
                                               .report = TELAR_TASK_ENCODE,
                                               .run = run_encode_results,
                                               .collect = tl_png_collect_encoded,
                                               .deliver = tl_png_deliver};

const struct tl_kind tl_kind_encode_source = {.name = "encode source",
                                              .report = TELAR_TASK_ENCODE,
                                              .skippable = true,
                                              .run = run_encode_source,
                                              .touch = tl_transform_touch,
                                              .collect = tl_png_collect_encoded,
                                              .deliver = tl_png_deliver};

const struct tl_kind tl_kind_encode_file = {.name = "encode file",
                                            .report = TELAR_TASK_ENCODE,
                                            .reads_input = true,
                                            .skippable = true,
                                            .run = run_encode_file,
                                            .collect = tl_png_collect_encoded,
                                            .deliver = tl_png_deliver,
                                            .refuse = tl_png_refuse};
