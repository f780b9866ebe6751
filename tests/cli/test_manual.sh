#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the manuals: their lint, that telar(1) has the options and arguments of --help for every
# command, and that libtelar(3) has the functions and members of the public headers.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
manual=$srcdir/doc/telar.1

# Prints the long options of a command with their arguments, one a line: --grid=RXC.
help_options() { "$telar" "$1" --help | sed -nE 's/^  (-.,|   ) (--[^ ]+).*/\2/p' | grep -vx -e --help | tr '[:lower:]' '[:upper:]' | sort; }
# telar(1) names options in the command's part of the synopsis (.Op Fl) and in the lists of its
# section (.It Fl).
manual_options()
{
    awk -v command="$1" '
        $1 == ".Sh" { synopsis = $2 == "SYNOPSIS"; section = 0 }
        $1 == ".Ss" { section = $2 == "telar" && $3 == command }
        $1 == ".Cm" { named = $2 == command }
        $1 == ".Op" && $2 == "Fl" && synopsis && named { $1 = $2 = ""; print }
        $1 == ".It" && $2 == "Fl" && section { $1 = $2 = ""; print }
    ' "$manual" | sed -E 's/^ *//; s/^(.) , Fl //; s/ , Fl /\n/g' | sed -nE '
        s/ Ns Op (.*)/[\1]/; s/ Oo / [ /g; s/ Oc/ ] /g; :macro; s/(^| )(Ns|Ar|Cm)( |$)/ /; t macro; s/ //g; s/^-/--/p
    ' | tr '[:lower:]' '[:upper:]' | sort -u
}
same_options()
{
    help_options "$1" >"$work/in-help" && manual_options "$1" >"$work/in-manual" && [ -s "$work/in-help" ] \
        && diff "$work/in-help" "$work/in-manual"
}
# Prints "function NAME" and "STRUCT MEMBER" for all that a public header declares.
declared()
{
    cat "$1"/telar/*.h | sed -Ez 's@/\*([^*]|\*+[^*/])*\*+/@ @g; s@\\\n@ @g' | awk '
        /^#/ { next }
        /^(typedef )?struct [a-z_]+ \{/ { struct = $0; sub(/.*struct /, "", struct); sub(/ .*/, "", struct); next }
        /^\}/ { struct = "" }
        struct { text = text $0 " " }
        struct && /;/ {
            gsub(/\[[^]]*\]|\)\(.*/, "", text)
            n = split(text, part, ",")
            for (i = 1; i <= n; i++) {
                sub(/[^A-Za-z0-9_]+$/, "", part[i])
                sub(/.*[^A-Za-z0-9_]/, "", part[i])
                print struct, part[i]
            }
            text = ""
        }
        !struct && /^[a-z].*telar_[a-z_]+\(/ { match($0, /telar_[a-z_]+\(/); print "function", substr($0, RSTART, RLENGTH - 1) }
    ' | sort -u
}
# Prints the same for libtelar(3). A section of its structs may describe several.
described()
{
    awk '
        $1 == ".Sh" { functions = $2 == "FUNCTIONS"; structs = $2 == "STRUCTS"; title = "" }
        $1 == ".Ss" && structs { title = $0; gsub(/^\.Ss struct |,/, "", title) }
        functions && $1 == ".It" { for (i = 2; i <= NF; i++) if ($i ~ /^telar_/) print "function", $i }
        structs && $1 == ".It" {
            n = split(title, name, " ")
            for (i = 3; i <= NF; i++)
                for (j = 1; j <= n; j++)
                    if ($i != ",")
                        print name[j], $i
        }
    ' "$1" | sort -u
}
# has_all_of HEADERS: libtelar(3) describes all that the headers declare.
has_all_of()
{
    declared "$1" >"$work/declared" && described "$srcdir/doc/libtelar.3" >"$work/described" && [ -s "$work/declared" ] \
        && comm -23 "$work/declared" "$work/described" >"$work/absent" && cat "$work/absent" && [ ! -s "$work/absent" ]
}
# misses LINE NAME: has_all_of names what a header declares in LINE when it is added to a copy.
misses()
{
    rm -rf "$work/headers" && mkdir "$work/headers" && cp -r "$srcdir/include/telar" "$work/headers" || return 1
    sed "$1" "$srcdir/include/telar/run.h" >"$work/headers/telar/run.h"
    ! has_all_of "$work/headers" && [ "$(cat "$work/absent")" = "$2" ]
}
# No member that libtelar(3) describes has left the headers.
has_no_other()
{
    declared "$srcdir/include" | cut -d' ' -f2 | sort -u >"$work/names"
    described "$srcdir/doc/libtelar.3" | cut -d' ' -f2 | sort -u | comm -23 - "$work/names" >"$work/absent"
    cat "$work/absent" && [ ! -s "$work/absent" ]
}
# No line may be wider than the page, and no table may be torn apart.
fits() { groff -mdoc -Tutf8 -rLL=78n -ww "$1" 2>&1 >/dev/null | { ! grep -E "break line|adjust"; }; }
clean() { ! mandoc -Tlint -Wwarning "$1" | grep -v 'outdated mandoc.db'; }

for command in run info transforms galaxy bench demo-faults doctor; do
    check "the manual has the options of $command, and their arguments" same_options $command
done
for code in 0 1 2 3 4 5 6 7; do
    check "the manual lists exit code $code" grep -qx ".It $code" "$manual"
done
check "libtelar(3) has every function and member of the public headers" has_all_of "$srcdir/include"
check "libtelar(3) has no function or member that the headers lack" has_no_other
check "a new member is missed" misses 's/^    bool no_clobber;/    bool no_clobber, brand_new;/' 'telar_options brand_new'
check "a new function is missed" misses 's/^telar_status telar_run_file(/void telar_brand_new(int);\n&/' 'function telar_brand_new'
for page in telar.1 libtelar.3 telar-isolation.7; do
    if command -v mandoc >/dev/null; then
        check "mandoc reports no warning for $page" clean "$srcdir/doc/$page"
    else
        skip "the warnings of mandoc for $page" "mandoc is not installed"
    fi
    if command -v groff >/dev/null; then
        check "the lines of $page fit 78 columns" fits "$srcdir/doc/$page"
    else
        skip "the width of the lines of $page" "groff is not installed"
    fi
done
end_cases
