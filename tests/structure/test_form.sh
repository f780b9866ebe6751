#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests that each C file has the form that clang-format 14 gives it by .clang-format (100 columns).
# Each file of code or manual must name its license in an SPDX line. Other versions of clang-format
# give another form, so without version 14 the first part is skipped.
. "$(dirname "$0")/../support/cases.sh"

# files EXPRESSION...: prints the files that match find's expression, without tests/support/telar-0.1.0. The headers stored
# there are those of builds before 0.1.0. They stay as they were.
files()
{
    (cd "$srcdir" && find src include tools tests doc -path tests/support/telar-0.1.0 -prune -o -type f \( "$@" \) -print) | sort
}

# Prints the name of a clang-format of version 14, or nothing.
formatter()
{
    for name in clang-format clang-format-14; do
        case $("$name" --version 2>/dev/null) in
        *"version 14."*) echo "$name"; return ;;
        esac
    done
}

# have_form FILE...: no file name contains a blank.
have_form() { (cd "$srcdir" && "$format" --style=file --dry-run --Werror "$@"); }

have_licenses()
{
    (cd "$srcdir" && awk 'FNR <= 5 && /SPDX-License-Identifier: MIT/ { has[FILENAME] }
        END { for (i = 1; i < ARGC; i++) if (!(ARGV[i] in has)) { print ARGV[i] " has no SPDX line"; bad = 1 }; exit bad }' "$@")
}

format=$(formatter)
if [ -z "$format" ]; then
    skip "every C file has the form of clang-format" "clang-format 14 is not installed"
elif [ ! -e "$srcdir/.clang-format" ]; then
    skip "every C file has the form of clang-format" ".clang-format is missing"
else
    check "every C file has the form of clang-format" have_form $(files -name '*.c' -o -name '*.h')
fi
check "every file has an SPDX line" have_licenses $(files -name '*.[ch137]' -o -name '*.sh' -o -name '*.py') Makefile.am configure.ac \
    $(cd "$srcdir" && grep -rlI '^#!' tools tests)
end_cases
