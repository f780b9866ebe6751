#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests which room includes which, against the table under "Layers" in src/README.md. The test fails
# on any other #include "...", on a circle, and on a function that is defined in a file of another
# name than its header.
. "$(dirname "$0")/../support/cases.sh"

# rows TREE HEADING: prints the rows of the table whose first heading is HEADING. "|" separates the
# columns. Backquotes and commas are removed.
rows()
{
    awk -F'|' -v heading="$2" '
        $2 ~ "^ *" heading " *$" { inside = 1; next }
        inside && !/^\|/ { exit }
        inside && !/^\| *-/ { gsub(/[`,]/, ""); print $2 "|" $3 "|" $4 }' "$1/src/README.md"
}

# pairs COLUMN: reads rows and prints "FIRST OTHER" for each word in that column.
pairs()
{
    awk -F'|' -v column="$1" '{ n = split($column, word, " "); split($1, first, " ")
        for (i = 1; i <= n; i++) print first[1], word[i] }'
}

# Reads four lists of a tree: rooms, allowed edges, edges that must still go, and pairs of header
# and file that must still go.
read_lists()
{
    rows "$1" room | awk -F'|' '{ print $1 }' | tr -d ' ' >"$work/rooms"
    rows "$1" room | pairs 2 >"$work/allowed"
    rows "$1" room | pairs 3 >"$work/leaving"
    rows "$1" header | pairs 2 >"$work/displaced"
    [ -s "$work/rooms" ] && [ -s "$work/allowed" ] || { echo "src/README.md has no table of rooms"; return 1; }
}

# Prints "FILE INCLUDED" for each include of a file of the tree. Both are paths from the top of the
# tree. A tool names a folder of tools/ or a room of src/ in its includes.
read_includes()
{
    (cd "$1" && grep -rE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include[[:space:]]*("|<telar/)' src tools include) |
        sed -E 's/^([^:]*):[^"<]*(["<])([^">]*).*/\1 \2 \3/' |
        awk -v rooms="$work/rooms" '
            BEGIN { while ((getline line <rooms) > 0) if (line !~ /^tools/) of_src[line] = 1 }
            { top = $1; sub(/\/.*/, "", top); first = $3; sub(/\/.*/, "", first)
              print $1, ($2 == "<" ? "include" : top == "tools" && first in of_src ? "src" : top) "/" $3 }' >"$work/includes"
    [ -s "$work/includes" ]
}

# Each included file must exist. Its room must be that of the including file, the public headers, or
# an allowed one.
only_allowed_includes()
{
    awk -v lists="$work/rooms $work/allowed $work/leaving" '
        function room(path) { sub(/\/[^\/]*$/, "", path); sub(/^src\//, "", path); return path }
        BEGIN {
            split(lists, list, " ")
            while ((getline line <list[1]) > 0) known[line] = 1
            for (i = 2; i <= 3; i++) while ((getline line <list[i]) > 0) may[line] = 1
        }
        { from = room($1); to = room($2) }
        from != "include/telar" && !(from in known) { print $1 ": the room " from " is not in the list"; bad = 1 }
        from == to || to == "include/telar" { next }
        !(from " " to in may) { print $1 " includes " $2 ": " from " may not include " to; bad = 1 }
        END { exit bad }' "$work/includes" || return 1
    cut -d' ' -f2 "$work/includes" | sort -u | (cd "$1" && while read -r file; do
        [ -e "$file" ] || { echo "$file is included but does not exist"; exit 1; }
    done)
}

no_circle_of_files() { ! grep -E '^(.*) \1$' "$work/includes" && tsort "$work/includes" >"$work/order"; }
no_circle_of_rooms() { ! grep -E '^(.*) \1$' "$work/allowed" && tsort "$work/allowed" >"$work/order"; }

# Prints "HEADER FILE FUNCTION" for each function whose file has another name than its header. For
# telar/NOUN.h these names are right: NOUN.c and NOUN_*.c. For room/NOUN.h they are right in the
# same room. For room/NOUN_WORD.h, which several files share, they are right too.
read_displaced()
{
    (cd "$1" && awk -f "$functions" include/telar/*.h src/*/*.[ch]) >"$work/functions" || return 1
    awk '
        function stem(path) { sub(/.*\//, "", path); sub(/\.[ch]$/, "", path); return path }
        function folder(path) { sub(/\/[^\/]*$/, "", path); return path }
        function follows(file, noun) { return file == noun || index(file, noun "_") == 1 }
        $2 == "declares" && $1 ~ /\.h$/ { header[$3] = $1 }
        $2 == "defines" && $1 ~ /\.c$/ { n++; file[n] = $1; name[n] = $3 }
        END {
            for (i = 1; i <= n; i++) {
                h = header[name[i]]; public = h ~ /^include/
                noun = stem(h); group = noun; sub(/_[^_]*$/, "", group)
                near = public || folder(h) == folder(file[i])
                if (h == "" || near && follows(stem(file[i]), noun) || !public && near && follows(stem(file[i]), group))
                    continue
                sub(/^src\//, "", file[i]); sub(/^(src|include)\//, "", h)
                print h, file[i], name[i]
            }
        }' "$work/functions" >"$work/found" || return 1
    [ "$(wc -l <"$work/functions")" -gt 100 ] || { echo "too few functions were found"; return 1; }
}

functions_stand_by_their_headers()
{
    awk -v list="$work/displaced" '
        BEGIN { while ((getline line <list) > 0) may[line] = 1 }
        !($1 " " $2 in may) { print $3 " is declared in " $1 " and defined in " $2; bad = 1 }
        END { exit bad }' "$work/found"
}

# An exception that is not needed any more must leave the table.
no_needless_exception()
{
    awk '{ print $1, $2 }' "$work/found" | sort -u >"$work/needed"
    sort -u "$work/displaced" | comm -23 - "$work/needed" >"$work/needless"
    awk '{ sub(/\/[^\/]*$/, "", $1); sub(/\/[^\/]*$/, "", $2); gsub(/src\//, ""); print $1, $2 }' "$work/includes" |
        sort -u >"$work/needed"
    sort -u "$work/leaving" | comm -23 - "$work/needed" >>"$work/needless"
    [ ! -s "$work/needless" ] || { echo "these exceptions are not needed any more:"; cat "$work/needless"; return 1; }
}

# named_files_exist README: each NAME.c and NAME.h in this text must be a file of the tree. Names in capitals stand for any
# file, and <NAME.h> is a header of another library.
named_files_exist()
{
    (cd "$srcdir" && find src include tools tests doc -name '*.[ch]') | sed 's/^/\//' >"$work/files"
    sed 's/<[a-z]*\.h>//g' "$1" | grep -oE '[A-Za-z0-9_*/-]+\.[ch]\b' | grep -v '[A-Z]' | sort -u >"$work/names"
    [ "$(wc -l <"$work/names")" -gt 20 ] || { echo "too few names were found"; return 1; }
    sed 's/\*/[a-z0-9_]*/g; s/\./[.]/g' "$work/names" | while read -r name; do
        grep -qE "/$name\$" "$work/files" || { echo "$1 names $name, which does not exist"; exit 1; }
    done
}

names_a_stray_file()
{
    { cat "$srcdir/src/README.md"; echo 'See `stray.c`.'; } >"$work/README.md"
    ! named_files_exist "$work/README.md" >"$work/findings" && grep -q 'names stray' "$work/findings"
}

# Judges a tree by all rules: this tree, or a copy that the test has changed.
judge()
{
    read_lists "$1" && read_includes "$1" && read_displaced "$1" || return 1
    status=0
    for rule in only_allowed_includes no_circle_of_files no_circle_of_rooms functions_stand_by_their_headers; do
        $rule "$1" 2>&1 || { echo "broken: $rule"; status=1; }
    done
    return $status
}

copy_tree()
{
    rm -rf "$work/tree"
    mkdir "$work/tree"
    cp -r "$srcdir/src" "$srcdir/tools" "$srcdir/include" "$work/tree" && chmod -R u+w "$work/tree"
}

# breaks_only RULE: the changed copy must break this rule and no other.
breaks_only()
{
    if judge "$work/tree" >"$work/findings"; then
        echo "the test found nothing"
        return 1
    fi
    cat "$work/findings"
    [ "$(grep '^broken:' "$work/findings")" = "broken: $1" ]
}

# spoiled RULE [FILE TEXT]...: adds each TEXT to the end of its FILE in a copy of the tree.
spoiled()
{
    rule=$1
    shift
    copy_tree || return 1
    while [ $# -gt 0 ]; do
        mkdir -p "$work/tree/$(dirname "$1")" && printf '%s\n' "$2" >>"$work/tree/$1" || return 1
        shift 2
    done
    breaks_only "$rule"
}

# Changes the table in a copy of the tree, so that the lowest room may include the highest.
circle_in_the_list()
{
    copy_tree || return 1
    sed -i 's/^| `base` |[^|]*|/| `base` | `run` |/' "$work/tree/src/README.md"
    breaks_only no_circle_of_rooms
}

functions=$(cd "$(dirname "$0")" && pwd)/functions.awk
check "src/README.md has the tables" read_lists "$srcdir"
check "the sources have includes" read_includes "$srcdir"
check "the sources have functions" read_displaced "$srcdir"
check "rooms include only rooms that the table allows" only_allowed_includes "$srcdir"
check "files do not include each other in a circle" no_circle_of_files
check "rooms do not include each other in a circle" no_circle_of_rooms
check "a function is defined in a file with its header's name" functions_stand_by_their_headers
check "every exception is still needed" no_needless_exception
check "every file that src/README.md names exists" named_files_exist "$srcdir/src/README.md"

check "a name of a file that does not exist is found" names_a_stray_file
check "an upward include is found" spoiled only_allowed_includes src/base/host.c '#include "engine/job.h"'
check "a tool that includes an internal header is found" spoiled only_allowed_includes tools/cmd_info.c '#include "base/host.h"'
check "a public header that includes an internal header is found" spoiled only_allowed_includes include/telar/plan.h '#include "base/host.h"'
check "a folder that is not a room is found" spoiled only_allowed_includes src/nowhere/stray.c '#include "base/host.h"'
check "a folder in a room is found" spoiled only_allowed_includes src/base/deep/stray.c '#include "base/host.h"'
check "a circle of two files is found" spoiled no_circle_of_files src/base/stray.h '#include "base/circle.h"' \
    src/base/circle.h '#include "base/stray.h"'
check "a file that includes itself is found" spoiled no_circle_of_files src/base/stray.h '#include "base/stray.h"'
check "a circle in the table is found" circle_in_the_list
check "a function in a file of another name is found" spoiled functions_stand_by_their_headers \
    src/base/stray.h 'void tl_stray_move(void);' src/base/astray.c 'void tl_stray_move(void)
{'
check "a function in another room is found" spoiled functions_stand_by_their_headers \
    src/base/stray.h 'void tl_stray_move(void);' src/run/stray.c 'void tl_stray_move(void)
{'
end_cases
