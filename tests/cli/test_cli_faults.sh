#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests telar demo-faults: the outcomes in its table, and that the promised ones are among them.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"

# cell FAULT RUNG: prints the outcome from the JSON.
cell()
{
    awk -v fault="\"$1\"," -v rung="\"$2\"," '
        $1 == "\"fault\":" { at = $2 == fault }
        $1 == "\"rung\":" { here = at && $2 == rung }
        $1 == "\"outcome\":" && here { gsub(/[",]/, "", $2); print $2 }
    ' "$work/json"
}

becomes() { [ "$(cell "$1" "$2")" = "$3" ] || { echo "the outcome of $1 at $2 is '$(cell "$1" "$2")' instead of $3"; return 1; }; }

shown()
{
    right "$telar" demo-faults && [ "$(wc -L <"$work/out")" -le 80 ] && [ "$(grep -c redone "$work/out")" -gt 8 ] \
        && ! grep -q "$(printf '\033')" "$work/out"
}

right "$telar" demo-faults --json && cp "$work/out" "$work/json" || exit 99
check "a crash in a thread ends the program" becomes segv threads ended
check "a crash at shared makes the run fail" becomes segv shared refused
for fault in segv sigkill abort stack exit loop before neighbour source noise forged close malloc; do
    check "telar repeats the work after $fault at guarded" becomes $fault guarded redone
    if [ "$(cell segv sandboxed)" = absent ]; then
        skip "$fault at sandboxed" "this host has no sandbox"
    else
        check "telar repeats the work after $fault at sandboxed" becomes $fault sandboxed redone
    fi
done
check "the table has at most 80 columns, and no colours" shown
# README.md shows the table. The times, and outcomes that a limit leaves open, may differ.
# without_times FILE: prints the table and its legend.
without_times() { sed -n '/^the transform, once/,/not tried: nothing/{s/redone *[0-9.]* ms/redone/g;s/ *$//;p}' "$1" | tr -s ' '; }
as_in_readme()
{
    right "$telar" demo-faults && without_times "$srcdir/README.md" >"$work/shown" && without_times "$work/out" >"$work/came" \
        && [ "$(wc -l <"$work/shown")" -gt 20 ] && diff "$work/shown" "$work/came"
}
# Every fault has four cells, behind at least two blanks. The rest of a long text follows on an
# indented line.
every_fault()
{
    right "$telar" demo-faults --all && [ "$(wc -L <"$work/out")" -le 80 ] && sed '1d;/^$/,$d;/^ /d' "$work/out" >"$work/rows" \
        && [ "$(wc -l <"$work/rows")" -ge 60 ] && ! cut -c 23-24 "$work/rows" | grep -v '^  $'
}
# at RUNG COLUMN PATTERN: every outcome in the column of this rung must match.
at() { cut -c "$2" "$work/rows" | sed 's/ *$//' >"$work/column" && ! grep -Evx "$3" "$work/column"; }
check "demo-faults refuses a name" wrong 2 "takes no names" "$telar" demo-faults segv
check "--all shows every fault in a table" every_fault
check "at guarded no fault does harm, except one" \
    at guarded 53-66 'redone [0-9.]+ ms|no harm|PROGRAM ENDS'
check "the exception is the fault that kills the coordinator" sh -c "[ \"\$(grep -c 'PROGRAM ENDS' '$work/column')\" = 1 ] && grep -q '^kills the coordinator.*PROGRAM ENDS' '$work/rows'"
if [ "$(cell segv sandboxed)" = absent ]; then
    skip "every fault at sandboxed" "this host has no sandbox"
    skip "the table of README.md" "this host has no sandbox"
else
    check "at sandboxed no fault does harm" at sandboxed 67- 'redone [0-9.]+ ms|no harm'
    check "README.md shows the table that demo-faults prints" as_in_readme
fi
end_cases
