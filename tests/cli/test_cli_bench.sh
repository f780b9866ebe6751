#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests telar bench: every form of its output, every refusal, and that nothing is left behind. The
# pictures are small and the rounds few, because no test checks a figure.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
names_before=" $(ls /dev/shm | tr '\n' ' ')"
small="--size=40x60 --rounds=3"

# works COMMAND...: the command must succeed. It may only print that there is no sandbox here.
works()
{
    try "$@"
    sed -i '/left out: processes, sandboxed.*: no sandbox here/d' "$work/err"
    silent
}

# bench OPTION...: a bench of a small picture that must succeed.
bench() { works "$telar" bench -j 2,1 $small "$@"; }
shows() { grep -qF -- "$1" "$work/out" || { echo "'$1' is missing"; cat "$work/out"; return 1; }; }
narrow() { ! grep -n '.\{81\}' "$work/out"; }
# holds TEXT: the JSON without blanks must contain TEXT.
holds() { tr -d ' \n' <"$work/out" | grep -qF -- "$1" || { echo "'$1' is missing"; return 1; }; }
is_json() { ./tests/tools/test_json - <"$1"; }

# ---- the table ----
check "a bench of every row" bench --trace="$work/trace.json" --svg="$work/svg" --report="$work/r.html"
cp "$work/out" "$work/table"
check "the table fits 80 columns" narrow
for text in "in memory, 40 x 60 x 3, 8 bits" "PNG to PNG" "serial" "threads again (A/A)" "gil" "shared" \
    "guarded (1)" "baseline" "the resolution" "Where a worker's time goes" "What the kernel counted" \
    "Speed-up over serial" "Break-even" "PSS counts it once"; do
    check "the table shows '$text'" shows "$text"
done
wide() { script -qec "stty cols 150; $telar bench -q -e serial -j 1 --job=memory $small" /dev/null </dev/null >"$work/wide" && grep -q '.\{110\}' "$work/wide"; }
if command -v script >/dev/null && command -v stty >/dev/null; then
    check "a wider terminal has wider lines" wide
else
    skip "a wider terminal" "script(1) or stty(1) is not installed"
fi
check "shared contains a crash" grep -q '^shared: a crash *held:' "$work/table"
check "shared does not see a stray write" grep -q '^shared: a stray write *failed:' "$work/table"
check "guarded catches a stray write" grep -q '^guarded: a stray write *held:' "$work/table"
check "threads do not contain a crash" grep -q '^threads: a crash *failed: the program ended' "$work/table"

# ---- the page and the charts ----
for chart in rungs-1 parts-1 speedup-1 timeline-1 picture-1 rungs-2 rungs-3 parts-3 timeline-3 picture-3; do
    check "the chart $chart is complete" grep -q '</svg>' "$work/svg/$chart.svg"
done
charts=$(ls "$work/svg" | wc -l)
check "the page has all charts" [ "$(grep -c '^<svg ' "$work/r.html")" = "$charts" ]
check "the page loads no other file and has no script" sh -c "! grep -oE '(src|href)=\"[^\"]{0,20}|<script|<link|@import|url\(' $work/r.html $work/svg/*.svg | grep -v '\"data:'"
check "the charts contain no nan and no inf" sh -c "! grep -lE '=\"(-?nan|-?inf)' $work/r.html $work/svg/*.svg"
if command -v xmllint >/dev/null; then
    check "the page and the charts are well-formed" xmllint --noout "$work/r.html" "$work"/svg/*.svg
else
    skip "the page and the charts are well-formed" "xmllint is not installed"
fi

# ---- for programs ----
if [ -x ./tests/tools/test_json ]; then
    check "--trace is JSON" is_json "$work/trace.json"
    check "bench --json succeeds" bench --job=memory --pages=huge --json --trace="$work/trace.json"
    check "--json is JSON" is_json "$work/out"
    for text in '"version":1' '"rounds":3' '"stopped_by":"rounds"' '"name":"processes,guarded"' '"engine":"gil"' \
        '"spawn":' '"verdict":"baseline"' '"karp_flatt":' '"least_cover":' '"outcome":"held"' '"place":'; do
        check "--json has $text" holds "$text"
    done
    # The trace leaves out the A/A row. For every other row the JSON has the number of tasks.
    tasks=$(tr -d ' \n' <"$work/out" | grep -oE '"again":(true|false)|"tasks":[0-9]+' |
        awk -F: '/again/ { again = $2 } /tasks/ && again == "false" { sum += $2 } END { print sum }')
    check "one complete event in the trace for each of $tasks tasks" \
        [ "$(grep -c '"ph": "X"' "$work/trace.json")" = "$tasks" ]
    check "every begin in the trace has an end" \
        [ "$(grep -c '"ph": "B"' "$work/trace.json")" = "$(grep -c '"ph": "E"' "$work/trace.json")" ]
else
    skip "JSON" "the JSON judge was not built, because Check is missing"
fi
check "bench --csv succeeds" bench --job=memory --csv
check "--csv has 18 fields in every line" awk -F, '{ sub(/"[^"]*"/, "x") } NF != 18 { exit 1 }' "$work/out"
check "--csv has a line for every row and round" [ "$(grep -c '^"processes, guarded",' "$work/out")" = 6 ]
check "bench --markdown succeeds" bench -e serial,threads --job=memory --markdown
check "--markdown writes a table" grep -q '^| threads | ' "$work/out"

# ---- pictures, segments, transforms ----
"$telar" galaxy --size=30x40 "$work/own.png" || exit 99
check "a bench of a given picture" works "$telar" bench --rounds=2 -j 1 -t invert -t blur:sigma=1 "$work/own.png"
check "the table shows the size of the given picture" shows "30 x 40 x 3"
check "bench does not change the given picture" sh -c "$telar galaxy --size=30x40 - | cmp - $work/own.png"
check "a bench of two sizes" works "$telar" bench --rounds=2 -j 1 -e threads --job=memory --pages=huge --size=10x10,20x20
check "the table shows both sizes" sh -c "grep -q '10 x 10 x 3' $work/out && grep -q '20 x 20 x 3' $work/out"
check "a bench of a warm segment" works "$telar" bench --rounds=2 -j 1 -e threads --job=memory --segment=cold,warm $small
check "the table shows the warm segment" shows "warm segment"
check "a bench of every transform" sh -c "for t in \$($telar transforms | awk '{ print \$1 }'); do
    $telar bench -q -j 1 -e serial,processes --job=file,memory --pages=huge $small -t \$t >$work/out || exit 1; done"

# ---- bench checks its outputs first: this bench would take an hour ----
for wrong in "--report=$work/none/r.html" "--trace=$work" "--svg=$work/table"; do
    check "bench $wrong is refused at once" wrong 7 "cannot be written" timeout 60 "$telar" bench --rounds=1000 --size=8000x8000 $wrong
done

# ---- kept workers ----
check "a bench of new and kept workers" works "$telar" bench -j 2 -e threads,processes -i guarded --job=memory --start=made,kept $small
for text in "threads, kept" "guarded, kept" "threads again (A/A)"; do
    check "the table shows '$text'" shows "$text"
done
check "a bench of kept workers only" works "$telar" bench -j 2 -e threads,gil,processes --job=memory --start=kept $small
check "the baseline has kept workers too" shows "threads, kept again (A/A)"
check "no row has new workers" sh -c "! grep -q '^threads  ' '$work/out'"

# ---- the number of rounds ----
few="-e serial --job=memory --pages=huge --size=30x40 -j 1"
check "--time=0 measures one round" works "$telar" bench --time=0 $few
check "the table says that one round is too few for intervals" shows "1 of them, too few for intervals: the time was spent"
check "one round gives no resolution" shows "Resolution here: not known"
check "one round of every row" works "$telar" bench --time=0 --size=40x60 -j 2,1 --svg="$work/one" --report="$work/one.html"
no_nan() { grep -niE '(^|[^a-z])(nan|inf)([^a-z]|$)' "$work/out" "$work/one.html" "$work"/one/*.svg; [ $? = 1 ]; }
check "one round gives no nan and no inf" no_nan
check "--precision=0 measures until the time is spent" works "$telar" bench --precision=0 --time=0.3 $few
check "the table says that the time was spent" shows ": the time was spent"
check "the largest --precision is accepted" works "$telar" bench --precision=4294966 --time=4294966 $few
check "the table says that every interval is narrow enough" shows ": every interval is narrow enough"

# ---- rows left out, and refusals ----
try "$telar" bench -j 1 -e threads --job=file --start=made,kept $small
check "a line says that kept workers are left out from file to file" says "left out: kept workers"
check "the other rows are measured" [ "$status" = 0 ]
try "$telar" bench --start=kept --job=file $small
check "without any row bench ends with exit code 4" [ "$status" = 4 ]
for wrong in "-e python" "-e serial,serial" "-i none" "-j 0" "-j 2,2" "-t nothing" "--job=none" "--pages=big" "--segment=hot" \
    "--size=0x1" "--size=20000x20000" "--rounds=1" "--rounds=x" "--rounds=1001" "--time=x" "--time=4294967" "--precision=x" "--precision=-1" \
    "--precision=4294967" "--seed=-1" "--json --csv" "a b" "-"; do
    check "bench $wrong is refused" wrong 2 "" "$telar" bench $wrong
done
check "bench refuses a size for a given picture" wrong 2 "--size" "$telar" bench --size=1x1 "$work/own.png"
check "bench refuses a missing picture" wrong 3 "none.png" "$telar" bench "$work/none.png"
echo "no picture" >"$work/bad.png"
check "bench refuses a file that is not a picture" wrong 3 "bad.png" "$telar" bench "$work/bad.png"
try "$telar" bench -j 1 -e serial --job=memory $small --report="$work/none/r.html"
check "a report that cannot be written gives exit code 7" [ "$status" = 7 ]

# ---- Python ----
if python3 -c 'from multiprocessing import shared_memory' 2>/dev/null; then
    check "bench --python succeeds" bench -e serial,threads --job=memory --pages=huge --python
    for text in "python loop, 1 thread" "python loop, 2 processes" "has its interpreter lock"; do
        check "--python shows '$text'" shows "$text"
    done
else
    skip "--python" "python3 with multiprocessing.shared_memory is missing"
fi
try env PATH=/nowhere "$telar" bench -j 1 -e serial --job=memory --python $small
check "without python3 the other rows are measured" [ "$status" = 0 ]
check "a line says that python is left out" says "left out: python"

# ---- interruptions ----
# stopped SIGNAL: interrupts a long bench. The bench must show the rounds measured so far.
stopped()
{
    rm -f "$work/err" # the rounds of the bench before are in it until the new bench begins
    "$telar" bench -j 1 -e serial,processes --job=memory --pages=huge --size=1500x2000 --rounds=1000 --progress=always \
        >"$work/out" 2>"$work/err" &
    run=$!
    for look in $(seq 6000); do
        ! grep -qE 'round ([3-9]|[1-9][0-9])' "$work/err" 2>/dev/null && kill -0 $run 2>/dev/null || break
        sleep 0.05
    done
    kill -s "$1" $run
    status=0
    wait $run || status=$?
    [ $status = 1 ] || { echo "status $status"; cat "$work/err"; return 1; }
    shows interrupted && shows "processes, guarded"
}
check "bench shows the rounds so far after SIGINT" stopped INT
check "bench shows the rounds so far after SIGTERM" stopped TERM
# The moments are before the picture is drawn, while the bench warms up, and while it measures, depending on the machine.
# What is checked holds at every moment.
at_once()
{
    timeout -s INT "$1" "$telar" bench -j 1 --size=1000x1500 >"$work/out" 2>"$work/err"
    [ ! -s "$work/out" ] || ! grep -q "^rounds *0 rounds" "$work/out" || shows "nothing was measured" || return 1
    ! grep -inE '(^|[^a-z])nan([^a-z]|$)' "$work/out"
}
for seconds in 0.05 0.2 0.5 1; do
    check "after SIGINT at $seconds s bench shows only measured rows" at_once $seconds
done
left() { for name in $(ls /dev/shm | grep -E "^telar-([0-9]+-[0-9]+-[0-9a-f]{16}$|bench)"); do case $names_before in *" $name "*) ;; *) echo "$name" ;; esac; done; }
# The bench of another test may have a directory in /dev/shm until it ends. A directory that stays
# for 120 s was left.
nothing_left()
{
    for look in $(seq 120); do
        [ -n "$(left)" ] || return 0
        sleep 1
    done
    left
    return 1
}
check "bench leaves no file and no name in /dev/shm" nothing_left
end_cases
