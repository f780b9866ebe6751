#!/bin/sh
# SPDX-License-Identifier: MIT
# Each C file is as clang-format 14 makes it by .clang-format (100 columns), and each file of code or manual says its license in
# an SPDX line. Another version of clang-format makes another form, so without version 14 the first part is skipped.
. "$(dirname "$0")/../support/cases.sh"

# The files of DIRECTORY... whose names match one of -name patterns. The headers of an old release stay as they were.
files()
{
    (cd "$srcdir" && find src include tools tests doc -path tests/support/telar-0.1.0 -prune -o -type f \( "$@" \) -print) | sort
}

# The name of a clang-format of version 14, or nothing.
formatter()
{
    for name in clang-format clang-format-14; do
        case $("$name" --version 2>/dev/null) in
        *"version 14."*) echo "$name"; return ;;
        esac
    done
}

# No name of a file has a blank.
have_form() { (cd "$srcdir" && "$format" --style=file --dry-run --Werror "$@"); }

have_licenses()
{
    (cd "$srcdir" && awk 'FNR <= 5 && /SPDX-License-Identifier: MIT/ { has[FILENAME] }
        END { for (i = 1; i < ARGC; i++) if (!(ARGV[i] in has)) { print ARGV[i] " has no SPDX line"; bad = 1 }; exit bad }' "$@")
}

format=$(formatter)
if [ -z "$format" ]; then
    skip "form of C files" "there is no clang-format of version 14"
elif [ ! -e "$srcdir/.clang-format" ]; then
    skip "form of C files" "there is no .clang-format"
else
    check "form of C files" have_form $(files -name '*.c' -o -name '*.h')
fi
check "licenses" have_licenses $(files -name '*.[ch137]' -o -name '*.sh' -o -name '*.py') Makefile.am configure.ac \
    $(cd "$srcdir" && grep -rlI '^#!' tools tests)
end_cases
