/* SPDX-License-Identifier: MIT */
/*
 * faults_actions.h - the functions in the list of faults. Each acts in the middle of a task, after
 * the region's pixels have been written correctly. So every wrong pixel comes from the action.
 */
#ifndef TOOLS_FAULTS_ACTIONS_H
#define TOOLS_FAULTS_ACTIONS_H

#include "faults/faults.h"

#define ACTION(name)                                                                               \
    void name(const struct telar_source *source, const struct telar_result *result,                \
              enum fault_rung rung)

/* faults_process.c: actions on the coordinator, on other processes, and on the process itself. */
ACTION(send_noise);
ACTION(send_long_noise);
ACTION(send_nothing);
ACTION(report_ready_again);
ACTION(claim_another_task);
ACTION(claim_another_attempt);
ACTION(claim_twice);
ACTION(close_channel);
ACTION(shut_channel);
ACTION(close_all);
ACTION(close_standard);
ACTION(change_directory);
ACTION(change_mask);
ACTION(block_signals);
ACTION(change_handlers);
ACTION(storm_of_signals);
ACTION(set_alarm);
ACTION(survive_parent);
ACTION(lower_priority);
ACTION(limit_itself);
ACTION(kill_group_member);
ACTION(kill_parent);
ACTION(leave_child);
ACTION(make_children);
ACTION(open_forever);

#endif
