/* SPDX-License-Identifier: MIT */
/*
 * reader.h - decodes a whole file by libpng in a sandboxed process of its own, before the workers
 * begin. Layer: over engine and codec; under run.
 */
#ifndef TL_READER_H
#define TL_READER_H

#include "engine/coordinator.h"

/*
 * Decodes into the source of a job that holds the whole picture (job NULL: there is nothing to
 * decode, only to say why). *orders says how; its time limit is for each band. TELAR_INPUT: the
 * file is no good, in libpng's words. TELAR_WORKER, TELAR_TIMEOUT: the process died, tried what it
 * must not, or took too long: the file may have been made to do that.
 */
telar_status tl_decode_isolated(struct tl_decoder *decoder, const struct tl_orders *orders,
                                const struct tl_job *job, const struct tl_segment *segment,
                                struct telar_error *error);

#endif
