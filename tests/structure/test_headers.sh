#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests that each public header compiles alone, as the first line of a file, as C11 and as C++11,
# without a warning.
. "$(dirname "$0")/../support/cases.sh"

strict="-I$srcdir/include -Wall -Wextra -Werror -pedantic -fsyntax-only"
cxx=$(command -v "${CXX:-c++}")
for header in "$srcdir"/include/telar/*.h; do
    name=telar/$(basename "$header")
    echo "#include <$name>" >"$work/alone.c"
    cp "$work/alone.c" "$work/alone.cc"
    # $CC may hold a command with options, so it is not quoted
    check "$name as C11" $CC $strict -std=c11 "$work/alone.c"
    if [ -n "$cxx" ]; then
        check "$name as C++11" "$cxx" $strict -std=c++11 "$work/alone.cc"
    else
        skip "$name as C++11" "there is no C++ compiler"
    fi
done

# The layout that programs and plug-ins of the first release rely on. The stored headers are those of builds before 0.1.0.
# Their structs for programs are others, so only the part for plug-ins is compared.
abi=$(dirname "$0")/abi.c
old=$srcdir/tests/support/telar-0.1.0/include
check "public structs have the layout of 0.1.0" $CC $strict -std=c11 "$abi"
check "the headers before 0.1.0 have that layout for plug-ins" $CC -I"$old" -std=c11 -fsyntax-only -DPLUGINS_ONLY "$abi"
telar_h_has_all()
{
    for header in "$srcdir"/include/telar/*.h; do
        name=$(basename "$header")
        [ "$name" = telar.h ] || grep -qx "#include <telar/$name>" "$srcdir/include/telar/telar.h" ||
            { echo "$name is not in telar.h"; return 1; }
    done
}
the_manual_has_all()
{
    for header in "$srcdir"/include/telar/*.h; do
        name=$(basename "$header")
        [ "$name" = telar.h ] || grep -qx "\.It In telar/$name" "$srcdir/doc/libtelar.3" ||
            { echo "$name is not in libtelar(3)"; return 1; }
    done
}
check "telar.h includes every public header" telar_h_has_all
check "libtelar(3) lists every public header" the_manual_has_all
end_cases
