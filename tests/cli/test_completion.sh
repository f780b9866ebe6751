#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the completion files. Each installed shell must be able to read its file. bash must offer
# the values that an option accepts.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
PATH=$(dirname "$telar"):$PATH
export PATH
mkdir "$work/dir" && "$telar" galaxy --size=3x3 "$work/dir/g.png" && : >"$work/dir/mine.so" || exit 99

for shell in bash zsh fish; do
    "$telar" --completion=$shell >"$work/$shell" || exit 99
    if command -v $shell >/dev/null; then
        check "$shell can read its completion file" $shell -n "$work/$shell"
    else
        skip "the completion file of $shell" "$shell is not installed"
    fi
    for option in isolation on-crash keep-shm svg all max-pixels seed; do
        check "the completion file of $shell has --$option" grep -q -e "--$option" -e "-l $option" "$work/$shell"
    done
    check "the completion file of $shell has no hidden option" sh -c "! grep -e '--trial' -e '--cell' -e 'l trial' -e 'l cell' $work/$shell"
done
check "telar refuses --completion=csh" wrong 2 "bash, zsh, fish" "$telar" --completion=csh

# offers EXPECTED WORD...: bash must offer these words for the last word of a line.
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
    [ "$(cat "$work/offered")" = "$expected " ] || { echo "bash offers: $(cat "$work/offered")"; return 1; }
}
if command -v bash >/dev/null; then
    check "bash offers commands" offers "demo-faults doctor" telar d
    check "bash offers commands behind help" offers "bench" telar help b
    check "bash offers options" offers "--roi=" telar run --ro
    check "bash offers an option without an argument" offers "--json" telar info --j
    check "bash offers the values of an option" offers "gil processes serial threads" telar run -e ""
    check "bash offers the values that begin with the text behind =" offers "guarded" telar run --isolation = gu
    check "bash offers all values directly behind =" offers "huge small" telar bench --pages =
    check "bash offers the next value of a list" offers "serial,gil" telar bench -e serial,g
    check "bash offers plug-ins as transforms" offers "mine.so" telar run -t mi
    check "bash offers the transforms that telar lists" offers "sobel" telar run -t so
    check "bash offers files" offers "g.png" telar run -t copy g
    check "bash offers no value for a number" offers "" telar run -j ""
else
    skip "the offers of bash" "bash is not installed"
fi
end_cases
