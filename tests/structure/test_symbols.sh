#!/bin/sh
# SPDX-License-Identifier: MIT
# Names that leave a file: the shared library exports telar_* and nothing else, each of them declared in a public
# header; between files of the library only telar_* and tl_* are used.
. "$(dirname "$0")/../support/cases.sh"

# AddressSanitizer adds a marker beside each global variable.
defined()
{
    $NM "$@" --defined-only 2>/dev/null | awk 'NF == 3 && $3 !~ /^__odr_asan/ { print $3 }' | sort -u
}

only()
{
    strangers=$(grep -vE "$1" "$2")
    [ -s "$2" ] && [ -z "$strangers" ] || { echo "${strangers:-no name at all}"; return 1; }
}

declared()
{
    grep -oh '\btelar_[a-z0-9_]* *(' "$srcdir"/include/telar/*.h | tr -d ' (' | sort -u >"$work/declared"
    strangers=$(comm -23 "$1" "$work/declared")
    [ -z "$strangers" ] || { echo "$strangers"; return 1; }
}

defined .libs/libtelar.a -g >"$work/static"
check "between files: telar_* and tl_*" only '^(telar|tl)_' "$work/static"
if [ -e .libs/libtelar.so ]; then
    defined .libs/libtelar.so -D >"$work/shared"
    grep '^telar_' "$work/static" >"$work/public"
    check "exported: telar_*" only '^telar_' "$work/shared"
    check "exported: declared in a public header" declared "$work/shared"
    check "exported: every telar_* of the library" cmp "$work/shared" "$work/public"
else
    skip "exported" "the shared library was not built"
fi
end_cases
