#!/bin/sh
# SPDX-License-Identifier: MIT
# The completion files: each shell that is installed can read its own, and bash offers what the options take.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
PATH=$(dirname "$telar"):$PATH
export PATH
mkdir "$work/dir" && "$telar" galaxy --size=3x3 "$work/dir/g.png" && : >"$work/dir/mine.so" || exit 99

for shell in bash zsh fish; do
    "$telar" --completion=$shell >"$work/$shell" || exit 99
    if command -v $shell >/dev/null; then
        check "$shell can read its file" $shell -n "$work/$shell"
    else
        skip "the file of $shell" "$shell is not installed"
    fi
    for option in isolation on-crash keep-shm svg all max-pixels seed; do
        check "that of $shell has $option" grep -q -e "--$option" -e "-l $option" "$work/$shell"
    done
    check "that of $shell has no hidden option" sh -c "! grep -e '--trial' -e '--cell' -e 'l trial' -e 'l cell' $work/$shell"
done
check "another shell" wrong 2 "bash, zsh, fish" "$telar" --completion=csh

# offers EXPECTED WORD...: what bash offers for the last word of a line, in order, with blanks between.
offers()
{
    expected=$1
    shift
    (cd "$work/dir" && bash -c '
        compopt() { :; }
        . "$0"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _telar
        printf "%s\n" "${COMPREPLY[@]}"' "$work/bash" "$@") | sort | tr '\n' ' ' >"$work/offered"
    [ "$(cat "$work/offered")" = "$expected " ] || { echo "offered: $(cat "$work/offered")"; return 1; }
}
if command -v bash >/dev/null; then
    check "commands" offers "demo-faults doctor" telar d
    check "commands behind help" offers "bench" telar help b
    check "options" offers "--roi=" telar run --ro
    check "an option without an argument" offers "--json" telar info --j
    check "words of an option" offers "gil processes serial threads" telar run -e ""
    check "words behind =" offers "guarded" telar run --isolation = gu
    check "just behind =" offers "huge small" telar bench --pages =
    check "the next word of a list" offers "serial,gil" telar bench -e serial,g
    check "transforms and plug-ins" offers "mine.so" telar run -t mi
    check "transforms, asked of telar" offers "sobel" telar run -t so
    check "files" offers "g.png" telar run -t copy g
    check "nothing for a number" offers "" telar run -j ""
else
    skip "what bash offers" "bash is not installed"
fi
end_cases
