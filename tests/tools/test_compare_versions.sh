#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/dev/compare-versions finds each difference between two programs, and nothing else. The changed programs are shell
# scripts around the telar that was built.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
TMPDIR=$work
export TMPDIR CC
unset TELAR_PNGSUITE
compare=$(cd "$srcdir/tools/dev" && pwd)/compare-versions
python3 -c '' 2>/dev/null || { skip "compare-versions" "no Python"; end_cases; }

# changed SCRIPT: makes a program that runs telar, then the script. $status is telar's exit status.
changed()
{
    printf '#!/bin/sh\n"%s" "$@"\nstatus=$?\n%s\nexit $status\n' "$telar" "$1" >"$work/changed"
    chmod +x "$work/changed"
}

# edited SED-SCRIPT: makes a program that changes what telar writes to standard output and standard error.
edited()
{
    printf '#!/bin/sh\n"%s" "$@" >../o 2>../e\nstatus=$?\nsed "%s" ../o\nsed "%s" ../e >&2\nexit $status\n' \
        "$telar" "$1" "$1" >"$work/changed"
    chmod +x "$work/changed"
}

# ends STATUS DIFFERENT: so the last command ended, with one comparison in its last line.
ends()
{
    [ "$status" = "$1" ] && [ "$(tail -n 1 "$work/out")" = "1 comparisons, $2 different" ] && return
    echo "status $status"
    cat "$work/out" "$work/err"
    return 1
}

# equal ONLY: in the one command with this text, the changed program does the same.
equal()
{
    try "$compare" --only="$1" "$telar" "$work/changed"
    ends 0 0
}

# differs ONLY TEXT: in the one command with this text, the changed program differs, and the difference is told so.
differs()
{
    try "$compare" --only="$1" "$telar" "$work/changed"
    ends 1 1 && grep -q "^    $2" "$work/out" && return
    echo "without '$2':"
    cat "$work/out"
    return 1
}

picture='run -e serial -t invert in/7x5-4-3.png out.png'
crash='-i guarded -j 1 --timeout=1 -g 2x1 -t in/segv.so'
report='run --json -e serial -g 3x2 -t invert -t gray in/galaxy.png'
segment='run -e serial --keep-shm=$KEEP -t invert -t gray in/3000x60-16-0.png'

changed ''
check "a picture: the program itself is equal" equal "$picture"
check "a crash: the program itself is equal" equal "$crash"
check "a report: the program itself is equal" equal "$report"
check "a kept segment: the program itself is equal" equal "$segment"

changed 'printf X | dd of=out.png bs=1 seek=60 conv=notrunc 2>/dev/null'
check "one byte of a picture" differs "$picture" 'out.png: [0-9]* and [0-9]* bytes, different from byte 60 on'
again=$(sed -n 's/^    again: //p' "$work/out")
try sh -c "$again"
check "the printed command finds it again" ends 1 1
changed 'printf XY | dd of="/dev/shm/$KEEP" bs=1 seek=4000 conv=notrunc 2>/dev/null'
check "one byte of a kept segment" differs "$segment" 'segment: .* different from byte 400[01] on'
changed 'rm -f out.png'
check "a picture that is missing" differs "$picture" 'out.png: [0-9]* bytes and none'
changed 'echo >out.tmp'
check "a file that is left" differs "$picture" 'out.tmp: none and 1 bytes'
changed 'exit 9'
check "another exit code" differs "$picture" 'exit code: 0 and 9'
changed 'echo "telar: a word" >&2'
check "a line too many" differs "$picture" 'standard error: 0 and 1 lines, different in line 1'

edited 's/was killed by/came to its end through/'
check "other words are no difference" equal "$crash"
edited 's/0:250/0:251/'
check "another number" differs "$crash" 'standard error: .* different in line 1'
edited 's/SIGSEGV/SIGBUS/'
check "another signal" differs "$crash" 'standard error: '
edited 's/(pid [0-9]*)//'
check "a process number that is missing" differs "$crash" 'standard error: '
edited 's/\\\"total_ns\\\": [0-9]*/\\\"total_ns\\\": 5/'
check "another time in a report is no difference" equal "$report"
edited 's/\\\"columns\\\": 800/\\\"columns\\\": 801/'
check "another number in a report" differs "$report" 'standard output: '
edited 's/\\\"tasks\\\"/\\\"work\\\"/'
check "another name in a report" differs "$report" 'standard output: '

# refuses TEXT: the last command ended with status 2 and this text, and compared nothing.
refuses()
{
    [ "$status" = 2 ] && grep -qF -- "$1" "$work/err" && [ ! -s "$work/out" ] && return
    echo "status $status"
    cat "$work/out" "$work/err"
    return 1
}
try "$compare" "$telar"
check "one program" refuses "OLD and NEW"
try "$compare" "$telar" "$work/absent"
check "a program that is not there" refuses "$work/absent"
try "$compare" --fast "$telar" "$telar"
check "an option that is not known" refuses "--fast"
try "$compare" --pngsuite="$work/absent" "$telar" "$telar"
check "a directory that is not there" refuses "--pngsuite=$work/absent"
try "$compare" --only=nothing-has-this "$telar" "$telar"
check "no command with that text" refuses "no command"
try "$compare" --quick --list "$telar" "$telar"
check "--quick takes at most 40 of each of 10 groups" \
    sh -c "[ $status = 0 ] && n=\$(wc -l <'$work/out') && [ \$n -gt 300 ] && [ \$n -le 400 ]"
cp "$work/out" "$work/first"
try "$compare" --quick --seed=2 --list "$telar" "$telar"
check "another seed takes others" sh -c "! cmp -s '$work/first' '$work/out'"
check "nothing is left" sh -c "! ls -d '$work'/compare-versions.* 2>/dev/null"
end_cases
