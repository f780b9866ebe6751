#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the manuals: their lint, and that telar(1) has the options and arguments of --help for every
# command.
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
# No line may be wider than the page, and no table may be torn apart.
fits() { groff -mdoc -Tutf8 -rLL=78n -ww "$1" 2>&1 >/dev/null | { ! grep -E "break line|adjust"; }; }
clean() { ! mandoc -Tlint -Wwarning "$1" | grep -v 'outdated mandoc.db'; }

for command in run info transforms galaxy bench demo-faults doctor; do
    check "the manual has the options of $command, and their arguments" same_options $command
done
for code in 0 1 2 3 4 5 6 7; do
    check "the manual lists exit code $code" grep -qx ".It $code" "$manual"
done
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
