#!/bin/sh
# SPDX-License-Identifier: MIT
# telar run: what the engines make of a picture, every way of asking wrongly, and what failing leaves behind.
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

# ---- what it does ----
check "serial" right "$telar" run -e serial -t invert "$g" "$work/serial.png"
for engine in threads gil processes; do
    check "$engine on quadrants" right "$telar" run -e $engine -j 4 -g 2x2 -t invert "$g" "$work/$engine.png"
    check "$engine and serial give the same file" cmp "$work/$engine.png" "$work/serial.png"
done
check "guarded" right "$telar" run -i guarded -t invert "$g" "$work/guarded.png"
check "shared and guarded give the same file" sh -c "$telar run -i shared -t invert $g - | cmp - $work/guarded.png"
check "invert changes the picture" differ "$g" "$work/serial.png"
check "invert twice is the picture" sh -c "$telar run -t invert -t invert $g - | $telar run -t copy - - | cmp - $work/serial.png && exit 1; $telar run -t invert -t invert $g $work/twice.png"
check "a pipeline of two" same "$work/twice.png" "$g"
check "standard input and output" sh -c "$telar run -t invert - - <$g | cmp - $work/serial.png"
check "bands" sh -c "$telar run --bands=7 -t invert $g - | cmp - $work/serial.png"
check "more regions than pixels" right "$telar" run -q -g 999x999 -t invert "$in" "$work/fine.png"
check "one worker more than regions" right "$telar" run -j 2 -g 1x1 -t invert "$in" "$work/coarse.png"
check "the grid does not matter" cmp "$work/fine.png" "$work/coarse.png"
cp "$g" "$work/self.png"
check "output is input" right "$telar" run -t invert "$work/self.png" "$work/self.png"
check "output is input: the same file as otherwise" cmp "$work/self.png" "$work/serial.png"
cp "$g" "$work/parts.png"
for roi in 0:250,0:400 0:250,400:800 250:500,0:400 250:500,400:800; do
    check "--roi=$roi" right "$telar" run --roi=$roi -t invert "$work/parts.png" "$work/parts.png"
done
check "four regions of interest are the whole" cmp "$work/parts.png" "$work/serial.png"
check "SIGCHLD ignored by the caller" sh -c "trap '' CHLD; $telar run -t invert $g - | cmp - $work/serial.png"
check "options behind operands" right "$telar" run "$in" "$work/late.png" -t copy
check "a name that begins with a dash" sh -c "cd $work && $telar run -t copy -- in.png -dash.png && test -s ./-dash.png"

# ---- what it says ----
check "-v" sh -c "$telar run -v -j 2 -g 2x2 -t copy $g $work/v.png 2>$work/err"
for text in "500 x 800 x 3" "2 x 2 regions" "engine processes" "isolation guarded" "workers 2" "segment" "worker 0" \
    "worker 1" "work of all workers: inflate" ", transform" ", encode" "all"; do
    check "-v says $text" says "$text"
done
for small in "$in" "$g"; do
    check "a small picture has one worker" sh -c "$telar run -v -t invert $small $work/v.png 2>$work/err"
    check "a small picture has one worker: -v says so" says "workers 1 ("
done
check "-q with -v is silent" right "$telar" run -q -v -t copy "$g" "$work/v.png"
check "no progress on what is no terminal" right "$telar" run -t copy "$g" "$work/v.png"
try "$telar" run --progress=always -t copy "$g" "$work/v.png"
check "progress line is erased at the end" sh -c "tail -c 4 $work/err | od -c | grep -q '033   \[   K'"

# an acTL of one frame behind IHDR
{ head -c 33 "$g"; printf '\000\000\000\010acTL\000\000\000\001\000\000\000\000\264\055\351\240'; tail -c +34 "$g"; } >"$work/anim.png"
check "an animation" sh -c "$telar run -t invert $work/anim.png $work/first.png 2>$work/err"
check "an animation: that only one picture is kept is said" says "anim.png: is animated"
check "an animation: its pixels" cmp "$work/first.png" "$work/serial.png"
check "an animation: -q is silent" right "$telar" run -q -t invert "$work/anim.png" "$work/first.png"

json() { right "$telar" "$@" && ./tests/tools/test_json - <"$work/out"; }
holds() { tr -d ' \n' <"$work/out" | grep -qF -- "$1"; }
if [ -x ./tests/tools/test_json ]; then
    check "run --json" json run --json -j 2 -g 2x2 -t invert -t copy "$g" "$work/json.png"
    for text in '"version":1' '"engine":"processes"' '"isolation":"guarded"' '"transforms":["invert","copy"]' \
        '"image":{"rows":500,"columns":800,"channels":3,"depth":8}' '"grid":{"rows":2,"columns":2}' \
        '"region":[250,500,400,800]' '"attempts":1' '"minor_faults":' '"cause":"' '"total_ns":'; do
        check "run --json has $text" holds "$text"
    done
    try "$telar" run --json -t copy "$work/none.png" "$work/json.png"
    check "run --json of a failure: exit code" [ "$status" = 3 ]
    check "run --json of a failure is JSON" sh -c "./tests/tools/test_json - <$work/out"
    check "run --json of a failure has it" holds '"error":{"status":"input","exit":3,'
    head -c 3000 "$g" >"$work/half.png"
    try "$telar" run --json -t copy "$work/half.png" "$work/json.png"
    check "a file's failure is no worker's" holds '"worker":null,"pid":0,"region":null'
    name=$(printf '%s/\377"\\.png' "$work")
    cp "$g" "$name"
    check "run --json of a name that is no UTF-8" json run --json -t copy "$name" "$work/json.png"
    check "info --json of it" json info --json "$name" "$in"
    check "transforms --json" json transforms --json
    check "transforms --json of one" json transforms --json invert
    try "$telar" doctor --json
    check "doctor --json" sh -c "./tests/tools/test_json - <$work/out"
else
    skip "JSON" "Check was not there to build the judge"
fi
check "transforms" right "$telar" transforms
cp "$work/out" "$work/transforms"
manual() { right "$telar" transforms "$1" && grep -q "^$1 - " "$work/out" && grep -qi parameters "$work/out"; }
while read -r name rest; do
    check "transforms $name" manual "$name"
done <"$work/transforms"
try "$telar" doctor
check "doctor" [ "$status" = 0 ]
check "doctor tells of the sandbox" grep -qE '^(ok|warn) +sandbox ' "$work/out"
check "doctor's lines" sh -c "! grep -Ev '^(ok|warn|bad)   *[a-z]|^ {22}|.{81}' $work/out"

# ---- asked wrongly: exit 2, before anything is read or written ----
echo old >"$out"
bad() { name=$1 text=$2; shift 2; check "$name" wrong 2 "$text" "$telar" run "$@"; }
bad "no transform" "-t" "$g" "$out"
bad "unknown transform" "invert" -t invret "$g" "$out"
bad "a plug-in without a slash" "./mine.so" -t mine.so "$g" "$out"
check "a limit on the size of files is no shared memory" wrong 4 "File too large" \
    sh -c "ulimit -f 1; exec '$telar' run -t copy '$g' '$out'"
bad "parameter of a transform that has none" "invert" -t invert:x=1 "$g" "$out"
bad "empty transform" "" -t "" "$g" "$out"
bad "no operand" "INPUT and OUTPUT" -t copy
bad "one operand" "INPUT and OUTPUT" -t copy "$g"
bad "three operands" "INPUT and OUTPUT" -t copy "$g" "$out" "$out"
for n in 0 257 100000 -1 1.5 x 2x '' ' 1' 99999999999999999999; do
    bad "-j '$n'" "--workers" -j "$n" -t copy "$g" "$out"
done
for grid in 0x2 2x0 2 x 2x 2x2x2 2*2 -1x2 4294967297x1 2x2. ''; do
    bad "--grid='$grid'" "--grid" --grid="$grid" -t copy "$g" "$out"
done
bad "--bands=0" "--bands" --bands=0 -t copy "$g" "$out"
bad "--grid and --bands" "--grid and --bands" --grid=2x2 --bands=3 -t copy "$g" "$out"
for roi in 0:0,0:1 5:4,0:1 0:1 0:1,0 0:1,0:1, -1:2,0:1 0:1,0:99999999999 a:b,c:d ''; do
    bad "--roi='$roi'" "--roi" --roi="$roi" -t copy "$g" "$out"
done
bad "--roi below the image" "500" --roi=0:501,0:800 -t copy "$g" "$out"
bad "--roi beside the image" "800" --roi=0:500,900:901 -t copy "$g" "$out"
bad "unknown engine" "serial, threads, gil, processes" -e fork -t copy "$g" "$out"
bad "unknown isolation" "shared, guarded" -i none -t copy "$g" "$out"
bad "isolated threads" "processes" -e threads -i guarded -t copy "$g" "$out"
for seconds in -1 x 1s 1e3 . 1.2.3 99999999999 ''; do
    bad "--timeout='$seconds'" "--timeout" --timeout="$seconds" -t copy "$g" "$out"
done
for size in 0 -1 K 1KK 1T 99999999999G ''; do
    bad "--max-memory='$size'" "--max-memory" --max-memory="$size" -t copy "$g" "$out"
done
bad "--max-pixels=0" "--max-pixels" --max-pixels=0 -t copy "$g" "$out"
bad "--keep-shm with a slash" "slash" --keep-shm=a/b -t copy "$g" "$out"
bad "unknown --progress" "auto, always, never" --progress=yes -t copy "$g" "$out"
bad "--json and the picture on one standard output" "standard output" --json -t copy "$g" -
bad "misspelt option" "did you mean '--timeout'?" --timeuot=1 -t copy "$g" "$out"
bad "option that comes later" "--start" --start=pool -t copy "$g" "$out"
bad "option without its value" "needs a value" "$g" "$out" -t
check "unknown transform's manual" wrong 2 "did you mean 'invert'?" "$telar" transforms invrt
check "doctor takes no operand" wrong 2 "$g" "$telar" doctor "$g"

# ---- restart points ----
# tells FILE TEXT: telar info has a line with it.
tells() { "$telar" info "$1" | grep -q "$2"; }
"$telar" run -t copy "$g" "$work/bands.png" && "$telar" run --no-restart -t copy "$g" "$work/plain.png" || exit 99
check "a file that telar wrote tells its bands" tells "$work/bands.png" "restart  *bands of [1-9][0-9]* rows"
check "--no-restart leaves them out" sh -c "! '$telar' info '$work/plain.png' | grep -q -e restart -e teLR"
check "both hold the same picture" sh -c "
    '$telar' run --no-restart -t copy '$work/bands.png' '$work/again.png' && cmp '$work/again.png' '$work/plain.png'"
# In series the last band may be full before the stream has come to its end.
check "what telar wrote is read in series too" sh -c "
    '$telar' run -j 3 -t copy '$work/plain.png' '$work/again.png' && cmp '$work/again.png' '$work/bands.png'"
check "and from standard input" sh -c "
    cat '$work/bands.png' | '$telar' run -j 3 -t copy - '$work/again.png' && cmp '$work/again.png' '$work/bands.png'"

# ---- compression ----
for compression in fast small; do
    check "--compression=$compression" right "$telar" run --compression=$compression -t invert "$g" "$work/$compression.png"
    check "--compression=$compression holds the same picture" sh -c "
        '$telar' run -t copy '$work/$compression.png' '$work/again.png' && cmp '$work/again.png' '$work/fast.png'"
done
check "small is not larger than fast" [ "$(wc -c <"$work/small.png")" -le "$(wc -c <"$work/fast.png")" ]
bad "--compression of another kind" "none of fast, small" --compression=best -t copy "$g" "$out"
bad "--compression=libpng, which there was" "'libpng' is none of fast, small" --compression=libpng -t copy "$g" "$out"

# ---- what cannot be done ----
mkdir "$work/directory"
printf '\377\330\377\340\000\020JFIF\000\001' >"$work/photo.png"
head -c 5000 "$g" >"$work/short.png"
fails() { name=$1 code=$2 text=$3; shift 3; check "$name" wrong "$code" "$text" "$telar" run -t copy "$@"; }
fails "no such input" 3 "$work/none.png" "$work/none.png" "$out"
fails "a directory as input" 3 "$work/directory" "$work/directory" "$out"
fails "a JPEG called .png" 3 "$work/photo.png" "$work/photo.png" "$out"
fails "a truncated PNG" 3 "$work/short.png" "$work/short.png" "$out"
fails "a truncated PNG with --keep-shm" 3 "$work/short.png" --keep-shm="kept-telar-$$" "$work/short.png" "$out"
rm -f "/dev/shm/kept-telar-$$"
from_fifo() { mkfifo "$work/short.fifo" && { cat "$work/short.png" >"$work/short.fifo" & } && wrong 3 "short.fifo" "$telar" run -t copy "$work/short.fifo" "$out"; }
check "a truncated PNG through a pipe with a name" from_fifo
to_pipe() { "$telar" run -t copy "$work/short.png" /dev/stdout 2>"$work/err" | cat >"$work/piped"; says "$work/short.png"; }
check "a truncated PNG to a pipe is said once" to_pipe
fails "nothing on standard input" 3 "standard input" - "$out"
fails "too many pixels" 3 "$g" --max-pixels=399999 "$g" "$out"
fails "too little memory" 4 "limit" --max-memory=100K "$g" "$out"
fails "a directory as output" 7 "$work/directory" "$g" "$work/directory"
fails "a directory that is not there" 7 "$work/no/out.png" "$g" "$work/no/out.png"
fails "a directory that takes no files" 7 "/proc/out.png" "$g" /proc/out.png
fails "/dev/full" 7 "/dev/full" "$g" /dev/full
check "the output is as it was" sh -c "[ \"\$(cat $out)\" = old ]"
check "nothing lies beside it" sh -c "[ \"\$(ls -A $work/dir)\" = out.png ]"
if [ "$(id -u)" != 0 ]; then
    chmod a-w "$work/dir"
    fails "a read-only directory" 7 "$work/dir/new.png" "$g" "$work/dir/new.png"
    chmod u+w "$work/dir"
else
    skip "a read-only directory" "root may write to it"
fi

closed() { status=0; "$@" >&- 2>"$work/err" || status=$?; : >"$work/out"; refused 7; }
full() { status=0; "$@" >/dev/full 2>"$work/err" || status=$?; : >"$work/out"; refused 7; }
cut_off()
{
    { { sleep 0.2; status=0; "$@" 2>"$work/err" || status=$?; echo $status >"$work/status"; } | :; }
    status=$(cat "$work/status")
    : >"$work/out"
    refused 7
}
for command in "run -t copy $g -" "run --json -t copy $g $work/v.png" transforms "transforms copy" "doctor"; do
    check "$command: standard output closed" closed "$telar" $command
    check "$command: /dev/full" full "$telar" $command
    check "$command: a pipe closed early" cut_off "$telar" $command
done

# ---- signals, while it waits for its input ----
mkfifo "$work/fifo"
# hit SIGNAL RUN-OPTION...: leaves what a shell knows of its end in $status.
hit()
{
    hit_signal=$1
    shift
    case $* in
    *threads*) hit_caught='^SigCgt:.*[4-7c-f]..$' ;;
    *) hit_caught='^SigCgt:' ;;
    esac
    "$telar" run "$@" -t copy - "$work/dir/out.png" <"$work/fifo" >"$work/out" 2>"$work/err" &
    hit_pid=$!
    exec 9>"$work/fifo" # returns when the reader has opened it
    head -c 5000 "$g" >&9
    # it sleeps when it has read what there is; with threads, it catches SIGSEGV (bit 10) by then
    for _ in $(seq 200); do
        if grep -q '^State:.S' "/proc/$hit_pid/status" && grep -Eq "$hit_caught" "/proc/$hit_pid/status"; then
            break
        fi
        sleep 0.1
    done
    sleep 0.3
    kill -s "$hit_signal" "$hit_pid"
    status=0
    wait "$hit_pid" 2>/dev/null || status=$?
    exec 9>&-
}
for signal in SEGV BUS FPE ILL ABRT; do
    hit $signal -e threads
    check "SIG$signal with threads: exit 5, one line" refused 5
    check "SIG$signal with threads: which" says "standard input: SIG$signal"
done
hit TERM -e processes
check "SIGTERM ends it" [ "$status" = 143 ]
check "the output is as it was after signals" sh -c "[ \"\$(cat $out)\" = old ]"
check "nothing lies beside it after signals" sh -c "[ \"\$(ls -A $work/dir)\" = out.png ]"

if [ -d /dev/shm ] && [ -w /dev/shm ]; then
    check "--keep-shm" right "$telar" run --keep-shm="kept-telar-$$" -t copy "$g" "$work/v.png"
    check "--keep-shm leaves the segment" test -s "/dev/shm/kept-telar-$$"
    check "--keep-shm of a name that is taken" wrong 4 "kept-telar-$$" \
        "$telar" run --keep-shm="kept-telar-$$" -t copy "$g" "$out"
    rm -f "/dev/shm/kept-telar-$$"
else
    skip "--keep-shm" "there is no /dev/shm to write to"
fi
end_cases
