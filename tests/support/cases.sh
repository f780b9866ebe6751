# SPDX-License-Identifier: MIT
# cases.sh - sourced by the shell tests. Each case prints one line, "ok - NAME", "not ok - NAME" or
# "skip - NAME: REASON", which tools/check counts; end_cases gives the exit status that automake's harness expects.
# The harness sets srcdir, and Makefile.am the others; called by hand, from a build directory, the defaults serve.
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}" "${CC:=cc}" "${NM:=nm}"
export LC_ALL=C
umask 022
# Descriptors that the caller left open would count in tests of few descriptors.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
cases_passed=0 cases_failed=0 cases_skipped=0
work=$(mktemp -d "${TMPDIR:-/tmp}/telar-test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM

# check NAME COMMAND...: a case that passes when the command does; what the command says is shown when it does not.
check()
{
    check_name=$1
    shift
    if "$@" >"$work/said" 2>&1; then
        echo "ok - $check_name"
        cases_passed=$((cases_passed + 1))
    else
        echo "not ok - $check_name (status $?): $*"
        sed 's/^/    /' "$work/said"
        cases_failed=$((cases_failed + 1))
    fi
}

skip()
{
    echo "skip - $1: $2"
    cases_skipped=$((cases_skipped + 1))
}

# A script that came here without a single case has tested nothing, and fails.
end_cases()
{
    [ $cases_failed = 0 ] || exit 1
    [ $cases_passed != 0 ] || [ $cases_skipped != 0 ] || exit 99
    [ $cases_passed != 0 ] || exit 77
    exit 0
}
