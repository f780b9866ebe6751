#!/bin/sh
# telar demo-faults: a table of what was really run, and the promises that it has to show.
. "$(dirname "$0")/cases.sh"
. "$(dirname "$0")/cli.sh"

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
    right "$telar" demo-faults && [ "$(wc -L <"$work/out")" -le 100 ] && [ "$(grep -c redone "$work/out")" -gt 8 ] \
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
check "the table has at most 100 columns, and no colours" shown
check "a name is refused" wrong 2 "takes no names" "$telar" demo-faults segv
end_cases
