#!/bin/sh
# SPDX-License-Identifier: MIT
# Each dangerous thing has one owner: the table in src/README.md says which, and no other file may have it. In the
# table's first column `name` is a function that is called, `NAME` a macro, `<name.h>` a header.
. "$(dirname "$0")/../support/cases.sh"

# "thing file.c,file.c" for each thing.
table()
{
    awk -F'|' '
        /^\| *thing *\| *owner *\|/ { inside = 1; next }
        inside && !/^\|/ { exit }
        inside && $2 ~ /`/ {
            gsub(/[` ]/, "", $3)
            n = split($2, part, "`")
            for (i = 2; i <= n; i += 2)
                print part[i], $3
        }' "$srcdir/src/README.md"
}

# The file without comments and strings, which may name what the code may not.
code()
{
    comment='/\*([^*]|\*+[^*/])*\*+/|//[^\n]*'
    string='"(\\.|[^"\\\n])*"'
    character="'([\\\\].|[^'\\\\])'"
    sed -Ez "s@$comment|$string|$character@ @g" "$1"
}

pattern()
{
    case $1 in
    '<'*'>') echo "^[[:space:]]*#[[:space:]]*include[[:space:]]*$1" ;;
    *[a-z]*) echo "(^|[^A-Za-z0-9_.>])$1[[:space:]]*\\(" ;;
    *) echo "\\b$1\\b" ;;
    esac
}

owned()
{
    status=0
    for path in $(grep -lE "$(pattern "$1")" "$work"/code/*); do
        file=$(basename "$path")
        case ,$2, in
        *,"$file",*) ;;
        *) echo "$1 stands in $file; its owner is $2"; status=1 ;;
        esac
    done
    return $status
}

mkdir "$work/code"
for file in "$srcdir"/src/*/*.[ch] "$srcdir"/tools/*.c "$srcdir"/tools/*/*.c; do
    [ ! -e "$file" ] || code "$file" >"$work/code/$(basename "$file")" || exit 99
done
table >"$work/table"
while read -r thing owners; do
    check "$thing only in $owners" owned "$thing" "$owners"
done <"$work/table"
end_cases
