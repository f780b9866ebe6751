/* SPDX-License-Identifier: MIT */
/*
 * faults_deeds.h - what the list of faults is made of. Each deed is done in the middle of a task,
 * after the region was written as it should be, so that whatever is wrong with the result then is
 * the deed's.
 */
#ifndef TOOLS_FAULTS_DEEDS_H
#define TOOLS_FAULTS_DEEDS_H

#include "faults/faults.h"

#define DEED(name)                                                                                 \
    void name(const struct telar_source *source, const struct telar_result *result,                \
              enum fault_rung rung)

/* In faults_process.c: towards the coordinator, other processes, and what the process has. */
DEED(send_noise);
DEED(send_long_noise);
DEED(send_nothing);
DEED(say_hello_again);
DEED(claim_another_task);
DEED(claim_another_attempt);
DEED(claim_twice);
DEED(close_channel);
DEED(shut_channel);
DEED(close_all);
DEED(close_standard);
DEED(change_directory);
DEED(change_mask);
DEED(block_signals);
DEED(change_handlers);
DEED(storm_of_signals);
DEED(set_alarm);
DEED(survive_parent);
DEED(lower_priority);
DEED(limit_itself);
DEED(kill_group_member);
DEED(kill_parent);
DEED(leave_child);
DEED(make_children);
DEED(open_forever);

#endif
