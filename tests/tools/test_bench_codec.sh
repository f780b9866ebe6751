#!/bin/sh
# SPDX-License-Identifier: MIT
# tools/dev/bench-codec measures what it says, and what it draws for that is a picture. How fast anything is, no test asks.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
TELAR=$telar TMPDIR=$work
export TELAR TMPDIR
tools=$(cd "$srcdir/tools" && pwd)
bench=$tools/dev/bench-codec draw=$tools/dev/draw-page

# The last command printed a row of the table with each of these names, and bytes at its end.
has_rows()
{
    [ "$status" = 0 ] || { echo "status $status"; cat "$work/err"; return 1; }
    for row in 'telar processes  ' 'telar threads  ' 'telar at its defaults  ' 'telar one worker  ' 'telar, own file in  '; do
        grep -q "^$row.* [1-9][0-9]*\$" "$work/out" || { echo "no row '$row' in:"; cat "$work/out"; return 1; }
    done
}

# The last command failed with status 2 and these words, and measured nothing.
refuses()
{
    [ "$status" = 2 ] || { echo "status $status, not 2"; return 1; }
    grep -qF -- "$1" "$work/err" || { echo "without '$1':"; cat "$work/err"; return 1; }
    [ ! -s "$work/out" ] || { echo "a table all the same"; return 1; }
}

try "$bench" -n 1 -s 70x50
check "a galaxy of a size" has_rows
check "its size is told" grep -q '^invert on galaxy.png, .*(70, 50, 3)' "$work/out"
for job in blur sobel equalize; do
    try "$bench" -n 1 -t $job -s 40x30
    check "$job" has_rows
done
"$telar" galaxy --size=31x17 "$work/mine.png"
mkdir "$work/IN OUT & all"
mv "$work/mine.png" "$work/IN OUT & all"
(cd "$work/IN OUT & all" && "$bench" -n 1 mine.png) >"$work/out" 2>"$work/err"
status=$?
check "a picture of one's own, by a relative name" has_rows
check "that picture it was" grep -q '^invert on mine.png, .*(31, 17, 3)' "$work/out"

# Programs that are there and cannot do the job. The stand-in for gm keeps the picture that it is given.
mkdir "$work/bin"
for name in vips convert convert-im6.q16; do
    printf '#!/bin/sh\necho "${0##*/} is a stand-in" >&2\nexit 1\n' >"$work/bin/$name"
done
printf '#!/bin/sh\ncase $2 in */galaxy.png) cp "$2" "$SEEN" ;; esac\nexit 0\n' >"$work/bin/gm"
chmod +x "$work"/bin/*
try env SEEN="$work/seen.png" PATH="$work/bin:$PATH" "$bench" -n 1 -s 70x50
check "programs that fail: the others are measured" has_rows
check "programs that fail have no row" sh -c "! grep -E '^(vips|gm|ImageMagick)' '$work/out'"
for name in vips 'vips compression=1' 'gm quality 11' 'ImageMagick quality 11'; do
    check "$name is left out, in one line" [ "$(grep -c "bench-codec: $name is left out: " "$work/err")" = 1 ]
done
check "the line has the program's own words" says "vips is a stand-in"
check "the line says when a program wrote nothing" says "gm: it wrote no picture"
try env PATH="$work/bin:$PATH" "$bench" -o -n 1 -s 7x5
check "-o tries no other program" sh -c "[ $status = 0 ] && ! grep -q 'left out' '$work/err'"
same_pixels() { "$telar" galaxy --size=70x50 "$work/a.png" && "$telar" run -t copy "$work/seen.png" "$work/b.png" && "$telar" run -t copy "$work/a.png" "$work/c.png" && cmp "$work/b.png" "$work/c.png"; }
check "without vips and gm the picture has the right pixels" same_pixels
if /usr/bin/python3 -c '' 2>/dev/null; then
    check "the picture is one stream without chunk teLR" sh -c "! '$telar' info '$work/seen.png' | grep -q teLR"
else
    check "without Python too, telar wrote the picture, and that is said" says "telar wrote the picture"
fi

has_old_rows()
{
    for row in 'old telar processes' 'old telar threads' 'old telar one worker' 'old own file in'; do
        for again in '  ' ' again (A/A)  '; do
            grep -q "^$row$again.* [1-9][0-9]*\$" "$work/out" || { echo "no row '$row$again' in:"; cat "$work/out"; return 1; }
        done
    done
    for row in processes threads 'one worker' 'own file in'; do
        grep -q "^$row  *[0-9.]*x (.*x (" "$work/out" || { echo "no ratio '$row' in:"; cat "$work/out"; return 1; }
    done
}
# A program that does the same, later.
printf '#!/bin/sh\nsleep 0.3\nexec "%s" "$@"\n' "$telar" >"$work/late"
chmod +x "$work/late"
try env OLD="$telar" "$bench" -n 1 -s 40x30
check "with an old program: its rows, and the ratios" has_old_rows
check "with an old program: the usual rows" has_rows
try env OLD="$telar" TELAR="$work/late" "$bench" -n 1 -s 40x30
check "a slower new program is called so in four rows" [ "$(grep -c 'x (.*  slower' "$work/out")" = 4 ]
try env OLD="$work/late" "$bench" -n 1 -s 40x30
check "a faster new program is not" sh -c "! grep -q slower '$work/out'"
try env OLD="$work/absent" "$bench" -n 1 -s 40x30
check "an old program that is not there" refuses "absent"

try "$bench" -s 5
check "a size that is none" refuses "ROWSxCOLUMNS"
try "$bench" "$work/absent.png"
check "a picture that is not there" refuses "there is no picture"
try "$bench" -p "$work/IN OUT & all/mine.png"
check "a page, and a picture" refuses "that is drawn"
try "$bench" -t sharpen -s 5x5
check "a job that is not known" refuses "there are invert, blur, sobel, equalize"
for number in 0 x '' -1; do
    try "$bench" -n "$number" -s 5x5
    check "'$number' rounds" refuses "say 1 or more"
done
try "$bench" -x
check "an option that is not known" refuses "-s ROWSxCOLUMNS"

if /usr/bin/python3 -c '' 2>/dev/null; then
    try "$bench" -n 1 -p -s 130x420
    check "a page" has_rows
    check "the page is a page" grep -q '^invert on page.png, .*(130, 420, 3)' "$work/out"
    "$draw" 300x500 "$work/one.png" && "$draw" 300x500 "$work/two.png"
    check "the same page every time" cmp "$work/one.png" "$work/two.png"
    for size in 1x1 1x700 700x1 97x331; do
        try "$draw" $size "$work/page-$size.png"
        check "a page of $size can be drawn" [ $status = 0 ]
        rows=${size%x*} columns=${size#*x}
        try "$telar" info "$work/page-$size.png"
        check "a page of $size has that size" grep -q "^($rows, $columns, 3)\$" "$work/out"
        try "$telar" run -t copy "$work/page-$size.png" "$work/copy.png"
        check "a page of $size is a PNG file" [ $status = 0 ]
    done
    try "$draw" 5x5 "$work/absent/page.png"
    check "a page that cannot be written is one line" sh -c "[ $status != 0 ] && grep -q '^draw-page: .*absent' '$work/err' && [ \$(wc -l <'$work/err') = 1 ]"
    for size in 5 0x5 5x-1 x ''; do
        try "$draw" "$size" "$work/none.png"
        check "a page of '$size' is refused" sh -c "[ $status != 0 ] && grep -q '^usage: ' '$work/err' && [ ! -e '$work/none.png' ]"
    done
else
    skip "a drawn page" "no Python"
fi
check "nothing is left" sh -c "! ls -d '$work'/bench-codec.* 2>/dev/null"
end_cases
