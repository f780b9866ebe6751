/* SPDX-License-Identifier: MIT */
/*
 * The layout of the public structs in version 0.1, the first release, on 64-bit Linux. Programs and
 * plug-ins that are built with its headers rely on these numbers. test_headers.sh compiles this
 * file, and the part for plug-ins also with the stored headers of builds before 0.1.0. Plug-ins
 * built with those keep loading; programs built with those must be rebuilt.
 *
 * A struct with SIZE keeps its size. A struct with LEAST may get new members, all at or behind the
 * number. Older programs did not initialize the bytes between the last member and that number.
 */
#include <stddef.h>
#include <stdint.h>
#include <telar/plugin.h>

#if UINTPTR_MAX == UINT64_MAX
#define SIZE(type, bytes) _Static_assert(sizeof(struct type) == (bytes), #type)
#define LEAST(type, bytes) _Static_assert(sizeof(struct type) >= (bytes), #type)
#define MEMBER(type, member, bytes)                                                                \
    _Static_assert(offsetof(struct type, member) == (bytes), #type "." #member)

SIZE(telar_geometry, 16);
MEMBER(telar_geometry, columns, 4);
MEMBER(telar_geometry, channels, 8);
MEMBER(telar_geometry, depth, 12);
SIZE(telar_region, 16);
MEMBER(telar_region, r1, 4);
MEMBER(telar_region, c0, 8);
MEMBER(telar_region, c1, 12);
SIZE(telar_source, 32);
MEMBER(telar_source, stride_bytes, 8);
MEMBER(telar_source, region, 16);
SIZE(telar_result, 32);
MEMBER(telar_result, stride_bytes, 8);
MEMBER(telar_result, region, 16);
SIZE(telar_param, 48);
MEMBER(telar_param, summary, 8);
MEMBER(telar_param, least, 16);
MEMBER(telar_param, most, 24);
MEMBER(telar_param, initial, 32);
MEMBER(telar_param, whole, 40);
MEMBER(telar_context, params, 16);
MEMBER(telar_context, state, 24);
MEMBER(telar_context, scratch, 32);
MEMBER(telar_transform, struct_size, 4);
MEMBER(telar_transform, name, 8);
MEMBER(telar_transform, summary, 16);
MEMBER(telar_transform, manual, 24);
MEMBER(telar_transform, params, 32);
MEMBER(telar_transform, depths, 40);
MEMBER(telar_transform, channels, 44);
MEMBER(telar_transform, halo, 48);
MEMBER(telar_transform, state_bytes, 56);
MEMBER(telar_transform, prepare, 64);
MEMBER(telar_transform, partial_bytes, 72);
MEMBER(telar_transform, gather, 80);
MEMBER(telar_transform, merge, 88);
MEMBER(telar_transform, scratch_bytes, 96);
MEMBER(telar_transform, process, 104);
LEAST(telar_transform, 112);
LEAST(telar_context, 40);

#ifndef PLUGINS_ONLY
#include <telar/telar.h>

SIZE(telar_plan, 8);
SIZE(telar_error, 560);
MEMBER(telar_error, text, 44);
SIZE(telar_info, 544);
MEMBER(telar_info, dropped, 288);
SIZE(telar_warning, 128);
MEMBER(telar_warning, text, 8);
SIZE(telar_warnings, 4 + 32 * 128);
MEMBER(telar_warnings, warning, 4);
SIZE(telar_temporary, 240);
SIZE(telar_shm_names, 8);
LEAST(telar_limits, 24);
MEMBER(telar_limits, max_pixels, 8);
MEMBER(telar_limits, max_chunks_bytes, 16);
MEMBER(telar_limits, strict, 24);
LEAST(telar_measure, 8);
MEMBER(telar_measure, small_pages, 4);
MEMBER(telar_measure, warm, 5);
MEMBER(telar_measure, touch_first, 6);
MEMBER(telar_measure, count_huge_pages, 7);
LEAST(telar_options, 120);
MEMBER(telar_options, engine, 4);
MEMBER(telar_options, isolation, 8);
MEMBER(telar_options, workers, 12);
MEMBER(telar_options, plan, 16);
MEMBER(telar_options, has_roi, 24);
MEMBER(telar_options, no_restart, 25);
MEMBER(telar_options, trust_plugins, 26);
MEMBER(telar_options, roi, 28);
MEMBER(telar_options, timeout_ms, 44);
MEMBER(telar_options, on_crash, 48);
MEMBER(telar_options, retries, 52);
MEMBER(telar_options, compression, 56);
MEMBER(telar_options, max_memory, 64);
MEMBER(telar_options, limits, 72);
MEMBER(telar_options, measure, 80);
MEMBER(telar_options, keep_shm, 88);
MEMBER(telar_options, temporary, 96);
MEMBER(telar_options, progress, 104);
MEMBER(telar_options, progress_data, 112);
SIZE(telar_task_report, 80);
SIZE(telar_worker_report, 184);
SIZE(telar_loss_report, 192);
LEAST(telar_report, 712);
MEMBER(telar_report, image, 4);
MEMBER(telar_report, engine, 20);
MEMBER(telar_report, isolation, 36);
MEMBER(telar_report, backing, 52);
MEMBER(telar_report, sandbox, 68);
MEMBER(telar_report, segment_bytes, 168);
MEMBER(telar_report, huge_bytes, 176);
MEMBER(telar_report, grid_rows, 184);
MEMBER(telar_report, grid_columns, 188);
MEMBER(telar_report, workers_wanted, 192);
MEMBER(telar_report, workers, 196);
MEMBER(telar_report, workers_reason, 200);
MEMBER(telar_report, dropped, 360);
MEMBER(telar_report, decode_ns, 616);
MEMBER(telar_report, transform_ns, 624);
MEMBER(telar_report, write_ns, 632);
MEMBER(telar_report, total_ns, 640);
MEMBER(telar_report, transform_start_ns, 648);
MEMBER(telar_report, dismiss_ns, 656);
MEMBER(telar_report, n_workers, 664);
MEMBER(telar_report, n_tasks, 672);
MEMBER(telar_report, n_losses, 680);
MEMBER(telar_report, worker, 688);
MEMBER(telar_report, task, 696);
MEMBER(telar_report, loss, 704);
#endif
#endif
