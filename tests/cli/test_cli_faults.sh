#!/bin/sh
# SPDX-License-Identifier: MIT
# telar demo-faults: a table of what was really run, and the promises that it has to show.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"

# cell FAULT RUNG: the outcome in the JSON.
cell()
{
    awk -v fault="\"$1\"," -v rung="\"$2\"," '
        $1 == "\"fault\":" { at = $2 == fault }
        $1 == "\"rung\":" { here = at && $2 == rung }
        $1 == "\"outcome\":" && here { gsub(/[",]/, "", $2); print $2 }
    ' "$work/json"
}

becomes() { [ "$(cell "$1" "$2")" = "$3" ] || { echo "$1 under $2: '$(cell "$1" "$2")', not $3"; return 1; }; }

shown()
{
    right "$telar" demo-faults && [ "$(wc -L <"$work/out")" -le 80 ] && [ "$(grep -c redone "$work/out")" -gt 8 ] \
        && ! grep -q "$(printf '\033')" "$work/out"
}

right "$telar" demo-faults --json && cp "$work/out" "$work/json" || exit 99
check "a crash ends the program of threads" becomes segv threads ended
check "a crash at shared is a failure" becomes segv shared refused
for fault in segv sigkill abort stack exit loop before neighbour source noise forged close malloc; do
    check "$fault at guarded is done again" becomes $fault guarded redone
    if [ "$(cell segv sandboxed)" = absent ]; then
        skip "$fault at sandboxed" "there is no sandbox here"
    else
        check "$fault at sandboxed is done again" becomes $fault sandboxed redone
    fi
done
check "the table has at most 80 columns, and no colours" shown
# README.md shows the table; but for the times, and what the limit leaves open, it is what comes out here.
# without_times FILE: the lines of the table and its legend.
without_times() { sed -n '/^the transform, once/,/not tried: nothing/{s/redone *[0-9.]* ms/redone/g;s/ *$//;p}' "$1" | tr -s ' '; }
as_in_readme()
{
    right "$telar" demo-faults && without_times "$srcdir/README.md" >"$work/shown" && without_times "$work/out" >"$work/came" \
        && [ "$(wc -l <"$work/shown")" -gt 20 ] && diff "$work/shown" "$work/came"
}
# Every fault has its four cells behind at least two blanks. What is left of a long text stands below, indented.
every_fault()
{
    right "$telar" demo-faults --all && [ "$(wc -L <"$work/out")" -le 80 ] && sed '1d;/^$/,$d;/^ /d' "$work/out" >"$work/rows" \
        && [ "$(wc -l <"$work/rows")" -ge 60 ] && ! cut -c 23-24 "$work/rows" | grep -v '^  $'
}
# at RUNG COLUMN PATTERN: what stands under it, of every fault.
at() { cut -c "$2" "$work/rows" | sed 's/ *$//' >"$work/column" && ! grep -Evx "$3" "$work/column"; }
check "a name is refused" wrong 2 "takes no names" "$telar" demo-faults segv
check "--all: every fault, in a table" every_fault
check "at guarded, but for one that is meant for the coordinator, no harm is done" \
    at guarded 53-66 'redone [0-9.]+ ms|no harm|PROGRAM ENDS'
check "that one is alone" sh -c "[ \"\$(grep -c 'PROGRAM ENDS' '$work/column')\" = 1 ] && grep -q '^kills the coordinator.*PROGRAM ENDS' '$work/rows'"
if [ "$(cell segv sandboxed)" = absent ]; then
    skip "every fault at sandboxed" "there is no sandbox here"
    skip "the table of README.md" "there is no sandbox here"
else
    check "at sandboxed, every one is contained" at sandboxed 67- 'redone [0-9.]+ ms|no harm'
    check "the table of README.md is what comes out" as_in_readme
fi
end_cases
