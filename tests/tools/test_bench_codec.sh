#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the table of tools/dev/bench-codec, and the page that it draws. No test checks a speed.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
TELAR=$telar TMPDIR=$work
export TELAR TMPDIR
tools=$(cd "$srcdir/tools" && pwd)
bench=$tools/dev/bench-codec draw=$tools/dev/draw-page

# has_rows: the last command printed each of these rows, with bytes at the end of the line.
has_rows()
{
    [ "$status" = 0 ] || { echo "status $status"; cat "$work/err"; return 1; }
    for row in 'telar processes  ' 'telar threads  ' 'telar at its defaults  ' 'telar one worker  ' 'telar, own file in  '; do
        grep -q "^$row.* [1-9][0-9]*\$" "$work/out" || { echo "the row '$row' is missing in:"; cat "$work/out"; return 1; }
    done
}

# refuses TEXT: the last command failed with status 2 and this text, and measured nothing.
refuses()
{
    [ "$status" = 2 ] || { echo "exit status $status instead of 2"; return 1; }
    grep -qF -- "$1" "$work/err" || { echo "'$1' is missing in:"; cat "$work/err"; return 1; }
    [ ! -s "$work/out" ] || { echo "the refused command printed a table"; return 1; }
}

try "$bench" -n 1 -s 70x50
check "a galaxy of a given size has all rows" has_rows
check "the heading names the size of the galaxy" grep -q '^invert on galaxy.png, .*(70, 50, 3)' "$work/out"
for job in blur sobel equalize; do
    try "$bench" -o -n 1 -t $job -s 40x30
    check "$job has all rows" has_rows
done
"$telar" galaxy --size=31x17 "$work/mine.png"
mkdir "$work/IN OUT & all"
mv "$work/mine.png" "$work/IN OUT & all"
(cd "$work/IN OUT & all" && "$bench" -o -n 1 mine.png) >"$work/out" 2>"$work/err"
status=$?
check "a given picture by a relative name has all rows" has_rows
check "the heading names the given picture" grep -q '^invert on mine.png, .*(31, 17, 3)' "$work/out"

# Stand-ins for programs that exist but fail. The stand-in for gm keeps the picture that it gets.
mkdir "$work/bin"
for name in vips convert convert-im6.q16; do
    printf '#!/bin/sh\necho "${0##*/} is a stand-in" >&2\nexit 1\n' >"$work/bin/$name"
done
printf '#!/bin/sh\ncase $2 in */galaxy.png) cp "$2" "$SEEN" ;; esac\nexit 0\n' >"$work/bin/gm"
chmod +x "$work"/bin/*
try env SEEN="$work/seen.png" PATH="$work/bin:$PATH" "$bench" -n 1 -t blur -s 70x50 # blur leaves OpenCV out, which takes long to start
check "programs that fail do not stop the others" has_rows
check "programs that fail have no row" sh -c "! grep -E '^(vips|gm|ImageMagick)' '$work/out'"
for name in vips 'vips compression=1' 'gm quality 11' 'ImageMagick quality 11'; do
    check "one line says that $name is left out" [ "$(grep -c "bench-codec: $name is left out: " "$work/err")" = 1 ]
done
check "the line quotes the program's message" says "vips is a stand-in"
check "the line says when a program wrote nothing" says "gm: it wrote no picture"
try env PATH="$work/bin:$PATH" "$bench" -o -n 1 -s 7x5
check "-o tries no other program" sh -c "[ $status = 0 ] && ! grep -q 'left out' '$work/err'"
same_pixels() { "$telar" galaxy --size=70x50 "$work/a.png" && "$telar" run -t copy "$work/seen.png" "$work/b.png" && "$telar" run -t copy "$work/a.png" "$work/c.png" && cmp "$work/b.png" "$work/c.png"; }
check "the picture has the right pixels without vips and gm" same_pixels
if /usr/bin/python3 -c '' 2>/dev/null; then
    check "the picture is one stream without chunk teLR" sh -c "! '$telar' info '$work/seen.png' | grep -q teLR"
else
    check "without Python, a line says that telar wrote the picture" says "telar wrote the picture"
fi

has_old_rows()
{
    for row in 'old telar processes' 'old telar threads' 'old telar one worker' 'old own file in'; do
        for again in '  ' ' again (A/A)  '; do
            grep -q "^$row$again.* [1-9][0-9]*\$" "$work/out" || { echo "the row '$row$again' is missing in:"; cat "$work/out"; return 1; }
        done
    done
    for row in processes threads 'one worker' 'own file in'; do
        grep -q "^$row  *[0-9.]*x (.*x (" "$work/out" || { echo "the ratio '$row' is missing in:"; cat "$work/out"; return 1; }
    done
}
try env OLD="$telar" "$bench" -o -n 1 -s 40x30
check "an old program adds its rows and the ratios" has_old_rows
check "an old program keeps the usual rows" has_rows
# A clock that only programs move: the load of the machine has no influence on their times. bash runs this file before the
# script. EPOCHREALTIME is an ordinary variable after unset.
printf '%s\n' 'unset EPOCHREALTIME' 'set -T' 'trap '\''read -r EPOCHREALTIME <"$CLOCK" || :'\'' DEBUG' >"$work/clock.sh"
# takes NAME MICROSECONDS: makes a telar that moves the clock on by this time.
takes()
{
    printf '#!/bin/sh\nread -r now <"$CLOCK"\necho $((now + %s)) >"$CLOCK"\nexec "%s" "$@"\n' "$2" "$telar" >"$work/$1"
    chmod +x "$work/$1"
}
takes fast 40000
takes slow 40001
echo 1000000 >"$work/clock"
# rows_slower OLD NEW NUMBER: so many rows call the new program slower.
rows_slower()
{
    try env CLOCK="$work/clock" BASH_ENV="$work/clock.sh" OLD="$work/$1" TELAR="$work/$2" "$bench" -o -n 1 -s 40x30
    has_old_rows && grep -qE '^telar processes +4[0-9][.]0 ' "$work/out" && [ "$(grep -c 'x (.*  slower' "$work/out")" = "$3" ]
}
check "four rows call a slower new program slower" rows_slower fast slow 4
check "no row calls a faster new program slower" rows_slower slow fast 0
check "no row calls an equally fast program slower" rows_slower fast fast 0
try env OLD="$work/absent" "$bench" -o -n 1 -s 40x30
check "a missing old program is refused" refuses "absent"

try "$bench" -s 5
check "a malformed size is refused" refuses "ROWSxCOLUMNS"
try "$bench" "$work/absent.png"
check "a missing picture is refused" refuses "there is no picture"
try "$bench" -p "$work/IN OUT & all/mine.png"
check "a page and a picture together are refused" refuses "that is drawn"
try "$bench" -t sharpen -s 5x5
check "an unknown job is refused" refuses "there are invert, blur, sobel, equalize"
for number in 0 x '' -1; do
    try "$bench" -n "$number" -s 5x5
    check "'$number' rounds are refused" refuses "say 1 or more"
done
try "$bench" -x
check "an unknown option is refused" refuses "-s ROWSxCOLUMNS"

if /usr/bin/python3 -c '' 2>/dev/null; then
    try "$bench" -o -n 1 -p -s 130x420
    check "a drawn page has all rows" has_rows
    check "the heading names the page" grep -q '^invert on page.png, .*(130, 420, 3)' "$work/out"
    "$draw" 300x500 "$work/one.png" && "$draw" 300x500 "$work/two.png"
    check "draw-page draws the same page every time" cmp "$work/one.png" "$work/two.png"
    for size in 1x1 1x700 700x1 97x331; do
        try "$draw" $size "$work/page-$size.png"
        check "a page of $size can be drawn" [ $status = 0 ]
        rows=${size%x*} columns=${size#*x}
        try "$telar" info "$work/page-$size.png"
        check "a page of $size has the right size" grep -q "^($rows, $columns, 3)\$" "$work/out"
        try "$telar" run -t copy "$work/page-$size.png" "$work/copy.png"
        check "a page of $size is a PNG file" [ $status = 0 ]
    done
    try "$draw" 5x5 "$work/absent/page.png"
    check "a page that cannot be written gives one line" sh -c "[ $status != 0 ] && grep -q '^draw-page: .*absent' '$work/err' && [ \$(wc -l <'$work/err') = 1 ]"
    for size in 5 0x5 5x-1 x ''; do
        try "$draw" "$size" "$work/none.png"
        check "a page of '$size' is refused" sh -c "[ $status != 0 ] && grep -q '^usage: ' '$work/err' && [ ! -e '$work/none.png' ]"
    done
else
    skip "a drawn page" "python3 is not installed"
fi
check "bench-codec leaves no files" sh -c "! ls -d '$work'/bench-codec.* 2>/dev/null"
end_cases
