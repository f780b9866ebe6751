#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests that a plug-in cannot take 1200 MiB of memory at sandboxed, whatever kind of mapping it asks for.
# At guarded the same plug-in gets the memory, so this test can fail.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
in=$work/in.png out=$work/out.png
"$telar" galaxy --size=60x70 "$in" || exit 99
sandbox=1
"$telar" run -i sandboxed -t copy "$in" "$out" 2>"$work/why" || sandbox=

# hoard WAY OPTION...: builds a plug-in that takes memory in this way.
hoard()
{
    hoard_way=$1
    shift
    $CC -O1 -Wall -Wextra -Werror -shared -fPIC -I"$srcdir/include" -DWAY="take_$hoard_way" "$@" \
        -o "$work/hoard.so" "$srcdir/tests/support/plugin_hoard.c" || exit 99
}

run() { "$telar" run -i "$1" -j 2 --retries=0 --on-crash=fail -t "$work/hoard.so" "$in" "$out"; }
takes() { wrong 5 "exit status 77" run guarded; }
is_refused() { right run sandboxed && cmp "$out" "$work/copy.png"; }
is_violation() { wrong 5 "prlimit64, which its sandbox forbids" run sandboxed; }
overflows() { wrong 5 SIGSEGV run sandboxed; }

# in_sandbox NAME COMMAND...: a case for hosts that have the sandbox.
in_sandbox()
{
    if [ $sandbox ]; then check "$@"; else skip "$1" "$(cat "$work/why")"; fi
}

"$telar" run -t copy "$in" "$work/copy.png" || exit 99
for way in private shared unreserved growing protected moved break heap; do
    hoard $way
    if [ $way = private ] || [ $way = shared ]; then
        check "at guarded a constructor takes 1200 MiB: $way" takes
    fi
    in_sandbox "a constructor is refused 1200 MiB: $way" is_refused
    hoard $way -DLATE
    in_sandbox "a transform is refused 1200 MiB: $way" is_refused
done
hoard raised
in_sandbox "a constructor cannot change the limit of its stack" is_violation
hoard raised -DLATE
in_sandbox "a transform cannot change the limit of its stack" is_violation

# The stack: with the limit that the host has, and without any.
for limit in 8192 unlimited; do
    if ! (ulimit -s $limit) 2>/dev/null; then
        skip "the stack with ulimit -s $limit" "the host refuses this limit"
        continue
    fi
    stack() { (ulimit -s $limit && "$@"); }
    hoard stack
    [ $limit = 8192 ] || check "at guarded the stack grows to 1200 MiB with ulimit -s $limit" stack takes
    in_sandbox "a constructor's stack is bounded with ulimit -s $limit" stack overflows
    hoard stack -DLATE
    in_sandbox "a transform's stack is bounded with ulimit -s $limit" stack overflows
done
end_cases
