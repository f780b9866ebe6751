/* SPDX-License-Identifier: MIT */
/*
 * description.h - what a plug-in says of itself, as plain data of fixed size that can be sent,
 * compared and checked. Layer: over transform.
 */
#ifndef TL_DESCRIPTION_H
#define TL_DESCRIPTION_H

#include "base/name.h"
#include "transform/transform.h"

enum { TL_LINE_BYTES = 160, TL_MANUAL_BYTES = 4096 };

/* All of it, gaps included, is defined: two of the same transform are equal byte for byte. */
struct tl_description {
    char name[TL_NAME_BYTES], summary[TL_LINE_BYTES], manual[TL_MANUAL_BYTES];
    struct {
        char name[TL_NAME_BYTES], summary[TL_LINE_BYTES];
        double least, most, initial;
        uint64_t whole;
    } param[TELAR_PARAMS_MAX];
    uint32_t n_params;
    uint32_t depths, channels;  /* as in struct telar_transform */
    uint32_t prepares, gathers; /* whether it has these steps */
};

/*
 * A transform that has nothing but a description: it can be planned with, not run. Its strings and
 * parameters lie in itself, so it must not be copied.
 */
struct tl_stand_in {
    struct tl_description description;
    struct telar_param params[TELAR_PARAMS_MAX + 1];
    struct telar_transform transform;
};

/* Describes a transform that has passed tl_transform_check. TELAR_INPUT: a text is too long. */
telar_status tl_describe(const struct telar_transform *transform,
                         struct tl_description *description, struct telar_error *error);

/*
 * Makes a stand-in of a description that may be anything. TELAR_INPUT, with the reason: a text
 * without an end, or that is not printable UTF-8, or what tl_transform_check finds.
 */
telar_status tl_stand_in_make(struct tl_stand_in *stand_in,
                              const struct tl_description *description, struct telar_error *error);

#endif
