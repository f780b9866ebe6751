#!/bin/sh
# SPDX-License-Identifier: MIT
# telar galaxy, telar info, and what every command has: --help, --version, suggestions, standard output.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
g=$work/g.png

first_line_is() { [ "$(head -n 1 "$work/out")" = "$1" ] || { cat "$work/out"; return 1; }; }
shape() { right "$telar" info "$1" && first_line_is "$2"; }
differ() { ! cmp -s "$1" "$2"; }
absent() { [ ! -e "$1" ] && [ ! -L "$1" ]; }
helps() { right "$telar" "$@" --help && grep -q '^usage: telar' "$work/out"; }

check "--help" helps
check "--version" right "$telar" --version
check "--version on standard output" first_line_is "telar $(sed -n 's/^#define VERSION "\(.*\)"/\1/p' config.h)"
check "galaxy --help" helps galaxy
check "info --help" helps info
check "help" sh -c "[ \"\$($telar help)\" = \"\$($telar --help)\" ]"
check "help info" sh -c "[ \"\$($telar help info)\" = \"\$($telar info --help)\" ]"
check "help of what is no command" wrong 2 "no command 'weave'" "$telar" help weave
check "no command" wrong 2 "no command" "$telar"
check "misspelt command" wrong 2 "did you mean 'galaxy'?" "$telar" galxay
check "-V" sh -c "[ \"\$($telar -V)\" = \"\$($telar --version)\" ]"
check "unknown command" wrong 2 "--help" "$telar" weave
check "option before a command" wrong 2 "--json" "$telar" --json info "$g"

check "galaxy of 500 x 800" right "$telar" galaxy --size=500x800 "$g"
check "galaxy's shape" shape "$g" "(500, 800, 3)"
check "the default size is the same" right "$telar" galaxy "$work/default.png"
check "the same seed, the same bytes" cmp "$g" "$work/default.png"
check "another seed" right "$telar" galaxy --seed 2 "$work/two.png"
check "another seed, other bytes" differ "$g" "$work/two.png"
check "16 bit" right "$telar" galaxy --depth=16 --size=30x20 "$work/wide.png"
check "16 bit in the file" sh -c "$telar info $work/wide.png | grep -q 'depth  *16 bits'"
check "one pixel" right "$telar" galaxy --size=1x1 "$work/one.png"
check "one pixel's shape" shape "$work/one.png" "(1, 1, 3)"
check "on standard output" sh -c "$telar galaxy - | cmp - $g"
check "info of standard input" sh -c "$telar info - <$g | head -n 1 | grep -qx '(500, 800, 3)'"
check "info of two files" right "$telar" info "$g" "$work/one.png"
check "two files by name" grep -qxF "$work/one.png: (1, 1, 3)" "$work/out"

none=$work/none.png
check "no output" wrong 2 "OUTPUT" "$telar" galaxy
check "two outputs" wrong 2 "one OUTPUT" "$telar" galaxy "$none" "$none"
check "size of 0" wrong 2 "--size" "$telar" galaxy --size=0x5 "$none"
check "size of one number" wrong 2 "--size" "$telar" galaxy --size=500 "$none"
check "size with more behind" wrong 2 "--size" "$telar" galaxy --size=5x5x5 "$none"
check "size of 18 digits" wrong 2 "--size" "$telar" galaxy --size=999999999999999999x1 "$none"
check "more than 100 megapixels" wrong 2 "100 million" "$telar" galaxy --size=10001x10000 "$none"
check "seed below 0" wrong 2 "--seed" "$telar" galaxy --seed=-1 "$none"
check "seed of 2^64" wrong 2 "--seed" "$telar" galaxy --seed=18446744073709551616 "$none"
check "depth of 12" wrong 2 "8, 16" "$telar" galaxy --depth=12 "$none"
check "an option that is like none" wrong 2 "no option '--foo'; " "$telar" run --foo
check "misspelt option" wrong 2 "did you mean '--size'?" "$telar" galaxy --sise=5x5 "$none"
check "unknown letter" wrong 2 "'-x'" "$telar" galaxy -x "$none"
check "option without its value" wrong 2 "needs a value" "$telar" galaxy "$none" --seed
check "value for an option that has none" wrong 2 "takes no value" "$telar" galaxy --help=me "$none"
check "nothing was written" absent "$none"
check "directory that is not there" wrong 7 "$work/no" "$telar" galaxy "$work/no/g.png"
check "directory as output" wrong 7 "$work" "$telar" galaxy "$work"

mkdir "$work/directory"
printf '\377\330\377\340\000\020JFIF\000\001' >"$work/photo.png"
head -c 5000 "$g" >"$work/short.png"
: >"$work/empty.png"
# signature; IHDR 65535 x 65535 RGBA 16 bit; an IDAT of 11 bytes; IEND
{
    octal '\211PNG\r\n\032\n\000\000\000\rIHDR\000\000\377\377\000\000\377\377\020\006\000\000\000\346\225\005\023'
    octal '\000\000\000\013IDATx\332c\140\300\004\000\000\024\000\001\356Zi\011'
    octal '\000\000\000\000IEND\256B`\202'
} >"$work/bomb.png"
check "info without a file" wrong 2 "FILE" "$telar" info
check "no such file" wrong 3 "$none" "$telar" info "$none"
check "a directory" wrong 3 "$work/directory" "$telar" info "$work/directory"
check "an empty file" wrong 3 "$work/empty.png" "$telar" info "$work/empty.png"
check "a JPEG called .png" wrong 3 "$work/photo.png" "$telar" info "$work/photo.png"
check "a truncated PNG" wrong 3 "$work/short.png" "$telar" info "$work/short.png"
check "65535 x 65535 in 100 bytes" wrong 3 "$work/bomb.png" "$telar" info "$work/bomb.png"
check "more pixels than --max-pixels" wrong 3 "$g" "$telar" info --max-pixels=399999 "$g"
check "as many as --max-pixels" right "$telar" info --max-pixels=400K "$g"
check "--max-pixels=0" wrong 2 "--max-pixels" "$telar" info --max-pixels=0 "$g"
check "a name with a newline in it, in one line" wrong 3 "a?b" "$telar" info "$work/a
b"
try "$telar" info "$none" "$g"
check "one bad file of two: exit code" [ "$status" = 3 ]
check "one bad file of two: the other is shown" grep -q '(500, 800, 3)' "$work/out"

closed() { status=0; "$@" >&- 2>"$work/err" || status=$?; : >"$work/out"; refused 7; }
full() { status=0; "$@" >/dev/full 2>"$work/err" || status=$?; : >"$work/out"; refused 7; }
# The reader goes away before anything is written.
cut_off()
{
    { { sleep 0.2; status=0; "$@" 2>"$work/err" || status=$?; echo $status >"$work/status"; } | :; }
    status=$(cat "$work/status")
    : >"$work/out"
    refused 7
}
for command in "--help" "--version" "info $g" "info --json $g" "galaxy -"; do
    check "$command: standard output closed" closed "$telar" $command
    check "$command: /dev/full" full "$telar" $command
    check "$command: a pipe closed early" cut_off "$telar" $command
done
end_cases
