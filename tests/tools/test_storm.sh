#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a short storm, which kills workers and then coordinators at random moments. The seed chooses
# the moments. tools/dev/storm --runs=1000 is a long storm.
. "$(dirname "$0")/../support/cases.sh"
storm=$PWD/tools/dev/storm
[ -x "$storm" ] || { echo "there is no program $storm" >&2; exit 99; }
[ -e /proc/self/task/$$/children ] || [ -e /proc/$$/task/$$/children ] || {
    skip "storm" "this kernel does not list the children of a process"
    end_cases
}

TMPDIR=$work
export TMPDIR
# The leak checker stops the processes that it checks. It fails if the storm stops them too.
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
check "lost workers are replaced" "$storm" --runs=12 --seed="${SEED:-1}"
check "lost coordinators leave nothing" "$storm" --kill-coordinator --runs=12 --seed="${SEED:-1}"
check "the storm leaves no files" sh -c "! ls -d '$work'/telar-storm.* 2>/dev/null"
end_cases
