#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests plug-ins: the starter of the manual, malformed plug-ins, and plug-ins whose constructors or
# callbacks misbehave.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
include=$srcdir/include
in=$work/in.png out=$work/out.png
export COUNT_FILE="$work/count"
"$telar" galaxy --size=60x70 "$in" && "$telar" galaxy --depth=16 --size=20x30 "$work/deep.png" || exit 99

# Without a sandbox, tests that do not need one run with guarded.
sandbox=sandboxed
"$telar" run -i sandboxed -t copy "$in" "$out" 2>"$work/why" || sandbox=guarded

# odd NAME DEFINITION...: builds a plug-in with one defect.
odd()
{
    so=$work/$1.so
    shift
    $CC -O1 -Wall -Wextra -Werror -shared -fPIC -I"$include" "$@" -o "$so" "$srcdir/tests/support/plugin_odd.c"
}

# Ten seconds pass while other cases run. The last case waits for this command.
odd endless "-DCONSTRUCTOR=for(;;)pause()" || exit 99
"$telar" transforms -i guarded "$work/endless.so" >"$work/endless.out" 2>"$work/endless.err" </dev/null &
endless=$!

# refuses STATUS TEXT DEFINITION...: telar must refuse a plug-in with this defect and keep the old
# output. $limit is the time limit in seconds.
limit=60
refuses()
{
    refuses_status=$1 refuses_text=$2
    shift 2
    odd odd "$@" || return 1
    echo old >"$out"
    rm -f "$COUNT_FILE"
    wrong "$refuses_status" "$refuses_text" "$telar" run -i ${rung:-guarded} --timeout=$limit -t "$work/odd.so" "$in" "$out" || return 1
    [ "$(cat "$out")" = old ] || { echo "the old output was changed"; return 1; }
}

# ---- the starter ----

starter()
{
    [ "$(wc -l <"$srcdir/doc/starter.c")" -lt 40 ] || return 1
    $CC -O2 -Wall -Wextra -Werror -shared -fPIC -o "$work/starter.so" "$srcdir/doc/starter.c" -I"$include"
}

described()
{
    right "$telar" transforms -i $sandbox "$work/starter.so" && grep -q '^brighten - ' "$work/out" \
        && grep -q '^  by=40$' "$work/out" && grep -q '8 bits only' "$work/out" \
        && right "$telar" transforms --json -i guarded "$work/starter.so" && grep -q '"name": "brighten"' "$work/out"
}

# Brightening equals inverting, darkening and inverting. That holds for clipped sums too.
brightens()
{
    right "$telar" run "$@" -t "$work/starter.so:by=40" "$in" "$work/one.png" || return 1
    right "$telar" run "$@" -t invert -t "$work/starter.so:by=-40" -t invert "$in" "$work/two.png" || return 1
    cmp "$work/one.png" "$work/two.png" || return 1
    right "$telar" run -t copy "$in" "$work/same.png" && ! cmp -s "$work/one.png" "$work/same.png" || return 1
    right "$telar" run "$@" -t "$work/starter.so:by=0" "$in" "$work/one.png" && cmp "$work/one.png" "$work/same.png"
}

# The documents show this command. An installed telar needs no -I option.
shown()
{
    for file in README.md doc/starter.c doc/telar.1; do
        grep -qF 'cc -O2 -shared -fPIC -o starter.so starter.c' "$srcdir/$file" || { echo "$file does not show the command"; return 1; }
    done
}

check "README and manual show the command that builds the starter" shown
check "the starter has under 40 lines and builds" starter
check "telar transforms describes the starter" described
for isolation in shared guarded sandboxed; do
    if [ $isolation = sandboxed ] && [ $sandbox != sandboxed ]; then
        skip "the starter at sandboxed" "$(cat "$work/why")"
    else
        check "the starter at $isolation" brightens -i $isolation -j 3 -g 5x2
    fi
done
for engine in serial threads gil; do
    check "the starter with $engine and --trust" brightens -e $engine --trust
    check "$engine without --trust refuses the starter" wrong 2 "--trust" "$telar" run -e $engine -t "$work/starter.so" "$in" "$out"
done
if [ $sandbox = sandboxed ]; then
    check "a plug-in runs at sandboxed by default" sh -c "'$telar' run --json -t '$work/starter.so' '$in' '$out' | grep -q '\"isolation\": \"sandboxed\"'"
else
    check "a plug-in is refused without a sandbox" wrong 4 "no sandbox" "$telar" run -t "$work/starter.so" "$in" "$out"
fi
for wrong in by=300 by=x by=1.5 by= bye=3 by=1,by=2 ,; do
    check "the starter refuses :$wrong" wrong 2 brighten "$telar" run -i guarded -t "$work/starter.so:$wrong" "$in" "$out"
done
check "the starter refuses 16 bits" wrong 3 "8 bits" "$telar" run -i guarded -t "$work/starter.so" "$work/deep.png" "$out"

# ---- a plug-in that was built with the headers of a build before 0.1.0 ----

old=$srcdir/tests/support/telar-0.1.0
build_old()
{
    $CC -O2 -std=c11 -Wall -Wextra -Werror -shared -fPIC -I"$old/include" -o "$work/old.so" "$old/plugin.c"
}

# The plug-in inverts only if every argument is as those headers promised.
old_inverts()
{
    right "$telar" run "$@" -t "$work/old.so:white=255" "$in" "$work/one.png" &&
        right "$telar" run -t invert "$in" "$work/two.png" && cmp "$work/one.png" "$work/two.png"
}

check "a plug-in from before 0.1.0 builds with its headers" build_old
check "telar transforms describes a plug-in from before 0.1.0" sh -c "'$telar' transforms -i guarded '$work/old.so' | grep -q '^old - inverts, as 0.1.0 did'"
check "a plug-in from before 0.1.0 runs at guarded" old_inverts -i guarded -j 2 -g 3x2
check "a plug-in from before 0.1.0 runs at shared" old_inverts -i shared -j 2
if [ $sandbox = sandboxed ]; then
    check "a plug-in from before 0.1.0 runs at sandboxed" old_inverts -j 2 -g 3x2
else
    skip "a plug-in from before 0.1.0 runs at sandboxed" "$(cat "$work/why")"
fi
check "a plug-in from before 0.1.0 runs in threads" old_inverts -e threads --trust -j 2

# ---- malformed plug-ins ----

mkdir "$work/dir.so"
: >"$work/empty.so"
echo "this is no shared object" >"$work/text.so"
head -c 2000 "$work/starter.so" >"$work/cut.so"
for file in absent dir empty text; do
    check "run refuses $file.so" wrong 3 "plug-in $work/$file.so" "$telar" run -i guarded -t "$work/$file.so" "$in" "$out"
    check "transforms refuses $file.so" wrong 3 "plug-in $work/$file.so" "$telar" transforms -i guarded "$work/$file.so"
done
# The dynamic linker maps the file and reads behind its end, which causes SIGBUS. A newer linker may
# check the size and refuse the file.
cut()
{
    try "$telar" transforms -i guarded "$work/cut.so"
    [ "$status" = 3 ] || refused 5 && says SIGBUS
}
check "a truncated shared object" cut
check "a plug-in without the symbol telar_plugin" refuses 3 "exports no symbol telar_plugin" -DSYMBOL=another
check "another ABI number" refuses 3 "abi 77" "-DHEAD=.abi=77,.struct_size=sizeof(struct telar_transform)"
check "another struct_size" refuses 3 "8 bytes" "-DHEAD=.abi=TELAR_TRANSFORM_ABI,.struct_size=8"
check "an undefined symbol" refuses 3 "nowhere" -DUNRESOLVED
check "an upper-case name" refuses 3 "name" '-DNAME="ODD"'
check "a plug-in without a name" refuses 3 "name" -DNAME=NULL
check "an escape sequence in the summary" refuses 3 "printable" '-DSUMMARY="\033[2J"'
check "a Latin-1 control character in the summary" refuses 3 "printable" '-DSUMMARY="\xc2\x9b""2J"'
check "a summary that is not UTF-8" refuses 3 "printable" '-DSUMMARY="\xff"'
check "a summary of 500 characters" refuses 3 "too long" \
    "-DSUMMARY=\"$(head -c 500 /dev/zero | tr '\0' x)\""
check "a default value out of range" refuses 3 "default" -DINITIAL=10
check "gather without merge" refuses 3 "gather" "-DMORE=.partial_bytes=(void*)1"
check "a halo that is too large" refuses 2 "4096" -DHALO=5000
check "a depth that does not exist" refuses 3 "depths" "-DMORE=.depths=8"
check "a plug-in for grey pictures only" refuses 3 "channels" "-DMORE=.channels=1u<<1"
check "a plug-in that changes with each load" refuses 5 "another plug-in" "-DCONSTRUCTOR=params[0].initial=times_loaded()%10"
check "a halo that changes" refuses 5 "another plug-in" "-DHALO=(getpid()%4096)"

# ---- constructors and callbacks ----

for signal in SEGV BUS ILL FPE ABRT KILL TERM PIPE; do
    check "SIG$signal in a constructor" refuses 5 "SIG$signal" "-DCONSTRUCTOR=raise(SIG$signal)"
done
check "exit in a constructor" refuses 5 "exit status 0 while being loaded" "-DCONSTRUCTOR=exit(0)"
check "_exit in a constructor" refuses 5 "exit status 9 while being loaded" "-DCONSTRUCTOR=_exit(9)"
limit=1
check "an endless constructor" refuses 6 "time limit of 1.000 s" "-DCONSTRUCTOR=for(;;)pause()"
limit=60
for rung in shared sandboxed; do
    if [ $rung = sandboxed ] && [ $sandbox != sandboxed ]; then
        skip "constructors at sandboxed" "$(cat "$work/why")"
        continue
    fi
    check "a wild write in a constructor at $rung" refuses 5 SIGSEGV "-DCONSTRUCTOR=*(volatile int*)16=1"
    check "a trap in a constructor at $rung" refuses 5 SIGILL "-DCONSTRUCTOR=__builtin_trap()"
    check "exit in a constructor at $rung" refuses 5 "exit status 0 while being loaded" "-DCONSTRUCTOR=exit(0)"
    limit=1
    check "an endless constructor at $rung" refuses 6 "time limit of 1.000 s" "-DCONSTRUCTOR=for(;;);"
    limit=60
    [ $rung = shared ] || for call in "raise(SIGKILL)" "fork()" "kill(getppid(),9)" "unlink(\"/tmp/x\")" "execl(\"/bin/sh\",\"sh\",NULL)"; do
        check "$call in a constructor at $rung" refuses 5 "which its sandbox forbids" "-DCONSTRUCTOR=$call"
    done
done
rung=
check "a crash in halo" refuses 5 "SIGSEGV" "-DHALO=(uint32_t)raise(SIGSEGV)"
check "an exit in halo" refuses 5 "exit status 3 while telling what it needs" "-DHALO=(_exit(3),0)"
limit=1
check "an endless halo" refuses 6 "time limit" "-DHALO=(uint32_t)pause()"
rung=

# ---- a transform that crashes: --on-crash and --timeout ----

odd always '-DDEED=if(region->r0==0)raise(SIGSEGV)' && odd once '-DDEED=if(times_loaded()==1)raise(SIGSEGV)' \
    && odd hangs '-DDEED=if(region->r0==0)for(;;)pause()' || exit 99
"$telar" run -t invert "$in" "$work/all.png" && "$telar" run -r 30:60,0:70 -t invert "$in" "$work/lower.png" || exit 99
plugin() { so=$work/$1.so; shift; try "$telar" run -i guarded -g 2x1 -j 2 -t "$so" -t invert "$@" "$in" "$out"; }
blames() { plugin "$@" && refused 5 && says "0:30,0:70" && says SIGSEGV && [ "$(cat "$out")" = old ]; }
skips()
{
    plugin "$@"
    [ "$status" = 1 ] && says SIGSEGV && says "0:30,0:70" && cmp "$out" "$work/lower.png"
}
retries() { rm -f "$COUNT_FILE"; plugin once "$@"; [ "$status" = 0 ] && says SIGSEGV && cmp "$out" "$work/all.png"; }
late() { plugin hangs --timeout=0.3 --retries=0 && refused 6 && [ "$(cat "$out")" = old ]; }
echo old >"$out"
check "a region that always crashes: exit 5" blames always --retries=0
check "--on-crash=fail: exit 5" blames always --on-crash=fail
check "a region that always hangs: exit 6" late
check "a region that crashes once is computed again by default" retries
check "--on-crash=skip: exit 1, and the region is left as the source" skips always --on-crash=skip
# attempts NUMBER OPTION...: the list of losses must have this number of attempts.
attempts() { n=$1; shift; plugin always --json "$@"; [ "$status" = 5 ] && [ "$(grep -c '"attempt":' "$work/out")" = "$n" ]; }
check "by default a region is tried three times" attempts 3
check "--retries=4: a region is tried five times" attempts 5 --retries=4
# exit() in a thread would end the program with status 0 and without a message.
odd leaves '-DDEED=if(region->r0==30)exit(0)' && odd leaves-early '-DCONSTRUCTOR=exit(0)' || exit 99
says_exit()
{
    echo old >"$out"
    wrong 5 "$2" "$telar" run -g 2x1 -e $3 --trust -t "$work/$1.so" "$in" "$out" && [ "$(cat "$out")" = old ]
}
for engine in serial threads gil; do
    check "$engine: exit(0) in a transform: exit 5" says_exit leaves "called exit in region 30:60,0:70" $engine
done
check "threads: exit(0) in a constructor: exit 5" says_exit leaves-early "called exit outside any region" threads

# Output through a pipe cannot be taken back. Input from a pipe cannot be read again. telar then
# cannot repeat the whole run.
through()
{
    rm -f "$COUNT_FILE"
    try sh -c "$1 { '$telar' run -i shared --on-crash=retry -j 1 -t '$work/once.so' -t invert $2; echo \$? >'$work/code'; } $3"
    [ "$(cat "$work/code")" = "$4" ] || { cat "$work/code" "$work/err"; return 1; }
}
check "at shared, telar repeats a run from file to file" through "" "$in $out" "" 0
check "at shared, telar does not repeat a run from a pipe" through "cat '$in' |" "- $out" "" 5
check "at shared, telar does not repeat a run to a pipe" through "" "$in -" "| cat >'$work/piped'" 5
slow()
{
    status=0
    wait $endless || status=$?
    mv "$work/endless.out" "$work/out" && mv "$work/endless.err" "$work/err" && refused 6 && says "time limit of 10.000 s"
}
check "without --timeout a plug-in has ten seconds to load" slow
end_cases
