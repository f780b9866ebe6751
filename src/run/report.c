/* SPDX-License-Identifier: MIT */
/* The end of a report, and the names of its tasks. */
#include <config.h>

#include <stdlib.h>
#include <telar/report.h>

void telar_report_free(telar_report *report)
{
    if (!report)
        return;
    free(report->worker);
    free(report->task);
    free(report->loss);
    free(report->warning);
    free(report);
}

const char *telar_task_kind_name(telar_task_kind kind)
{
    switch (kind) {
    case TELAR_TASK_INFLATE:
        return "inflate";
    case TELAR_TASK_UNFILTER:
        return "unfilter";
    case TELAR_TASK_ENCODE:
        return "encode";
    case TELAR_TASK_PREPARE:
        return "prepare";
    case TELAR_TASK_GATHER:
        return "gather";
    case TELAR_TASK_MERGE:
        return "merge";
    case TELAR_TASK_PROCESS:
        return "process";
    }
    return "unknown";
}
