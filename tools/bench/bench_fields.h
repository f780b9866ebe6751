/* SPDX-License-Identifier: MIT */
/*
 * bench_fields.h - the tables of fields that JSON and CSV have in common.
 */
#ifndef TOOLS_BENCH_FIELDS_H
#define TOOLS_BENCH_FIELDS_H

#include "cli/field.h"

/* Of a struct bench_row: what was asked for. isolation is null for other engines than processes. */
extern const struct field bench_condition_fields[];

/* Of a struct bench_sample: what the kernel counted. */
extern const struct field bench_count_fields[];

#endif
