/* SPDX-License-Identifier: MIT */
/*
 * decode_isolated.h - decodes a whole file by libpng in a sandboxed helper, before the workers
 * begin. Layer: over engine and png; under run.
 */
#ifndef TL_DECODE_ISOLATED_H
#define TL_DECODE_ISOLATED_H

#include "engine/coordinator.h"

/*
 * Decodes into the source of a job that holds the whole picture. *orders says how; its time limit
 * is for each band. TELAR_INPUT: the file is no good, in the helper's words. TELAR_WORKER,
 * TELAR_TIMEOUT: the helper died, tried a forbidden call, or took too long; the file may have been
 * made to do that. TELAR_HOST: no helper could be started.
 */
telar_status tl_decode_isolated(struct tl_decoder *decoder, const struct tl_orders *orders,
                                const struct tl_job *job, const struct tl_segment *segment,
                                struct telar_error *error);

#endif
