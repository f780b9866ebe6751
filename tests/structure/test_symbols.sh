#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the names that leave a file. The shared library must export telar_* only, and a public
# header must declare each of these names. Files of the library may share only telar_* and tl_*
# names.
. "$(dirname "$0")/../support/cases.sh"

# Leaves out the marker that AddressSanitizer adds beside each global variable.
defined()
{
    $NM "$@" --defined-only 2>/dev/null | awk 'NF == 3 && $3 !~ /^__odr_asan/ { print $3 }' | sort -u
}

only()
{
    strangers=$(grep -vE "$1" "$2")
    [ -s "$2" ] && [ -z "$strangers" ] || { echo "${strangers:-the library has no symbols}"; return 1; }
}

declared()
{
    grep -oh '\btelar_[a-z0-9_]* *(' "$srcdir"/include/telar/*.h | tr -d ' (' | sort -u >"$work/declared"
    strangers=$(comm -23 "$1" "$work/declared")
    [ -z "$strangers" ] || { echo "$strangers"; return 1; }
}

defined .libs/libtelar.a -g >"$work/static"
check "files share only telar_* and tl_* names" only '^(telar|tl)_' "$work/static"
if [ -e .libs/libtelar.so ]; then
    defined .libs/libtelar.so -D >"$work/shared"
    grep '^telar_' "$work/static" >"$work/public"
    check "the shared library exports only telar_* names" only '^telar_' "$work/shared"
    check "a public header declares every exported name" declared "$work/shared"
    check "the shared library exports every telar_* name" cmp "$work/shared" "$work/public"
else
    skip "exported names" "the shared library was not built"
fi
end_cases
