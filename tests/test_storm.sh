#!/bin/sh
# A short storm: workers, then coordinators, struck at random moments. tools/storm --help; long: --runs=1000.
. "$(dirname "$0")/cases.sh"
storm=$PWD/tools/storm
[ -x "$storm" ] || { echo "no program $storm" >&2; exit 99; }
[ -e /proc/self/task/$$/children ] || [ -e /proc/$$/task/$$/children ] || {
    skip "storm" "this kernel does not tell the children of a process"
    end_cases
}

TMPDIR=$work
export TMPDIR
seed=$(($(date +%s) % 1000000))
check "workers, seed $seed" "$storm" --runs=24 --seed=$seed
check "the same seeds as ever" "$storm" --runs=6 --seed=1
check "coordinators, seed $seed" "$storm" --kill-coordinator --runs=24 --seed=$seed
check "nothing is left of the storm itself" sh -c "! ls -d '$work'/telar-storm.* 2>/dev/null"
end_cases
