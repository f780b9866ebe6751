#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests telar run: the output of every engine, every wrong call, and the state after a failure.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
g=$work/g.png in=$work/in.png out=$work/dir/out.png
mkdir "$work/dir"
"$telar" galaxy "$g" && "$telar" galaxy --size=37x53 --depth=16 "$in" || exit 99

same() { "$telar" run -t copy "$1" "$work/a.png" && "$telar" run -t copy "$2" "$work/b.png" && cmp "$work/a.png" "$work/b.png"; }
differ() { ! same "$1" "$2"; }
helps() { right "$telar" "$@" --help && grep -q '^usage: telar' "$work/out" && ! grep -q '.\{81\}' "$work/out"; }

check "--help fits a terminal" helps
for command in run info transforms galaxy bench demo-faults doctor; do
    check "$command --help fits a terminal" helps $command
done
check "--help names all commands" sh -c "for c in run info transforms galaxy bench demo-faults doctor; do $telar --help | grep -q \"^  \$c \" || exit 1; done"

# ---- output ----
check "run works with serial" right "$telar" run -e serial -t invert "$g" "$work/serial.png"
for engine in threads gil processes; do
    check "run works with $engine on quadrants" right "$telar" run -e $engine -j 4 -g 2x2 -t invert "$g" "$work/$engine.png"
    check "$engine and serial give the same file" cmp "$work/$engine.png" "$work/serial.png"
done
check "run works with guarded" right "$telar" run -i guarded -t invert "$g" "$work/guarded.png"
check "shared and guarded give the same file" sh -c "$telar run -i shared -t invert $g - | cmp - $work/guarded.png"
check "invert changes the picture" differ "$g" "$work/serial.png"
check "invert twice differs from invert once" sh -c "$telar run -t invert -t invert $g - | $telar run -t copy - - | cmp - $work/serial.png && exit 1; $telar run -t invert -t invert $g $work/twice.png"
check "invert twice gives the picture again" same "$work/twice.png" "$g"
check "run reads standard input and writes standard output" sh -c "$telar run -t invert - - <$g | cmp - $work/serial.png"
check "--bands gives the same file" sh -c "$telar run --bands=7 -t invert $g - | cmp - $work/serial.png"
check "run accepts more regions than pixels" right "$telar" run -q -g 999x999 -t invert "$in" "$work/fine.png"
check "run accepts more workers than regions" right "$telar" run -j 2 -g 1x1 -t invert "$in" "$work/coarse.png"
check "the grid does not change the file" cmp "$work/fine.png" "$work/coarse.png"
cp "$g" "$work/self.png"
check "run may write over its input" right "$telar" run -t invert "$work/self.png" "$work/self.png"
check "writing over the input gives the same file" cmp "$work/self.png" "$work/serial.png"
cp "$g" "$work/parts.png"
for roi in 0:250,0:400 0:250,400:800 250:500,0:400 250:500,400:800; do
    check "--roi=$roi is accepted" right "$telar" run --roi=$roi -t invert "$work/parts.png" "$work/parts.png"
done
check "four regions of interest give the whole picture" cmp "$work/parts.png" "$work/serial.png"
check "run works if the caller ignores SIGCHLD" sh -c "trap '' CHLD; $telar run -t invert $g - | cmp - $work/serial.png"
check "options may follow operands" right "$telar" run "$in" "$work/late.png" -t copy
check "a name behind -- may begin with a dash" sh -c "cd $work && $telar run -t copy -- in.png -dash.png && test -s ./-dash.png"

# ---- messages ----
check "run -v succeeds" sh -c "$telar run -v -j 2 -g 2x2 -t copy $g $work/v.png 2>$work/err"
for text in "500 x 800 x 3" "2 x 2 regions" "engine processes" "isolation guarded" "workers 2" "segment" "worker 0" \
    "worker 1" "work in ms: inflate" ", transform" ", encode" "all"; do
    check "-v says $text" says "$text"
done
for small in "$in" "$g"; do
    check "run -v of a small picture succeeds" sh -c "$telar run -v -t invert $small $work/v.png 2>$work/err"
    check "a small picture has one worker" says "workers 1 ("
done
check "-q with -v contradict each other" wrong 2 "--quiet and --verbose" "$telar" run -q -v -t copy "$g" "$work/none.png"
check "run shows progress only on a terminal" right "$telar" run -t copy "$g" "$work/v.png"
try "$telar" run --progress=always -t copy "$g" "$work/v.png"
check "run erases the progress line at the end" sh -c "tail -c 4 $work/err | od -c | grep -q '033   \[   K'"

# An acTL chunk of one frame behind IHDR.
{ head -c 33 "$g"; printf '\000\000\000\010acTL\000\000\000\001\000\000\000\000\264\055\351\240'; tail -c +34 "$g"; } >"$work/anim.png"
check "run reads an animation" sh -c "$telar run -t invert $work/anim.png $work/first.png 2>$work/err"
check "a line says that only one picture of an animation is kept" says "anim.png: is animated"
check "the output of an animation is its first picture" cmp "$work/first.png" "$work/serial.png"
check "-q suppresses the line about an animation" right "$telar" run -q -t invert "$work/anim.png" "$work/first.png"

json() { right "$telar" "$@" && ./tests/tools/test_json - <"$work/out"; }
holds() { tr -d ' \n' <"$work/out" | grep -qF -- "$1"; }
if [ -x ./tests/tools/test_json ]; then
    check "run --json writes JSON" json run --json -j 2 -g 2x2 -t invert -t copy "$g" "$work/json.png"
    for text in '"version":1' '"engine":"processes"' '"isolation":"guarded"' '"transforms":["invert","copy"]' \
        '"image":{"rows":500,"columns":800,"channels":3,"depth":8}' '"grid":{"rows":2,"columns":2}' \
        '"region":[250,500,400,800]' '"attempts":1' '"minor_faults":' '"cause":"' '"total_ns":'; do
        check "run --json has $text" holds "$text"
    done
    try "$telar" run --json -t copy "$work/none.png" "$work/json.png"
    check "run --json of a failure gives the exit code" [ "$status" = 3 ]
    check "run --json of a failure writes JSON" sh -c "./tests/tools/test_json - <$work/out"
    check "run --json of a failure has the error" holds '"error":{"status":"input","exit":3,'
    head -c 3000 "$g" >"$work/half.png"
    try "$telar" run --json -t copy "$work/half.png" "$work/json.png"
    check "the error of a damaged file names no worker" holds '"worker":null,"pid":0,"region":null'
    name=$(printf '%s/\377"\\.png' "$work")
    cp "$g" "$name"
    check "run --json accepts a name that is not UTF-8" json run --json -t copy "$name" "$work/json.png"
    check "info --json accepts a name that is not UTF-8" json info --json "$name" "$in"
    check "transforms --json writes JSON" json transforms --json
    check "transforms --json of one transform writes JSON" json transforms --json invert
    try "$telar" doctor --json
    check "doctor --json writes JSON" sh -c "./tests/tools/test_json - <$work/out"
else
    skip "JSON" "the JSON judge was not built, because Check is missing"
fi
check "transforms lists the transforms" right "$telar" transforms
cp "$work/out" "$work/transforms"
manual() { right "$telar" transforms "$1" && grep -q "^$1 - " "$work/out" && grep -qi parameters "$work/out"; }
while read -r name rest; do
    check "transforms $name prints the manual" manual "$name"
done <"$work/transforms"
try "$telar" doctor
check "doctor succeeds" [ "$status" = 0 ]
check "doctor reports the sandbox" grep -qE '^(ok|warn) +sandbox ' "$work/out"
check "the lines of doctor have the documented form" sh -c "! grep -Ev '^(ok|warn|bad)   *[a-z]|^ {22}|.{81}' $work/out"

# ---- wrong calls: exit code 2, before a file is read or written ----
echo old >"$out"
bad() { name=$1 text=$2; shift 2; check "$name" wrong 2 "$text" "$telar" run "$@"; }
bad "run without a transform is refused" "-t" "$g" "$out"
bad "run refuses an unknown transform" "invert" -t invret "$g" "$out"
bad "run refuses a plug-in without a slash" "./mine.so" -t mine.so "$g" "$out"
check "a limit on file sizes is reported as such" wrong 4 "File too large" \
    sh -c "ulimit -f 1; exec '$telar' run -t copy '$g' '$out'"
bad "run refuses a parameter for a transform without one" "invert" -t invert:x=1 "$g" "$out"
bad "run refuses an empty transform" "" -t "" "$g" "$out"
bad "run refuses no operand" "INPUT and OUTPUT" -t copy
bad "run refuses one operand" "INPUT and OUTPUT" -t copy "$g"
bad "run refuses three operands" "INPUT and OUTPUT" -t copy "$g" "$out" "$out"
for n in 0 257 100000 -1 1.5 x 2x '' ' 1' 99999999999999999999; do
    bad "run refuses -j '$n'" "--workers" -j "$n" -t copy "$g" "$out"
done
for grid in 0x2 2x0 2 x 2x 2x2x2 2*2 -1x2 4294967297x1 2x2. ''; do
    bad "run refuses --grid='$grid'" "--grid" --grid="$grid" -t copy "$g" "$out"
done
bad "run refuses --bands=0" "--bands" --bands=0 -t copy "$g" "$out"
bad "run refuses --grid with --bands" "--grid and --bands" --grid=2x2 --bands=3 -t copy "$g" "$out"
for roi in 0:0,0:1 5:4,0:1 0:1 0:1,0 0:1,0:1, -1:2,0:1 0:1,0:99999999999 a:b,c:d ''; do
    bad "run refuses --roi='$roi'" "--roi" --roi="$roi" -t copy "$g" "$out"
done
bad "run refuses a --roi below the image" "500" --roi=0:501,0:800 -t copy "$g" "$out"
bad "run refuses a --roi beside the image" "800" --roi=0:500,900:901 -t copy "$g" "$out"
bad "run refuses an unknown engine" "serial, threads, gil, processes" -e fork -t copy "$g" "$out"
bad "run refuses an unknown isolation" "shared, guarded" -i none -t copy "$g" "$out"
bad "run refuses isolated threads" "processes" -e threads -i guarded -t copy "$g" "$out"
for seconds in -1 x 1s 1e3 . 1.2.3 99999999999 ''; do
    bad "run refuses --timeout='$seconds'" "--timeout" --timeout="$seconds" -t copy "$g" "$out"
done
for size in 0 -1 K 1KK 1T 99999999999G ''; do
    bad "run refuses --max-memory='$size'" "--max-memory" --max-memory="$size" -t copy "$g" "$out"
done
bad "run refuses --max-pixels=0" "--max-pixels" --max-pixels=0 -t copy "$g" "$out"
bad "run refuses --keep-shm with a slash" "slash" --keep-shm=a/b -t copy "$g" "$out"
bad "run refuses an unknown --progress" "auto, always, never" --progress=yes -t copy "$g" "$out"
bad "run refuses JSON and picture on one standard output" "standard output" --json -t copy "$g" -
bad "run suggests an option for a misspelt one" "did you mean '--timeout'?" --timeuot=1 -t copy "$g" "$out"
bad "run refuses --start, which only bench has" "--start" --start=pool -t copy "$g" "$out"
bad "run refuses an option without its value" "needs a value" "$g" "$out" -t
check "transforms suggests a name for a misspelt one" wrong 2 "did you mean 'invert'?" "$telar" transforms invrt
check "doctor refuses an operand" wrong 2 "$g" "$telar" doctor "$g"

# ---- restart points ----
# tells FILE TEXT: telar info must print a line with TEXT.
tells() { "$telar" info "$1" | grep -q "$2"; }
"$telar" run -t copy "$g" "$work/bands.png" && "$telar" run --no-restart -t copy "$g" "$work/plain.png" || exit 99
check "info shows the bands of a file that telar wrote" tells "$work/bands.png" "restart  *bands of [1-9][0-9]* rows"
check "--no-restart leaves out the restart points" sh -c "! '$telar' info '$work/plain.png' | grep -q -e restart -e teLR"
check "files with and without restart points have the same picture" sh -c "
    '$telar' run --no-restart -t copy '$work/bands.png' '$work/again.png' && cmp '$work/again.png' '$work/plain.png'"
# In series the last band may be full before the stream ends.
check "telar reads its own file in series too" sh -c "
    '$telar' run -j 3 -t copy '$work/plain.png' '$work/again.png' && cmp '$work/again.png' '$work/bands.png'"
check "telar reads its own file from standard input" sh -c "
    cat '$work/bands.png' | '$telar' run -j 3 -t copy - '$work/again.png' && cmp '$work/again.png' '$work/bands.png'"

# ---- compression ----
for compression in fast small; do
    check "--compression=$compression is accepted" right "$telar" run --compression=$compression -t invert "$g" "$work/$compression.png"
    check "--compression=$compression keeps the picture" sh -c "
        '$telar' run -t copy '$work/$compression.png' '$work/again.png' && cmp '$work/again.png' '$work/fast.png'"
done
check "--compression=small gives no larger file than fast" [ "$(wc -c <"$work/small.png")" -le "$(wc -c <"$work/fast.png")" ]
bad "run refuses an unknown --compression" "none of fast, small" --compression=best -t copy "$g" "$out"
bad "run refuses the former --compression=libpng" "'libpng' is none of fast, small" --compression=libpng -t copy "$g" "$out"

# ---- failures ----
mkdir "$work/directory"
printf '\377\330\377\340\000\020JFIF\000\001' >"$work/photo.png"
head -c 5000 "$g" >"$work/short.png"
fails() { name=$1 code=$2 text=$3; shift 3; check "$name" wrong "$code" "$text" "$telar" run -t copy "$@"; }
fails "run refuses a missing input" 3 "$work/none.png" "$work/none.png" "$out"
fails "run refuses a directory as input" 3 "$work/directory" "$work/directory" "$out"
fails "run refuses a JPEG called .png" 3 "$work/photo.png" "$work/photo.png" "$out"
fails "run refuses a truncated PNG" 3 "$work/short.png" "$work/short.png" "$out"
fails "run refuses a truncated PNG with --keep-shm" 3 "$work/short.png" --keep-shm="kept-telar-$$" "$work/short.png" "$out"
rm -f "/dev/shm/kept-telar-$$"
from_fifo() { mkfifo "$work/short.fifo" && { cat "$work/short.png" >"$work/short.fifo" & } && wrong 3 "short.fifo" "$telar" run -t copy "$work/short.fifo" "$out"; }
check "run refuses a truncated PNG from a named pipe" from_fifo
to_pipe() { "$telar" run -t copy "$work/short.png" /dev/stdout 2>"$work/err" | cat >"$work/piped"; says "$work/short.png"; }
check "run to a pipe reports a truncated PNG" to_pipe
fails "run refuses empty standard input" 3 "standard input" - "$out"
fails "run refuses too many pixels" 3 "$g" --max-pixels=399999 "$g" "$out"
fails "run refuses too little memory" 4 "limit" --max-memory=100K "$g" "$out"
fails "run cannot write to a directory" 7 "$work/directory" "$g" "$work/directory"
fails "run cannot write into a missing directory" 7 "$work/no/out.png" "$g" "$work/no/out.png"
fails "run cannot write into /proc" 7 "created in its directory: No such file or directory; name a place" "$g" /proc/out.png
fails "run cannot write to /dev/full" 7 "/dev/full" "$g" /dev/full
check "the failures leave the old output" sh -c "[ \"\$(cat $out)\" = old ]"
check "the failures leave no other file" sh -c "[ \"\$(ls -A $work/dir)\" = out.png ]"
if [ "$(id -u)" != 0 ]; then
    chmod a-w "$work/dir"
    fails "run cannot write into a read-only directory" 7 "$work/dir/new.png" "$g" "$work/dir/new.png"
    chmod u+w "$work/dir"
else
    skip "run cannot write into a read-only directory" "root may write to it"
fi

closed() { status=0; "$@" >&- 2>"$work/err" || status=$?; : >"$work/out"; refused 7; }
full() { status=0; "$@" >/dev/full 2>"$work/err" || status=$?; : >"$work/out"; refused 7; }
cut_off()
{
    to_closed_pipe "$@"
    [ "$status" = 141 ] && [ ! -s "$work/err" ] || { echo "status $status"; cat "$work/err"; return 1; }
}
for command in "run -t copy $g -" "run --json -t copy $g $work/v.png" transforms "transforms copy" "doctor"; do
    check "$command fails if standard output is closed" closed "$telar" $command
    check "$command fails on /dev/full" full "$telar" $command
    check "$command fails if the pipe is closed early" cut_off "$telar" $command
done

# ---- signals while run waits for its input ----
mkfifo "$work/fifo"
# hit SIGNAL RUN-OPTION...: sends the signal to a run. The exit status goes to $status.
hit()
{
    hit_signal=$1
    shift
    case $* in
    *threads*) hit_caught='^SigCgt:.*[4-7c-f][ef][89a-f]$' ;;
    *) hit_caught='^SigCgt:' ;;
    esac
    "$telar" run "$@" -t copy - "$work/dir/out.png" <"$work/fifo" >"$work/out" 2>"$work/err" &
    hit_pid=$!
    exec 9>"$work/fifo" # returns when the reader has opened it
    head -c 5000 "$g" >&9
    # The run sleeps when it has read all bytes. With threads it catches SIGSEGV, SIGFPE, SIGBUS, SIGABRT and SIGILL
    # (bits 10, 7, 6, 5 and 3) by then.
    for _ in $(seq 200); do
        if grep -q '^State:.S' "/proc/$hit_pid/status" && grep -Eq "$hit_caught" "/proc/$hit_pid/status"; then
            break
        fi
        sleep 0.1
    done
    kill -s "$hit_signal" "$hit_pid"
    status=0
    wait "$hit_pid" 2>/dev/null || status=$?
    exec 9>&-
}
for signal in SEGV BUS FPE ILL ABRT; do
    hit $signal -e threads
    check "SIG$signal with threads gives exit code 5 and one line" refused 5
    check "the line names SIG$signal and the input" says "standard input: SIG$signal"
done
hit TERM -e processes
check "SIGTERM ends a run with status 143" [ "$status" = 143 ]
check "the signals leave the old output" sh -c "[ \"\$(cat $out)\" = old ]"
check "the signals leave no other file" sh -c "[ \"\$(ls -A $work/dir)\" = out.png ]"

if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    check "run accepts --keep-shm" right "$telar" run --keep-shm="kept-telar-$$" -t copy "$g" "$work/v.png"
    check "--keep-shm leaves the segment" test -s "/dev/shm/kept-telar-$$"
    check "run refuses a --keep-shm name that is taken" wrong 4 "kept-telar-$$" \
        "$telar" run --keep-shm="kept-telar-$$" -t copy "$g" "$out"
    rm -f "/dev/shm/kept-telar-$$"
else
    skip "--keep-shm" "/dev/shm is missing or not writable"
fi
end_cases
