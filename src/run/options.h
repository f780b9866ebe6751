/* SPDX-License-Identifier: MIT */
/*
 * options.h - from what the caller asks for to what a run is done with. Layer: under run; over
 * coordinator.
 */
#ifndef TL_OPTIONS_H
#define TL_OPTIONS_H

#include "engine/coordinator.h"

/* Checks options and fills what follows from them alone. TELAR_USAGE: they make no sense, or not
 * together. */
telar_status tl_options_take(const struct telar_options *options, struct tl_orders *orders,
                             struct telar_error *error);

#endif
