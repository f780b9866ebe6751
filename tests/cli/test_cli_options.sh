#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests more statements of the manuals: the attributes of a replaced file, the lines of info, runs
# on a restricted host, and the examples.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
g=$work/g.png out=$work/dir/out.png
mkdir "$work/dir"
"$telar" galaxy --size=40x50 "$g" && "$telar" run -e serial -t invert "$g" "$work/right.png" || exit 99
bad() { name=$1 text=$2; shift 2; check "$name" wrong 2 "$text" "$telar" run "$@"; }
sanitized() { grep -q '^#define TL_SANITIZED' config.h; }
# holds TEXT: the JSON of the last command, without blanks, must contain TEXT.
holds() { tr -d ' \n' <"$work/out" | grep -qF -- "$1" || { echo "'$1' is missing in:"; cat "$work/out"; return 1; }; }

# ---- options ----
bad "a shortened option with several meanings is refused" "may be any of --transform, --trust" --tr=copy "$g" "$out"
bad "run suggests the only similar option" "did you mean '--trust'?" --truts -t copy "$g" "$out"
bad "a name of 201 bytes for --keep-shm is refused" "--keep-shm" --keep-shm="$(printf '%0201d' 0)" -t copy "$g" "$out"
grids() { right "$telar" run -q -i sandboxed -j 1 -g 128x128 -t copy "$work/fine.png" "$work/cut.png"; }
"$telar" galaxy --size=1025x1025 "$work/fine.png" || exit 99
if "$telar" run -i sandboxed -t copy "$g" "$work/tried.png" 2>/dev/null; then
    check "a sandboxed worker accepts 16384 regions" grids
    bad "a sandboxed worker refuses 16512 regions" "-i guarded" -q -i sandboxed -j 1 -g 129x128 -t copy "$work/fine.png" "$out"
else
    skip "regions of a sandboxed worker" "this host has no sandbox"
fi
bad "more than 1048576 regions are refused" "coarser" -g 1025x1024 -t copy "$work/fine.png" "$out"
for rung in shared guarded; do
    bad "-i $rung with serial is refused" "only processes" -e serial -i $rung -t copy "$g" "$out"
done
bad "a --timeout of 4294967 seconds is refused" "--timeout" --timeout=4294967 -t copy "$g" "$out"
check "a --timeout of 4294966 seconds is accepted" right "$telar" run --timeout=4294966 -t copy "$g" "$work/long.png"
check "transforms refuses -i shared" wrong 2 "guarded, sandboxed" "$telar" transforms -i shared
check "transforms refuses two names" wrong 2 "one NAME" "$telar" transforms copy invert
check "galaxy refuses 100000001 x 1 pixels" wrong 2 "100 million" "$telar" galaxy --size=100000001x1 "$out"
check "galaxy accepts the largest seed" right "$telar" galaxy --seed=18446744073709551615 --size=3x3 "$work/last.png"
check "the refused commands wrote no file" [ ! -e "$out" ]
if command -v script >/dev/null; then
    refuses_terminal() { status=0; script -qec "$telar run -t copy $g -" /dev/null </dev/null >"$work/err" || status=$?; [ $status = 2 ] && says "on a terminal"; }
    check "run refuses to write a picture to a terminal" refuses_terminal
else
    skip "a picture on a terminal" "script(1) is not installed"
fi
# Two runs with one transform each must equal a pipeline of both, from left to right.
in_order()
{
    right "$telar" run -t threshold -t blur "$g" "$work/both.png" && right "$telar" run -t threshold "$g" "$work/first.png" \
        && right "$telar" run -t blur "$work/first.png" "$work/second.png" && cmp "$work/both.png" "$work/second.png" \
        && right "$telar" run -t blur -t threshold "$g" "$work/other.png" && ! cmp -s "$work/both.png" "$work/other.png"
}
check "a pipeline applies its transforms from left to right" in_order

# ---- a file that is replaced ----
# stat_is FORMAT VALUE: checks an attribute of the output.
stat_is() { [ "$(stat -c "$1" "$out")" = "$2" ] || { stat "$out"; return 1; }; }
# replaces MODE UMASK: a run under this umask must replace an output of this mode by a new file of
# the same mode.
replaces()
{
    echo old >"$out" && chmod "$1" "$out" && exec 8<"$out" || return 1
    (umask "$2" && right "$telar" run -t invert "$g" "$out") || return 1
    stat_is %a "$1" && cmp "$out" "$work/right.png" && [ "$(cat <&8)" = old ]
}
fresh() { rm -f "$out" && (umask 026 && right "$telar" run -t invert "$g" "$out") && stat_is %a 640; }
linked()
{
    echo old >"$out" && ln "$out" "$work/hard.png" && ln -s dir/out.png "$work/soft.png" || return 1
    right "$telar" run -t invert "$g" "$work/soft.png" && [ -L "$work/soft.png" ] && cmp "$out" "$work/right.png" \
        && [ "$(cat "$work/hard.png")" = old ]
}
group_stays()
{
    echo old >"$out" && chgrp 61236 "$out" && chmod 664 "$out" || return 1
    right "$telar" run -t invert "$g" "$out" && stat_is %g:%u:%a "61236:$(id -u):664"
}
owner_stays()
{
    echo old >"$out" && chown 61235:61236 "$out" && chmod 600 "$out" || return 1
    right "$telar" run -t invert "$g" "$out" && stat_is %u:%g:%a 61235:61236:600
}
# The user may write to the file, but cannot give the new file to the old owner and group. Then the
# group must lose its rights.
strangers()
{
    echo old >"$out" && chown 61237:61236 "$out" && chmod 666 "$out" && chmod 777 "$work/dir" && chmod 755 "$work" || return 1
    try setpriv --reuid=61235 --regid=61235 --clear-groups "$telar" run -t invert "$g" "$out"
    silent && stat_is %u:%g:%a 61235:61235:606
}
check "a new file has the permissions that the umask leaves" fresh
check "a replaced file keeps the permissions 604" replaces 604 077
check "a replaced file keeps the permissions 666" replaces 666 077
rm -f "$out"
check "run follows a symbolic link and leaves another hard link alone" linked
rm -f "$out" "$work/soft.png"
if [ "$(id -u)" = 0 ] && chown 61235 "$work/hard.png" 2>/dev/null; then
    check "a replaced file keeps its group" group_stays
    check "a replaced file keeps its owner" owner_stays
    if command -v setpriv >/dev/null && chmod 755 "$work" \
        && setpriv --reuid=61235 --regid=61235 --clear-groups "$telar" info "$g" >/dev/null 2>&1; then
        check "the group loses its rights if the owner cannot be kept" strangers
    else
        skip "the group of another user's file" "setpriv is not installed, or another user cannot read the program here"
    fi
else
    skip "owner and group of a replaced file" "only root can give a file away"
fi
rm -f "$out"

# ---- info ----
# 2 rows of 3 grey pixels. Then 3 pixels of a palette, 2 bits each, interlaced, with gAMA, two tEXt
# and tIME.
{
    octal '\211PNG\r\n\032\n\000\000\000\015IHDR\000\000\000\003\000\000\000\002\010\000\000\000\000\270\0379\306'
    octal '\000\000\000\020IDATx\234c\340\342\346a`db\006\000\000\326\000(\234y~\016\000\000\000\000IEND\256B`\202'
} >"$work/grey.png"
{
    octal '\211PNG\r\n\032\n\000\000\000\015IHDR\000\000\000\003\000\000\000\001\002\003\000\000\001\021\211\314\261'
    octal '\000\000\000\004gAMA\000\000\261\217\013\374a\005\000\000\000\011PLTE\377\000\000\000\377\000\000\000\377-J\315\212'
    octal '\000\000\000\011tEXtTitle\000one\263\322\276\336\000\000\000\011tEXtTitle\000two\330t\262I'
    octal '\000\000\000\007tIME\007\350\001\001\001\001\001\334\301\026z'
    octal '\000\000\000\016IDATx\234c``h`p\000\000\001\306\000\301\034\363\224\251\000\000\000\000IEND\256B`\202'
} >"$work/palette.png"
cat >"$work/expected" <<END
$work/grey.png: (2, 3)
  depth       8 bits
  colour      grey
  interlaced  no
  chunks      IHDR IDAT IEND
  bytes       73
$work/palette.png: (1, 3, 3)
  depth       8 bits, 2 in the file
  colour      palette
  interlaced  yes
  chunks      IHDR gAMA PLTE tEXt tIME IDAT IEND
  not kept    tIME
  bytes       169
END
check "info reads several files" right "$telar" info "$work/grey.png" "$work/palette.png"
check "info prints the documented lines in order" diff "$work/expected" "$work/out"
try "$telar" info "$work/grey.png" "$work/none.png" "$work/palette.png"
check "info shows the other files if one is missing" diff "$work/expected" "$work/out"
check "info gives the exit code of the missing file" [ "$status" = 3 ]
check "run copies a grey picture" right "$telar" run -t copy "$work/grey.png" "$out"
check "the copy of a grey picture has two dimensions" sh -c "[ \"\$('$telar' info '$out' | head -n 1)\" = '(2, 3)' ]"
check "run copies a picture with a palette" right "$telar" run -t copy "$work/palette.png" "$out"
try "$telar" info --json "$out"
for text in '"channels":3' '"depth":8' '"color_type":2' '"bit_depth":8' '"interlaced":false'; do
    check "the copy of the palette picture has $text" holds "$text"
done
check "the copy of the palette picture has both texts" [ "$(tr -c 'A-Za-z' '\n' <"$out" | grep -cx 'tEXtTitle')" = 2 ]
rm -f "$out"

# ---- a restricted host ----
if command -v taskset >/dev/null && taskset -c "$(taskset -cp $$ | sed 's/.*[^0-9]\([0-9]*\)$/\1/')" true 2>/dev/null; then
    one=$(taskset -cp $$ | sed 's/.*[^0-9]\([0-9]*\)$/\1/')
    check "run works on one CPU" right taskset -c "$one" "$telar" run --json -t invert "$g" "$out"
    check "a run on one CPU wants one worker" holds '"workers_wanted":1,'
else
    skip "workers by CPU affinity" "taskset is missing or not permitted"
fi
# The host allows fewer workers than asked for. The run must succeed and say so in one line, which
# -q suppresses.
fewer()
{
    try sh -c 'ulimit -n 16 && exec "$@"' sh "$telar" run "$@" -j 64 -g 40x1 -t invert "$g" "$out"
    [ "$status" = 0 ] && cmp "$out" "$work/right.png"
}
said() { fewer && [ "$(wc -l <"$work/err")" = 1 ] && grep -Eq '^telar: workers: ([1-9]|1[0-9]) instead of 64: ' "$work/err"; }
unsaid() { fewer -q && [ ! -s "$work/err" ]; }
check "a line says that there are fewer workers than asked for" said
check "-q suppresses the line about fewer workers" unsaid
# without CALL COMMAND...: runs on a kernel that lacks this system call. The old output must stay.
without()
{
    without_call=$1
    shift
    echo old >"$out"
    wrong 4 "no sandbox" strace -f -qq -o "$work/trace" -e "inject=$without_call:error=ENOSYS" "$@" && [ "$(cat "$out")" = old ]
}
if sanitized || ! "$telar" run -i sandboxed -t copy "$g" "$out" 2>/dev/null; then
    skip "kernels without a sandbox" "a sanitizer prevents the sandbox, or this host has none"
elif ! strace -f -qq -o "$work/trace" -e inject=landlock_create_ruleset:error=ENOSYS true 2>/dev/null; then
    skip "kernels without a sandbox" "strace is not installed or may not trace"
else
    for call in landlock_create_ruleset seccomp; do
        check "-i sandboxed without $call gives exit code 4" without $call "$telar" run -i sandboxed -t copy "$g" "$out"
    done
    check "guarded does not need landlock" right strace -f -qq -o "$work/trace" -e inject=landlock_create_ruleset:error=ENOSYS \
        "$telar" run -t invert "$g" "$out"
fi
if sanitized; then
    skip "a galaxy that does not fit into memory" "a sanitizer needs more than the limit"
else
    check "a galaxy that does not fit into memory gives exit code 4" wrong 4 "no memory" \
        sh -c "ulimit -v 200000; exec '$telar' galaxy --size=10000x10000 '$work/large.png'"
fi

# ---- the examples of telar(1) ----
# Runs the commands of the manual in an empty directory, with the program of this build.
examples()
{
    sed -n '/^\.Sh EXAMPLES/,/^\.Sh DIAGNOSTICS/p' "$srcdir/doc/telar.1" | sed -n 's/^\.Dl \$ //p; s/^\$ //p' >"$work/all"
    command -v jq >/dev/null && cp "$work/all" "$work/commands" || grep -v jq "$work/all" >"$work/commands"
    [ "$(wc -l <"$work/commands")" -ge 6 ] || { echo "the manual has fewer than 6 examples"; return 1; }
    mkdir "$work/examples" && (cd "$work/examples" && PATH=$OLDPWD:$PATH sh -e "$work/commands")
}
check "the examples of telar(1) work" examples
check "the examples of processes and threads give the same bytes" cmp "$work/examples/p.png" "$work/examples/t.png"
end_cases
