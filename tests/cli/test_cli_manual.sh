#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests statements of telar(1) that no other test covers: ends of ranges, shortened options, units,
# defaults, output on a terminal, the bytes of the kept segment, and the members of every JSON.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
g=$work/g.png out=$work/out.png
"$telar" galaxy --size=40x50 "$g" || exit 99
run() { right "$telar" run "$@" "$g" "$out"; }
bad() { name=$1 text=$2; shift 2; check "$name" wrong 2 "$text" "$telar" run "$@" "$g" "$out"; }
# holds TEXT: the JSON of the last command, without blanks, must contain TEXT.
holds() { tr -d ' \n' <"$work/out" | grep -qF -- "$1" || { echo "'$1' is missing"; return 1; }; }
members()
{
    what=$1
    shift
    for member; do
        check "$what has $member" holds "\"$member\":"
    done
}

# ---- options ----
check "-h is the same as --help in every command" sh -c "for c in run info transforms galaxy bench demo-faults doctor; do
    [ \"\$($telar \$c -h)\" = \"\$($telar \$c --help)\" ] || exit 1; done"
check "run accepts shortened options" run --transf=copy --work=2
bad "a shortened option with several meanings is refused" "'--t'" --t=copy -t copy
for n in 1 256; do
    check "-j $n is accepted" run -j $n -t copy
done
for n in 0 1 1000; do
    check "--retries=$n is accepted" run --retries=$n -t copy
done
for n in -1 1001 x 1.5 ''; do
    bad "--retries='$n' is refused" "--retries" --retries="$n" -t copy
done
bad "an unknown --on-crash is refused" "fail, retry, skip" --on-crash=no -t copy
bad "--on-crash=skip with -i shared is refused" "guarded" --on-crash=skip -i shared -t copy
for engine in serial threads gil; do
    check "--on-crash=fail with $engine is accepted" run -e $engine --on-crash=fail -t copy
    for way in retry skip; do
        bad "--on-crash=$way with $engine is refused" "processes" -e $engine --on-crash=$way -t copy
    done
done
check "--timeout accepts a fraction of a second" run --timeout=59.5 -t copy
check "--timeout=0 is accepted" run --timeout=0 -t copy
sixteen=$(for _ in $(seq 16); do printf -- '-t invert '; done)
check "a pipeline of sixteen transforms is accepted" run $sixteen
check "sixteen times invert leaves the picture unchanged" sh -c "$telar run -t copy $g - | cmp - $out"
bad "a pipeline of seventeen transforms is refused" "16" $sixteen -t copy
check "--bands=5 is a grid of 5 rows" sh -c "$telar run --json --bands=5 -t copy $g $out | tr -d ' \n' | grep -qF '\"grid\":{\"rows\":5,\"columns\":1}'"

# ---- units ----
"$telar" galaxy --size=1000x1000 "$work/million.png" || exit 99
million() { right "$telar" run -t copy "$@" "$work/million.png" "$out"; }
check "--max-pixels=1M is a million" million --max-pixels=1M
check "--max-pixels=1000K is a million too" million --max-pixels=1000K
check "--max-pixels=1G is accepted" million --max-pixels=1G
check "--max-pixels=999K refuses a million pixels" wrong 3 "pixels" "$telar" run -t copy --max-pixels=999K "$work/million.png" "$out"
bytes=$("$telar" run --json -j 1 -g 2x2 -t copy "$g" "$out" | tr -d ' \n' | sed 's/.*"segment":{[^}]*"bytes":\([0-9]*\).*/\1/')
kib=$((bytes / 1024))
check "the size of a segment is a multiple of 1 KiB" [ $((kib * 1024)) = "$bytes" ]
check "--max-memory counts bytes" run -j 1 -g 2x2 -t copy --max-memory="$bytes"
check "--max-memory=${kib}K is the same number of bytes" run -j 1 -g 2x2 -t copy --max-memory=${kib}K
for size in 1M 1G; do
    check "--max-memory=$size is enough" run -j 1 -g 2x2 -t copy --max-memory=$size
done
for size in $((bytes - 1)) $((kib - 1))K; do
    check "--max-memory=$size is too little" wrong 4 "limit" "$telar" run -j 1 -g 2x2 -t copy --max-memory=$size "$g" "$out"
done
# Files with little more than a header: of 32000 x 31250 pixels, and of one more row.
printf '\211PNG\r\n\032\n\000\000\000\015IHDR\000\000\175\000\000\000\172\022\010\000\000\000\000\055\120\020\317\000\000\000\020IDATxxxx' >"$work/most.png"
printf '\211PNG\r\n\032\n\000\000\000\015IHDR\000\000\175\000\000\000\172\023\010\000\000\000\000\346\014\303\152\000\000\000\020IDATxxxx' >"$work/more.png"
check "by default more than 10^9 pixels are refused" wrong 3 "pixels" "$telar" run -t copy "$work/more.png" "$out"
few() { wrong 3 "most.png" "$telar" run -t copy "$work/most.png" "$out" && ! says pixels; }
check "by default 10^9 pixels are allowed" few

# ---- terminals ----
# terminal TERM COMMAND: keeps the output of the command on a terminal of this kind, without input.
terminal() { TERM=$1 script -qec "$2" /dev/null </dev/null >"$work/shown" 2>&1; }
if command -v script >/dev/null; then
    shown() { terminal xterm "$telar run $1 -t copy $g $out" && [ -s "$work/shown" ]; }
    dumb() { terminal dumb "$telar run -t copy $g $out" && [ ! -s "$work/shown" ]; }
    silent_there() { terminal xterm "$telar run $1 -t copy $g $out" && [ ! -s "$work/shown" ]; }
    check "run shows progress on a terminal" shown ""
    check "--progress=never shows no progress" silent_there --progress=never
    check "-q shows no progress" silent_there -q
    check "a dumb terminal shows no progress" dumb
    check "run does not write a picture to a terminal" sh -c "! script -qec '$telar run -t copy $g -' /dev/null </dev/null | grep -q IDAT"
else
    skip "terminals" "script(1) is not installed"
fi

# ---- the kept segment ----
# numbers KIND OFFSET COUNT: prints numbers of the segment on one line.
numbers() { od -A n -t "$1" -j "$2" -N "$3" -v -w1024 "$kept" | tr -s ' ' | sed 's/^ //'; }
header()
{
    [ "$(head -c 8 "$kept" | od -A n -c | tr -d ' ')" = 'telar\0\0\0' ] || { echo "the header does not begin with 'telar'"; return 1; }
    [ "$(numbers u4 8 48)" = "1 96 7 11 3 8 1 7 2 11 2 3" ] || { numbers u4 8 48; return 1; }
    [ "$(numbers u8 56 8)" = "$(wc -c <"$kept")" ] || { echo "the header has the wrong size"; return 1; }
}
# Region 4 of 2 x 3 has rows 4 to 7 and columns 5 to 8. Its result must be the negative of the
# source.
negative()
{
    set -- $(numbers u8 64 32)
    for row in 0 1 2; do
        for byte in $(numbers u1 $(($1 + (4 + row) * $2 + 5 * 3)) 9); do
            printf '%d ' $((255 - byte))
        done
    done >"$work/expected"
    numbers u1 $(($3 + 4 * $4)) 27 | sed 's/$/ /' | tr -d '\n' | cmp - "$work/expected"
}
if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    kept=/dev/shm/telar-manual-$$
    trap 'rm -rf "$work" "$kept"' EXIT
    "$telar" galaxy --size=7x11 "$work/tiny.png" || exit 99
    check "run keeps the segment" right "$telar" run -g 2x3 -r 1:7,2:11 -t invert --keep-shm="${kept#/dev/shm/}" "$work/tiny.png" "$out"
    check "the kept segment has the header of the manual" header
    check "the kept segment has the source and the result" negative
    rm -f "$kept"
else
    skip "the kept segment" "/dev/shm is missing or not writable"
fi

# ---- signals ----
# ends SIGNAL NUMBER: the signal must end a run that waits for its input. The old output stays, no
# process and no other file.
ends()
{
    mkdir "$work/$1" && mkfifo "$work/$1.fifo" && echo old >"$work/$1/out.png" || return 1
    env --default-signal="$1" "$telar" run -t copy - "$work/$1/out.png" <"$work/$1.fifo" 2>/dev/null &
    ends_pid=$!
    exec 9>"$work/$1.fifo"
    head -c 3000 "$g" >&9
    for _ in $(seq 100); do
        grep -q '^State:.S' "/proc/$ends_pid/status" && [ -n "$(pgrep -P "$ends_pid")" ] && break
        sleep 0.1
    done
    children=$(pgrep -P "$ends_pid")
    kill -s "$1" "$ends_pid"
    status=0
    wait "$ends_pid" 2>/dev/null || status=$?
    exec 9>&-
    [ "$status" = "$2" ] || { echo "exit status $status instead of $2"; return 1; }
    for _ in $(seq 100); do
        alive=
        for child in $children; do
            [ ! -d "/proc/$child" ] || alive=$child
        done
        [ -n "$alive" ] || break
        sleep 0.1
    done
    [ -z "$alive" ] && [ "$(cat "$work/$1/out.png")" = old ] && [ "$(ls -A "$work/$1")" = out.png ]
}
if command -v pgrep >/dev/null && env --default-signal=INT true 2>/dev/null; then
    check "SIGHUP ends a run" ends HUP 129
    check "SIGINT ends a run" ends INT 130
    check "SIGTERM ends a run" ends TERM 143
else
    skip "signals" "pgrep is missing, or env(1) cannot set signals"
fi

# ---- the members of the JSON ----
try "$telar" run --json -j 2 -g 2x2 -t copy "$g" "$out"
members "run --json" version input output transforms engine isolation sandbox image grid segment backing bytes huge_bytes \
    workers_wanted workers_reason dropped transform_start_ns dismiss_ns durations decode_ns transform_ns write_ns total_ns \
    workers pid processes tasks spawn_ns born_ns ready_ns leave_ns left_ns end_ns minor_faults major_faults \
    voluntary_switches involuntary_switches cause kind region worker attempts skipped start_ns losses
check "run --json has no error after a success" sh -c "! grep -q '\"error\"' $work/out"
try "$telar" run --json -t copy "$work/none.png" "$out"
members "the error" status exit text errno worker pid region
wrong 2 "" "$telar" run --json -t nothing "$g" "$out" >/dev/null
check "a wrong option gives no JSON" [ ! -s "$work/out" ]
try "$telar" info --json "$g" "$work/none.png"
members "info --json" version files file error
check "info of several files gives the exit code of the bad one" [ "$status" = 3 ]
try "$telar" transforms --json
members "transforms --json" version transforms name summary manual depths channels params
try "$telar" doctor --json
members "doctor --json" version findings name level text remedy
try "$telar" bench -q -j 2 --size=20x20 --rounds=2 --json
members "bench --json" version command transforms host method seed rounds findings groups rows median_ms mad_ms \
    ratio verdict samples laws amdahl_serial_share break_even rungs rss_bytes pss_bytes examined workers pages segment start job engine isolation
check "bench --json has no python member without --python" sh -c "! grep -q '\"python\"' $work/out"
try "$telar" demo-faults --json
members "demo-faults --json" version cells fault what rung outcome wrong_pixels recovery_ms
end_cases
