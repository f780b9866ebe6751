#!/bin/sh
# SPDX-License-Identifier: MIT
# Habits from other programs: each gets the line that helps, or works as expected.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
g=$work/g.png out=$work/dir/out.png
mkdir "$work/dir"
"$telar" galaxy --size=40x50 "$g" && "$telar" run -t blur:sigma=2 "$g" "$work/blurred.png" || exit 99
bad() { name=$1 text=$2; shift 2; check "$name" wrong 2 "$text" "$telar" run "$@"; }
# warns TEXT COMMAND...: done, with one line on standard error.
warns()
{
    warns_text=$1
    shift
    try "$@"
    [ "$status" = 0 ] && [ "$(wc -l <"$work/err")" = 1 ] && says "$warns_text"
}

# ---- names of transforms ----
bad "negate" 'did you mean "invert"?' -t negate "$g" "$out"
bad "grayscale" 'did you mean "gray"?' -t grayscale "$g" "$out"
bad "resize" "telar keeps the rows and columns" -t resize "$g" "$out"
bad "resize with parameters" "telar keeps the rows and columns" -t resize:w=100 "$g" "$out"
bad "-invert" "'-invert': a transform is not an option; write -t invert" -invert "$g" "$out"
bad "--invert" "write -t invert" --invert "$g" "$out"
bad "-negate behind the operands" "'-negate': a transform is not an option; write -t invert" "$g" "$out" -negate
bad "-blur 2" "write -t blur" "$g" -blur 2 "$out"
bad "-resize" "telar keeps the rows and columns" "$g" -resize 50% "$out"
check "-sobel for bench" wrong 2 "write -t sobel" "$telar" bench -sobel
check "the manual of negate" wrong 2 "did you mean 'invert'?" "$telar" transforms negate
check "a name behind -- is no option" sh -c "cd $work && $telar run -t copy -- g.png -invert && test -s ./-invert"
check "blur:2" right "$telar" run -t blur:2 "$g" "$work/b.png"
check "blur:2 means sigma=2" cmp "$work/b.png" "$work/blurred.png"
bad "blur:2,3" "given twice" -t blur:2,3 "$g" "$out"

# ---- values ----
bad "-e process" "did you mean 'processes'?" -e process -t copy "$g" "$out"
bad "-e thread-pool" "did you mean 'threads'?" -e thread-pool -t copy "$g" "$out"
bad "-i sandbox" "did you mean 'sandboxed'?" -i sandbox -t copy "$g" "$out"
bad "-i guard" "did you mean 'guarded'?" -i guard -t copy "$g" "$out"
bad "--compression=smallest" "did you mean 'small'?" --compression=smallest -t copy "$g" "$out"
bad "--on-crash=ignore" "fail, retry, skip" --on-crash=ignore -t copy "$g" "$out"
check "bench -e process" wrong 2 "did you mean 'processes'?" "$telar" bench -e serial,process
bad "-q with -v" "--quiet and --verbose" -q -v -t copy "$g" "$out"

# ---- files ----
bad "three names" "for f in *.png; do telar run" -t copy "$g" "$g" "$out"
check "nothing was written" [ ! -e "$out" ]
for end in jpg JPEG webp gif tiff; do
    check "OUTPUT.$end" warns "out.$end: is written as PNG" "$telar" run -t copy "$g" "$work/out.$end"
    check "OUTPUT.$end with -q" right "$telar" run -q -t copy "$g" "$work/out.$end"
done
check "OUTPUT.jpg is a PNG" sh -c "$telar run -q -t copy $g $work/out.jpg && $telar run -t copy $work/out.jpg - | $telar info - | grep -q '(40, 50, 3)'"
check "galaxy OUTPUT.jpg" warns "g.jpg: is written as PNG" "$telar" galaxy --size=3x3 "$work/g.jpg"
check "no warning for dir.jpg/out" sh -c "mkdir $work/dir.jpg && $telar run -t copy $g $work/dir.jpg/out 2>&1 | cmp - /dev/null"
# foreign NAME BYTES COMMAND: a file that begins with these bytes gets that command.
foreign()
{
    foreign_name=$1
    octal "$2" >"$work/$1"
    check "$1" wrong 3 "$3" sh -c 'cd "$1" && exec "$2" run -t copy "$3" dir/out.png' sh "$work" "$telar" "$foreign_name"
}
foreign photo.jpg '\377\330\377\340\000\020JFIF\000\001' 'a JPEG file, whatever its name says; convert it to PNG first: convert photo.jpg photo.png'
foreign photo.png '\377\330\377\340\000\020JFIF\000\001' ': convert photo.png photo-converted.png'
foreign 'two words.jpg' '\377\330\377\340\000\020JFIF\000\001' ': convert INPUT OUTPUT.png'
foreign a.gif 'GIF89a\001\000\001\000' ": convert 'a.gif[0]' a.png"
foreign a.webp 'RIFF\044\000\000\000WEBPVP8 ' ': dwebp a.webp -o a.png'
foreign a.heic '\000\000\000\030ftypheic\000\000\000\000' ': heif-convert a.heic a.png'
foreign a.avif '\000\000\000\040ftypavif\000\000\000\000' ': heif-convert a.avif a.png'
foreign a.jxl '\000\000\000\014JXL \r\n\207\n' ': djxl a.jxl a.png'
foreign a.pdf '%%PDF-1.7\n' ': pdftoppm -png a.pdf a'
foreign a.tar.gz '\037\213\010\000\000\000\000\000' ': gunzip <a.tar.gz >a.tar.png'
check "a JPEG on standard input" sh -c "! $telar run -t copy - $out <$work/photo.jpg 2>$work/err && grep -q 'standard input: is a JPEG.*: convert INPUT OUTPUT.png' $work/err"

# ---- a reader that goes away ----
# ends_by_pipe COMMAND...: as cat does: by SIGPIPE, without a line.
ends_by_pipe()
{
    to_closed_pipe "$@"
    [ "$(cat "$work/status")" = 141 ] && [ ! -s "$work/err" ] || { cat "$work/status" "$work/err"; return 1; }
}
# Where the caller ignores SIGPIPE, the program says what happened.
says_pipe()
{
    (trap '' PIPE; ends_by_pipe "$@" >/dev/null)
    [ "$(cat "$work/status")" = 7 ] && grep -q '^telar: .*Broken pipe' "$work/err"
}
for rung in "-e serial" "-e threads" "-i shared" "-i guarded"; do
    check "run $rung to a closed pipe" ends_by_pipe "$telar" run $rung -t copy "$g" -
done
check "run to /dev/stdout, a closed pipe" ends_by_pipe "$telar" run -t copy "$g" /dev/stdout
check "run --json to a closed pipe" ends_by_pipe "$telar" run --json -t copy "$g" "$work/json.png"
check "galaxy to a closed pipe" ends_by_pipe "$telar" galaxy -
check "info to a closed pipe" ends_by_pipe "$telar" info "$g"
check "run with SIGPIPE ignored" says_pipe "$telar" run -t copy "$g" -
check "info with SIGPIPE ignored" says_pipe "$telar" info "$g"

# ---- progress ----
# shows_progress COMMAND...: the line counts per cent upwards and ends erased.
shows_progress()
{
    try "$@"
    [ "$status" = 0 ] || { cat "$work/err"; return 1; }
    tr '\r' '\n' <"$work/err" | sed -n 's/^.\[K *\([0-9]*\) %, [0-9]* s left$/\1/p' >"$work/per-cent"
    [ -s "$work/per-cent" ] && sort -nc "$work/per-cent" && [ "$(tail -n 1 "$work/per-cent")" -le 100 ] \
        && tail -c 4 "$work/err" | od -c | grep -q '033   \[   K'
}
check "galaxy --progress=always" shows_progress "$telar" galaxy --progress=always --size=2000x3000 "$work/large.png"
check "run --progress=always" shows_progress "$telar" run --progress=always -j 1 -t blur:100 "$work/large.png" "$work/p.png"
check "galaxy --progress=never" right "$telar" galaxy --progress=never --size=3x3 "$work/p.png"

# ---- names ----
odd=$(printf '%s/a\033[31m\302\233b\377.png' "$work")
cp "$g" "$odd"
check "info of a name with control characters" right "$telar" info "$odd" "$g"
check "they are shown as ?" grep -qaF "$(printf '/a?[31m?b\377.png: (40, 50, 3)')" "$work/out"
# bytes_of MEMBER NAME: the last JSON has these bytes in the member.
bytes_of() { sed -n "s/^ *\"$1\": \"\(.*\)\",*$/\1/p" "$work/out" | base64 -d | cmp - "$work/name"; }
printf '%s' "$odd" >"$work/name"
check "info --json" right "$telar" info --json "$odd"
check "info --json has the bytes of the name" bytes_of file_base64
check "run --json" right "$telar" run --json -t copy "$odd" "$odd"
check "run --json has the bytes of INPUT" bytes_of input_base64
check "run --json has the bytes of OUTPUT" bytes_of output_base64
check "run --json of names in UTF-8" sh -c "$telar run --json -t copy $g $work/p.png >$work/out && ! grep -q base64 $work/out"
end_cases
