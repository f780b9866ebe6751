/* SPDX-License-Identifier: MIT */
/* route_private.h - what the files route*.c share. Layer: over route and kind. */
#ifndef TL_ROUTE_PRIVATE_H
#define TL_ROUTE_PRIVATE_H

#include "engine/kind.h"
#include "engine/route.h"

/* How the pixels of the source are made. */
enum tl_decoding {
    TL_DECODED_BEFORE,
    TL_STREAM_OF_ROWS,   /* one worker reads it, one makes pixels */
    TL_STREAM_OF_PIXELS, /* one worker does both */
    TL_BANDS,            /* any worker does both, for any band */
};

/* Where the source lies: all of it or some bands in the segment, or a band in scratch memory. */
enum tl_source { TL_PLANE, TL_WINDOW, TL_IN_SCRATCH };

/* Where the results of regions go. */
enum tl_results {
    TL_KEPT,    /* regions stay in the segment */
    TL_ENCODED, /* the encoder reads them there */
    TL_FUSED,   /* there are none: bands are transformed where they are encoded */
};

/* What was chosen. The fourth choice, access to slots, is in the request. */
struct tl_route {
    const struct tl_request *request;
    enum tl_decoding decoding;
    enum tl_source source;
    enum tl_results results;
    uint32_t workers;
    struct telar_plan regions, gathers; /* how roi and the image are cut */
};

/* Returns whether a transform needs a statistic of the whole image. */
bool tl_route_gathers(const struct tl_request *request);

/* Adds the buffers of a route to an empty table, in the order of the segment. */
void tl_route_add_buffers(struct tl_job *job, const struct tl_route *route);

/* Then adds the stages with their needs, in the order in which workers prefer them. */
void tl_route_add_stages(struct tl_job *job, const struct tl_route *route);

#endif
