/* SPDX-License-Identifier: MIT */
/*
 * description.h - the description of a plug-in: plain data of fixed size, which can be sent,
 * compared and checked. Layer: over transform.
 */
#ifndef TL_DESCRIPTION_H
#define TL_DESCRIPTION_H

#include "base/name.h"
#include "transform/transform.h"

enum { TL_LINE_BYTES = 160, TL_MANUAL_BYTES = 4096 };

/* Every byte is defined, gaps included, so two descriptions of the same transform are equal byte
 * for byte. Written by tl_describe. */
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
 * A transform made of a description: for planning only, it cannot run. Its strings and parameters
 * point into the struct, so it must not be copied. Written by tl_stand_in_make.
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
 * Makes a stand-in of a description, which may hold anything. TELAR_INPUT: a text has no end or is
 * not printable UTF-8, or tl_transform_check refuses the transform; the text says which.
 */
telar_status tl_stand_in_make(struct tl_stand_in *stand_in,
                              const struct tl_description *description, struct telar_error *error);

#endif
