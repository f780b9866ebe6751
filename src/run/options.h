/* SPDX-License-Identifier: MIT */
/*
 * options.h - from the options of the caller to the orders of a run.
 */
#ifndef TL_OPTIONS_H
#define TL_OPTIONS_H

#include "engine/coordinator.h"

#include <telar/run.h>

/* Copies the limits of a caller, who may give NULL. TELAR_USAGE: struct_size is wrong, or a member
 * is set that the library does not know. */
telar_status tl_options_copy_limits(const struct telar_limits *given, struct telar_limits *limits,
                                    struct telar_error *error);

/* Copies the options of a caller, who may give NULL, with the limits and measure that they point
 * to. options->limits and options->measure then point to these copies. TELAR_USAGE: as above. */
telar_status tl_options_copy(const struct telar_options *given, struct telar_options *options,
                             struct telar_limits *limits, struct telar_measure *measure,
                             struct telar_error *error);

/* Checks copied options and fills the orders that follow from them alone. TELAR_USAGE: a value is
 * not possible, or two do not go together. */
telar_status tl_options_take(const struct telar_options *options, struct tl_orders *orders,
                             struct telar_error *error);

#endif
