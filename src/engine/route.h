/* SPDX-License-Identifier: MIT */
/*
 * route.h - which table a run gets. Layer: over job.
 *
 * This is the only place that knows the ways from input to output. A run is asked for in numbers
 * (struct tl_request); four choices follow from them, and from the choices the table of the job.
 */
#ifndef TL_ROUTE_H
#define TL_ROUTE_H

#include "engine/job.h"

/* How workers can read the input. */
enum tl_input {
    TL_INPUT_PIXELS, /* they need not: the coordinator puts pixels into the segment before */
    TL_INPUT_STREAM, /* one band after the other */
    TL_INPUT_BANDS,  /* each band without the others */
};

/* What a run leaves. */
enum tl_output {
    TL_OUTPUT_REGIONS, /* results of regions in the segment */
    TL_OUTPUT_FILE,    /* encoded bands */
    TL_OUTPUT_BOTH,
};

/* What a run is asked for, and what its decoder, transforms and encoder need. All of it is set
 * before tl_route_choose, which changes nothing here. */
struct tl_request {
    struct telar_geometry image;
    struct telar_region roi;
    struct telar_plan plan; /* of regions; 0 x 0: chosen */
    enum tl_input input;
    uint64_t input_bytes; /* size of the input file; 0: unknown */
    enum tl_output output;
    enum tl_heirs heirs;   /* of every slot */
    enum tl_access access; /* of workers to the slots that are their own */
    uint32_t workers;      /* at most */
    uint32_t worth;        /* at most, when regions are encoded on the way */
    uint32_t effort;       /* for the encoder: see struct tl_job */

    uint32_t band_rows;
    uint32_t halo;       /* of the whole pipeline */
    uint32_t strip_rows; /* see struct tl_job */
    size_t source_stride;
    uint64_t raw_bytes, output_bytes, rest_bytes; /* of an item of these buffers: see job.h */
    /* Scratch memory, each under a quarter of an address space: of transforms; of decoding a band
     * and encoding one, 0 when workers do neither. */
    uint64_t transform_scratch, decode_scratch, encode_scratch;

    uint32_t n_steps;
    struct tl_step_need {
        enum { TL_STEP_LOCAL, TL_STEP_PREPARES, TL_STEP_GATHERS } does;
        uint64_t state_bytes, partial_bytes; /* 0: it has none */
    } step[TL_STEPS_MAX];
};

/*
 * Chooses the number of workers and the table, and fills the job. The table is laid out with that
 * spacing. Returns false when the sizes do not fit into an address space.
 */
bool tl_route_choose(struct tl_job *job, const struct tl_request *request, enum tl_spacing spacing);

#endif
