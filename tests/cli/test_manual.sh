#!/bin/sh
# SPDX-License-Identifier: MIT
# The manuals are clean, and that of the command tells the same options as the program.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
manual=$srcdir/doc/telar.1

# Long options, one a line, as "--name".
options() { grep -oE -- '(^|[^a-z-])--[a-z][a-z-]+' | grep -oE -- '--.*' | sort -u; }
# Lines that do not fit the page, or a table that was torn apart.
fits() { groff -mdoc -Tutf8 -rLL=78n -ww "$1" 2>&1 >/dev/null | { ! grep -E "break line|adjust"; }; }
clean() { ! mandoc -Tlint -Wwarning "$1" | grep -v 'outdated mandoc.db'; }

for command in run info transforms galaxy bench demo-faults doctor; do
    "$telar" $command --help
done >"$work/help" || exit 99
options <"$work/help" >"$work/in-help"
# what is an option in mdoc: .Fl -name
sed -E 's/Fl -([a-z])/--\1/g' "$manual" | options >"$work/in-manual"
check "the manual has all options" sh -c "! comm -23 $work/in-help $work/in-manual | grep ."
check "the manual has no other" sh -c "! comm -13 $work/in-help $work/in-manual | grep -vx -e --version"
for code in 0 1 2 3 4 5 6 7; do
    check "exit code $code" grep -qx ".It $code" "$manual"
done
for page in telar.1 libtelar.3 telar-isolation.7; do
    if command -v mandoc >/dev/null; then
        check "mandoc has nothing to complain of in $page" clean "$srcdir/doc/$page"
    else
        skip "mandoc -Tlint $page" "mandoc is not installed"
    fi
    if command -v groff >/dev/null; then
        check "the lines of $page fit 78 columns" fits "$srcdir/doc/$page"
    else
        skip "the lines of $page" "groff is not installed"
    fi
done
end_cases
