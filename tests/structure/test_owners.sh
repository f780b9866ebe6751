#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests that each dangerous function, macro and header has one owner. The table in src/README.md
# names the owner. No other file may use it. In the table's first column `name` is a function that
# is called, `NAME` a macro, `<name.h>` a header.
. "$(dirname "$0")/../support/cases.sh"

# Prints "thing file.c,file.c" for each row of the table.
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

# Prints the file without comments and strings, which may name forbidden things.
code()
{
    comment='/\*([^*]|\*+[^*/])*\*+/|//[^\n]*'
    string='"(\\.|[^"\\\n])*"'
    character="'([\\\\].|[^'\\\\])'"
    sed -Ez "s@$comment|$string|$character@ @g" "$1"
}

# Uses printf, because the echo of some shells changes "\b" into another character.
pattern()
{
    case $1 in
    '<'*'>') printf '%s\n' "^[[:space:]]*#[[:space:]]*include[[:space:]]*$1" ;;
    *[a-z]*) printf '%s\n' "(^|[^A-Za-z0-9_.>])$1[[:space:]]*\\(|\\b(SYS|__NR)_$1\\b" ;;
    *) printf '%s\n' "\\b$1\\b" ;;
    esac
}

# strip_all TREE: writes each file of src, tools and include without comments and strings to
# $work/code. A file of src keeps its name in the table.
strip_all()
{
    rm -rf "$work/code"
    (cd "$1" && find src tools include -name '*.[ch]') >"$work/files"
    [ -s "$work/files" ] || return 1
    while read -r file; do
        stripped=$work/code/${file#src/}
        mkdir -p "$(dirname "$stripped")" && code "$1/$file" >"$stripped" || return 1
    done <"$work/files"
}

# owned THING OWNERS: only these files use the thing.
owned()
{
    (cd "$work/code" && grep -rlE "$(pattern "$1")" .) | sed 's,^\./,,' >"$work/having"
    status=0
    while read -r file; do
        case ,$2, in
        *,"$file",*) ;;
        *) echo "$1 stands in $file; its owner is $2"; status=1 ;;
        esac
    done <"$work/having"
    return $status
}

owners_exist()
{
    awk '{ print $2 }' "$work/table" | tr ',' '\n' | sort -u | (cd "$work/code" && while read -r file; do
        [ -e "$file" ] || { echo "the table names $file, which does not exist"; exit 1; }
    done)
}

# stray THING FILE TEXT: adds TEXT to this file in a copy of the tree. The test must find THING
# there.
stray()
{
    rm -rf "$work/copy"
    mkdir -p "$work/copy" && cp -r "$work/code" "$work/copy" || return 1
    mkdir -p "$work/copy/tree/$(dirname "$2")" "$(dirname "$work/code/${2#src/}")"
    { cat "$srcdir/$2" 2>/dev/null; printf '%s\n' "$3"; } >"$work/copy/tree/$2"
    code "$work/copy/tree/$2" >"$work/code/${2#src/}"
    ! owned "$1" "$(awk -v thing="$1" '$1 == thing { print $2 }' "$work/table")" >"$work/findings"
    found=$?
    rm -rf "$work/code" && mv "$work/copy/code" "$work/code" || return 1
    cat "$work/findings"
    [ $found = 0 ] && grep -q "^$1 stands in ${2#src/};" "$work/findings"
}

check "comments and strings can be removed" strip_all "$srcdir"
table >"$work/table"
[ -s "$work/table" ] || exit 99
check "every owner in the table is a file" owners_exist
while read -r thing owners; do
    check "only $owners uses $thing" owned "$thing" "$owners"
done <"$work/table"

check "a stray mmap by number is found" stray mmap src/engine/worker.c 'long m(void) { return syscall(SYS_mmap, 0); }'
check "a stray mmap by the kernel's number is found" stray mmap src/isolate/child.c 'long m(void) { return syscall(__NR_mmap, 0); }'
check "a stray syscall is found" stray syscall tools/cli/option.c 'long m(void) { return syscall (39); }'
check "a stray clone is found" stray clone src/run/options.c 'int m(void) { return clone(f, s, 0, 0); }'
check "a stray clone3 is found" stray clone3 tools/telar.c 'int m(void) { return syscall(SYS_clone3, 0, 0); }'
check "a stray fork in a header is found" stray fork tools/bench/bench.h 'static inline int m(void) { return fork(); }'
check "a stray fork in a public header is found" stray fork include/telar/plan.h '#define m() fork()'
check "a stray fork in a new folder is found" stray fork src/new/deep/stray.c 'int m(void) { return fork(); }'
check "a stray clock_gettime() is found" stray clock_gettime tools/dev/storm.c 'clock_gettime(CLOCK_MONOTONIC, &now);'
check "a stray <png.h> is found" stray '<png.h>' src/run/run.c '#include <png.h>'
check "a stray macro is found" stray O_TMPFILE src/run/image.c 'enum { M = O_TMPFILE };'
end_cases
