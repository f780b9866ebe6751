/* SPDX-License-Identifier: MIT */
/*
 * png_steps.h - the tasks that decode and encode PNG, and what the coordinator does with their
 * records. Layer: over task, decoder, encode_bands and transform_steps.
 */
#ifndef TL_PNG_STEPS_H
#define TL_PNG_STEPS_H

#include "engine/task.h"
#include "png/encode_bands.h"

extern const struct tl_kind tl_kind_inflate_rows, tl_kind_inflate_pixels, tl_kind_inflate_rest,
    tl_kind_decode_band, tl_kind_unfilter, tl_kind_encode_results, tl_kind_encode_source,
    tl_kind_encode_file;

/* Returns the size of a band as the stream of such an image has it: each row begins with its
 * filter.
 */
uint64_t tl_png_raw_bytes(const struct telar_geometry *image, uint32_t band_rows);

/* Returns the scratch memory that decoding a band of such an image needs, for tl_request. */
uint64_t tl_png_decode_scratch_bytes(const struct telar_geometry *image);

/*
 * What the coordinator gathers from the records of PNG tasks. Only the functions of these kinds
 * write it, in the coordinator; the run reads it when all tasks are done.
 */
struct tl_png_collector {
    const struct tl_job *job;
    const char *name; /* of the image, for messages */
    struct tl_atomic_output *output;
    struct tl_encoded *encoded; /* of each band, when it is encoded */
    uint32_t *decoded;   /* of each band that was decoded without the others: Adler-32 of its rows
                            with their filters */
    unsigned char *copy; /* room for the bytes of a worker that is not trusted; NULL: all are */
    uint32_t adler;      /* Adler-32 of what is written so far */
    uint32_t rest_bytes; /* of tl_decoder_end_image, in the job's rest */
    uint64_t write_ns;   /* time spent writing bands */
    bool doubt; /* a worker met something wrong in the file: the reference decoder has to judge */
};

/*
 * Makes a collector for one run of the job; job, name and output must live as long. With
 * `suspicious` the bytes of encoded bands are looked at before they go to the file. TELAR_HOST: no
 * memory. Release with tl_png_collector_free, also after an error; a collector of zeros is allowed.
 */
telar_status tl_png_collector_init(struct tl_png_collector *collector, const struct tl_job *job,
                                   const char *name, struct tl_atomic_output *output,
                                   bool suspicious, struct telar_error *error);
void tl_png_collector_free(struct tl_png_collector *collector);

/* Returns the Adler-32 of all bands that were decoded without the others, as one stream. */
uint32_t tl_png_collector_decoded(const struct tl_png_collector *collector);

/* The functions of kinds; see struct tl_kind. `collector` is a struct tl_png_collector. */
telar_status tl_png_collect_rest(void *collector, const struct tl_task *task,
                                 const struct tl_record *record, struct telar_error *error);
telar_status tl_png_collect_decoded(void *collector, const struct tl_task *task,
                                    const struct tl_record *record, struct telar_error *error);
telar_status tl_png_collect_encoded(void *collector, const struct tl_task *task,
                                    const struct tl_record *record, struct telar_error *error);
telar_status tl_png_deliver(void *collector, const struct tl_task *task, const unsigned char *bytes,
                            struct telar_error *error);
telar_status tl_png_refuse(void *collector, const struct tl_record *record,
                           struct telar_error *error);

#endif
