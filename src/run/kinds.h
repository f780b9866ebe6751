/* SPDX-License-Identifier: MIT */
/* kinds.h - the list of all kinds of tasks. Layer: over png_steps and transform_steps. */
#ifndef TL_RUN_KINDS_H
#define TL_RUN_KINDS_H

#include "engine/kind.h"

/* Indexed by enum tl_kind_number. */
extern const struct tl_kind *const tl_kinds[TL_KINDS];

#endif
