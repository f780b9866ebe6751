/* SPDX-License-Identifier: MIT */
/*
 * job_plan.h - a job from an image, a pipeline and what the user wants. Layer: over route, png and
 * transform.
 */
#ifndef TL_JOB_PLAN_H
#define TL_JOB_PLAN_H

#include "engine/route.h"
#include "transform/pipeline.h"

#include <telar/output.h>

/* More regions than anybody can want, and few enough that the ledger stays small. */
#define TL_REGIONS_MAX (UINT64_C(1) << 20)

/* Regions of each sandboxed worker, which maps them one by one: the kernel gives a process 65530
 * mappings, and each region takes two. */
enum { TL_FIXED_REGIONS_MAX = 16384 };

/* What a job is to be made for. The caller sets it. */
struct tl_wanted {
    struct telar_geometry image;
    const struct telar_pipeline *pipeline;
    struct telar_plan plan;         /* of regions; 0 x 0: chosen */
    const struct telar_region *roi; /* NULL: the whole image */
    uint32_t workers;               /* at most */
    uint32_t light_workers; /* at most, when transforms and encoder do little work; 0: as many */
    enum tl_input input;
    uint64_t input_bytes; /* size of the input file; 0: unknown */
    enum tl_output output;
    enum tl_heirs heirs; /* TL_NO_HEIR: workers are sandboxed, and can write nothing else later */
    telar_compression compression;
};

/*
 * Makes a job and lays it out with that spacing. TELAR_USAGE: roi is empty or outside the image,
 * there are more than TL_REGIONS_MAX regions, or a halo is over TELAR_HALO_MAX. TELAR_INPUT: a
 * transform cannot work on such an image. TELAR_HOST: the sizes do not fit into an address space.
 */
telar_status tl_job_plan(struct tl_job *job, const struct tl_wanted *wanted,
                         enum tl_spacing spacing, struct telar_error *error);

#endif
