#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests that tools/dev/compare-versions finds every difference between two programs, and no false
# one. The changed programs are shell scripts around the telar of this build.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
TMPDIR=$work
export TMPDIR CC
unset TELAR_PNGSUITE
compare=$(cd "$srcdir/tools/dev" && pwd)/compare-versions
python3 -c '' 2>/dev/null || { skip "compare-versions" "python3 is not installed"; end_cases; }

# changed SCRIPT: makes a program that runs telar and then the script. $status is telar's exit
# status.
changed()
{
    printf '#!/bin/sh\n"%s" "$@"\nstatus=$?\n%s\nexit $status\n' "$telar" "$1" >"$work/changed"
    chmod +x "$work/changed"
}

# edited SED-SCRIPT: makes a program that edits telar's standard output and standard error.
edited()
{
    printf '#!/bin/sh\n"%s" "$@" >../o 2>../e\nstatus=$?\nsed "%s" ../o\nsed "%s" ../e >&2\nexit $status\n' \
        "$telar" "$1" "$1" >"$work/changed"
    chmod +x "$work/changed"
}

# ends STATUS DIFFERENT: the last command ended with this status, after one comparison.
ends()
{
    [ "$status" = "$1" ] && [ "$(tail -n 1 "$work/out")" = "1 comparisons, $2 different" ] && return
    echo "status $status"
    cat "$work/out" "$work/err"
    return 1
}

# equal ONLY: the one command with this text behaves the same in the changed program.
equal()
{
    try "$compare" --only="$1" "$telar" "$work/changed"
    ends 0 0
}

# differs ONLY TEXT: the one command with this text behaves differently, and TEXT describes the
# difference.
differs()
{
    try "$compare" --only="$1" "$telar" "$work/changed"
    ends 1 1 && grep -q "^    $2" "$work/out" && return
    echo "'$2' is missing in:"
    cat "$work/out"
    return 1
}

picture='run -e serial -t invert in/7x5-4-3.png out.png'
crash='-i guarded -j 1 --timeout=1 -g 2x1 -t in/segv.so'
report='run --json -e serial -g 3x2 -t invert -t gray in/65x63-16-6i.png'
segment='run -e serial --keep-shm=$KEEP -t invert -t gray in/3000x60-16-0.png'

changed ''
check "a program equals itself on a picture" equal "$picture"
check "a program equals itself on a crash" equal "$crash"
check "a program equals itself on a report" equal "$report"
check "a program equals itself on a kept segment" equal "$segment"

changed 'printf X | dd of=out.png bs=1 seek=60 conv=notrunc 2>/dev/null'
check "one changed byte of a picture is found" differs "$picture" 'out.png: [0-9]* and [0-9]* bytes, different from byte 60 on'
again=$(sed -n 's/^    again: //p' "$work/out")
try sh -c "$again"
check "the printed command finds the difference again" ends 1 1
changed 'printf XY | dd of="/dev/shm/$KEEP" bs=1 seek=4000 conv=notrunc 2>/dev/null'
check "one changed byte of a kept segment is found" differs "$segment" 'segment: .* different from byte 400[01] on'
changed 'rm -f out.png'
check "a missing picture is found" differs "$picture" 'out.png: [0-9]* bytes and none'
changed 'echo >out.tmp'
check "a file that is left behind is found" differs "$picture" 'out.tmp: none and 1 bytes'
changed 'exit 9'
check "another exit code is found" differs "$picture" 'exit code: 0 and 9'
changed 'echo "telar: a word" >&2'
check "an extra line is found" differs "$picture" 'standard error: 0 and 1 lines, different in line 1'

edited 's/was killed by/came to its end through/'
check "other words do not count as a difference" equal "$crash"
edited 's/0:250/0:251/'
check "another number is found" differs "$crash" 'standard error: .* different in line 1'
edited 's/SIGSEGV/SIGBUS/'
check "another signal is found" differs "$crash" 'standard error: '
edited 's/(pid [0-9]*)//'
check "a missing process number is found" differs "$crash" 'standard error: '
edited 's/\\\"total_ns\\\": [0-9]*/\\\"total_ns\\\": 5/'
check "another time in a report does not count" equal "$report"
edited 's/\\\"columns\\\": 63/\\\"columns\\\": 64/'
check "another number in a report is found" differs "$report" 'standard output: '
edited 's/\\\"tasks\\\"/\\\"work\\\"/'
check "another name in a report is found" differs "$report" 'standard output: '

# refuses TEXT: the last command ended with status 2 and this text, and compared nothing.
refuses()
{
    [ "$status" = 2 ] && grep -qF -- "$1" "$work/err" && [ ! -s "$work/out" ] && return
    echo "status $status"
    cat "$work/out" "$work/err"
    return 1
}
try "$compare" "$telar"
check "a single program is refused" refuses "OLD and NEW"
try "$compare" "$telar" "$work/absent"
check "a missing program is refused" refuses "$work/absent"
try "$compare" --fast "$telar" "$telar"
check "an unknown option is refused" refuses "--fast"
try "$compare" --pngsuite="$work/absent" "$telar" "$telar"
check "a missing directory is refused" refuses "--pngsuite=$work/absent"
try "$compare" --only=nothing-has-this "$telar" "$telar"
check "a text that no command has is refused" refuses "no command"
try "$compare" --quick --list "$telar" "$telar"
check "--quick takes at most 40 of each of 10 groups" \
    sh -c "[ $status = 0 ] && n=\$(wc -l <'$work/out') && [ \$n -gt 300 ] && [ \$n -le 400 ]"
cp "$work/out" "$work/first"
try "$compare" --quick --seed=2 --list "$telar" "$telar"
check "another seed chooses other commands" sh -c "! cmp -s '$work/first' '$work/out'"
check "compare-versions leaves no files" sh -c "! ls -d '$work'/compare-versions.* 2>/dev/null"
end_cases
