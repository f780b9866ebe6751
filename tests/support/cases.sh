# SPDX-License-Identifier: MIT
# cases.sh - the shell tests source this file. Each case prints one line: "ok - NAME", "not ok -
# NAME" or "skip - NAME: REASON". tools/check counts these lines. end_cases gives the exit status
# that automake's harness expects. The harness sets srcdir, and Makefile.am sets CC and NM. For a
# call by hand from a build directory, the defaults serve.
: "${srcdir:=$(cd "$(dirname "$0")/../.." && pwd)}" "${CC:=cc}" "${NM:=nm}"
export LC_ALL=C
umask 022
# Closes descriptors of the caller, which would count in tests of few descriptors.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
cases_passed=0 cases_failed=0 cases_skipped=0
work=$(mktemp -d "${TMPDIR:-/tmp}/telar-test.XXXXXX") || exit 99
trap 'rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM

# check NAME COMMAND...: the case passes if the command succeeds. If the command fails, its output
# is shown.
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

# A script that ends without a case has tested nothing, so it fails.
end_cases()
{
    [ $cases_failed = 0 ] || exit 1
    [ $cases_passed != 0 ] || [ $cases_skipped != 0 ] || exit 99
    [ $cases_passed != 0 ] || exit 77
    exit 0
}
