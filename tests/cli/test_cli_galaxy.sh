#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests telar galaxy and telar info, and the parts that every command has: --help, --version,
# suggestions, standard output.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
g=$work/g.png

first_line_is() { [ "$(head -n 1 "$work/out")" = "$1" ] || { cat "$work/out"; return 1; }; }
shape() { right "$telar" info "$1" && first_line_is "$2"; }
differ() { ! cmp -s "$1" "$2"; }
absent() { [ ! -e "$1" ] && [ ! -L "$1" ]; }
helps() { right "$telar" "$@" --help && grep -q '^usage: telar' "$work/out"; }

check "telar --help prints the usage" helps
check "telar --version succeeds" right "$telar" --version
check "--version prints the version on standard output" first_line_is "telar $(sed -n 's/^#define VERSION "\(.*\)"/\1/p' config.h)"
check "galaxy --help prints the usage" helps galaxy
check "info --help prints the usage" helps info
check "help is the same as --help" sh -c "[ \"\$($telar help)\" = \"\$($telar --help)\" ]"
check "help info is the same as info --help" sh -c "[ \"\$($telar help info)\" = \"\$($telar info --help)\" ]"
for word in help --help -h; do
    check "help $word is the same as help" sh -c "[ \"\$($telar help $word)\" = \"\$($telar --help)\" ]"
done
check "help refuses a second name" wrong 2 "one COMMAND, not 2" "$telar" help run info
check "help refuses an unknown command" wrong 2 "no command 'weave'" "$telar" help weave
check "telar without a command is refused" wrong 2 "no command" "$telar"
check "telar suggests a command for a misspelt one" wrong 2 "did you mean 'galaxy'?" "$telar" galxay
check "-V is the same as --version" sh -c "[ \"\$($telar -V)\" = \"\$($telar --version)\" ]"
check "telar refuses an unknown command" wrong 2 "--help" "$telar" weave
check "telar refuses an option before the command" wrong 2 "--json" "$telar" --json info "$g"

check "galaxy draws 500 x 800 pixels" right "$telar" galaxy --size=500x800 "$g"
check "the galaxy has 500 x 800 pixels" shape "$g" "(500, 800, 3)"
check "galaxy draws its default size" right "$telar" galaxy "$work/default.png"
check "the default size and seed give the same bytes" cmp "$g" "$work/default.png"
check "galaxy accepts another seed" right "$telar" galaxy --seed 2 "$work/two.png"
check "another seed gives other bytes" differ "$g" "$work/two.png"
check "galaxy draws 16 bits" right "$telar" galaxy --depth=16 --size=30x20 "$work/wide.png"
check "the file has 16 bits" sh -c "$telar info $work/wide.png | grep -q 'depth  *16 bits'"
check "galaxy draws one pixel" right "$telar" galaxy --size=1x1 "$work/one.png"
check "the file has one pixel" shape "$work/one.png" "(1, 1, 3)"
check "galaxy writes to standard output" sh -c "$telar galaxy - | cmp - $g"
check "info reads standard input" sh -c "$telar info - <$g | head -n 1 | grep -qx '(500, 800, 3)'"
check "info reads two files" right "$telar" info "$g" "$work/one.png"
check "info of two files prints their names" grep -qxF "$work/one.png: (1, 1, 3)" "$work/out"

none=$work/none.png
check "galaxy without an output is refused" wrong 2 "OUTPUT" "$telar" galaxy
check "galaxy refuses two outputs" wrong 2 "one OUTPUT" "$telar" galaxy "$none" "$none"
check "galaxy refuses a size of 0" wrong 2 "--size" "$telar" galaxy --size=0x5 "$none"
check "galaxy refuses a size of one number" wrong 2 "--size" "$telar" galaxy --size=500 "$none"
check "galaxy refuses a size of three numbers" wrong 2 "--size" "$telar" galaxy --size=5x5x5 "$none"
check "galaxy refuses a size of 18 digits" wrong 2 "--size" "$telar" galaxy --size=999999999999999999x1 "$none"
check "galaxy refuses more than 100 million pixels" wrong 2 "100 million" "$telar" galaxy --size=10001x10000 "$none"
check "galaxy refuses a seed below 0" wrong 2 "--seed" "$telar" galaxy --seed=-1 "$none"
check "galaxy refuses a seed of 2^64" wrong 2 "--seed" "$telar" galaxy --seed=18446744073709551616 "$none"
check "galaxy refuses a depth of 12" wrong 2 "8, 16" "$telar" galaxy --depth=12 "$none"
check "an option unlike all others is refused without a suggestion" wrong 2 "no option '--foo'; " "$telar" run --foo
check "galaxy suggests an option for a misspelt one" wrong 2 "did you mean '--size'?" "$telar" galaxy --sise=5x5 "$none"
check "galaxy refuses an unknown letter" wrong 2 "'-x'" "$telar" galaxy -x "$none"
check "galaxy refuses an option without its value" wrong 2 "needs a value" "$telar" galaxy "$none" --seed
check "galaxy refuses a value for --help" wrong 2 "takes no value" "$telar" galaxy --help=me "$none"
check "the refused commands wrote no file" absent "$none"
check "galaxy cannot write into a missing directory" wrong 7 "$work/no" "$telar" galaxy "$work/no/g.png"
check "galaxy cannot write to a directory" wrong 7 "$work" "$telar" galaxy "$work"

mkdir "$work/directory"
printf '\377\330\377\340\000\020JFIF\000\001' >"$work/photo.png"
head -c 5000 "$g" >"$work/short.png"
: >"$work/empty.png"
# The signature; IHDR of 65535 x 65535, RGBA, 16 bits; an IDAT of 11 bytes; IEND.
{
    octal '\211PNG\r\n\032\n\000\000\000\rIHDR\000\000\377\377\000\000\377\377\020\006\000\000\000\346\225\005\023'
    octal '\000\000\000\013IDATx\332c\140\300\004\000\000\024\000\001\356Zi\011'
    octal '\000\000\000\000IEND\256B`\202'
} >"$work/bomb.png"
check "info without a file is refused" wrong 2 "FILE" "$telar" info
check "info refuses a missing file" wrong 3 "$none" "$telar" info "$none"
check "info refuses a directory" wrong 3 "$work/directory" "$telar" info "$work/directory"
check "info refuses an empty file" wrong 3 "$work/empty.png" "$telar" info "$work/empty.png"
check "info refuses a JPEG called .png" wrong 3 "$work/photo.png" "$telar" info "$work/photo.png"
check "info refuses a truncated PNG" wrong 3 "$work/short.png" "$telar" info "$work/short.png"
check "info refuses 65535 x 65535 pixels in 100 bytes" wrong 3 "$work/bomb.png" "$telar" info "$work/bomb.png"
check "info refuses more pixels than --max-pixels" wrong 3 "$g" "$telar" info --max-pixels=399999 "$g"
check "info accepts as many pixels as --max-pixels" right "$telar" info --max-pixels=400K "$g"
check "info refuses --max-pixels=0" wrong 2 "--max-pixels" "$telar" info --max-pixels=0 "$g"
check "a name with a newline gives one line" wrong 3 "a?b" "$telar" info "$work/a
b"
try "$telar" info "$none" "$g"
check "one bad file of two gives its exit code" [ "$status" = 3 ]
check "info shows the good file of two" grep -q '(500, 800, 3)' "$work/out"

closed() { status=0; "$@" >&- 2>"$work/err" || status=$?; : >"$work/out"; refused 7; }
full() { status=0; "$@" >/dev/full 2>"$work/err" || status=$?; : >"$work/out"; refused 7; }
cut_off()
{
    to_closed_pipe "$@"
    [ "$status" = 141 ] && [ ! -s "$work/err" ] || { echo "status $status"; cat "$work/err"; return 1; }
}
for command in "--help" "--version" "info $g" "info --json $g" "galaxy -"; do
    check "$command fails if standard output is closed" closed "$telar" $command
    check "$command fails on /dev/full" full "$telar" $command
    check "$command fails if the pipe is closed early" cut_off "$telar" $command
done
end_cases
