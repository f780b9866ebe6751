#!/bin/sh
# SPDX-License-Identifier: MIT
# A short storm strikes workers and then coordinators at random moments, which the seed chooses. tools/dev/storm --runs=1000
# is a long one.
. "$(dirname "$0")/../support/cases.sh"
storm=$PWD/tools/dev/storm
[ -x "$storm" ] || { echo "no program $storm" >&2; exit 99; }
[ -e /proc/self/task/$$/children ] || [ -e /proc/$$/task/$$/children ] || {
    skip "storm" "this kernel does not tell the children of a process"
    end_cases
}

TMPDIR=$work
export TMPDIR
# The leak checker stops what it looks at, and ends a program in which somebody else does.
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
check "workers" "$storm" --runs=12 --seed="${SEED:-1}"
check "coordinators" "$storm" --kill-coordinator --runs=12 --seed="${SEED:-1}"
check "nothing is left of the storm itself" sh -c "! ls -d '$work'/telar-storm.* 2>/dev/null"
end_cases
