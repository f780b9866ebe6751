#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs one of 83 cases of tools/dev/sweep, at each rung. The seed chooses the cases. In a case one
# system call fails. tools/dev/sweep runs all cases in some minutes.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
TELAR=$telar TMPDIR=$work
export TELAR TMPDIR

for rung in threads shared guarded sandboxed; do
    "$srcdir/tools/dev/sweep" --rung=$rung --sample=83 --first=$((${SEED:-1} % 83 + 1)) >"$work/said" 2>&1
    status=$?
    case $status:$(cat "$work/said") in
    77:*) skip "failing system calls at $rung" "$(cat "$work/said")" ;;
    0:*skipped*) skip "failing system calls at $rung" "$(cat "$work/said")" ;;
    *) check "failing system calls at $rung" sh -c "cat '$work/said' && exit $status" ;;
    esac
done
check "sweep refuses an unknown option" sh -c "'$srcdir/tools/dev/sweep' --rungs=threads 2>/dev/null; [ \$? = 2 ]"
check "the sweep leaves no files" sh -c "! ls -d '$work'/telar-sweep.* 2>/dev/null"
end_cases
