#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests make install with a DESTDIR. Programs outside this tree must find the library there through
# pkg-config.
. "$(dirname "$0")/../support/cases.sh"

destination=$work/destination

# directory NAME: prints the installed directory, as telar.pc in the build directory gives it.
directory()
{
    echo "$destination$(PKG_CONFIG_PATH=. pkg-config --variable="$1" telar)"
}
libdir=$(directory libdir) includedir=$(directory includedir)
export PKG_CONFIG_PATH="$libdir/pkgconfig" LD_LIBRARY_PATH="$libdir"

telar_flags()
{
    pkg-config --define-variable=libdir="$libdir" --define-variable=includedir="$includedir" "$@" --cflags --libs telar
}

# Reads an image that does not exist. This call needs the PNG code, and so every library that telar
# needs.
cat >"$work/consumer.c" <<'END'
#include <stdio.h>
#include <telar/telar.h>

int main(void)
{
    struct telar_error error;
    struct telar_info info;
    telar_status status = telar_info_read("absent.png", NULL, &info, &error);

    printf("%s %s\n", telar_version(), telar_status_name(status));
    return status != TELAR_INPUT;
}
END

# Runs in a subshell, because a make that runs this test must not pass its own flags on.
install()
{
    (unset MAKEFLAGS MFLAGS && ${MAKE:-make} -s install "DESTDIR=$destination")
}

# consumer NAME OPTION...: compiles and runs the program. Its version must be that of telar.pc.
consumer()
{
    name=$1
    shift
    $CC -std=c11 "$work/consumer.c" -o "$work/$name" "$@" || return 1
    [ "$("$work/$name")" = "$(sed -n 's/^Version: //p' telar.pc) input" ]
}

# example NAME: compiles $work/NAME.c with all warnings, and runs it in the directory of galaxy.png.
example()
{
    [ -s "$work/$1.c" ] || { echo "the document shows no program"; return 1; }
    $CC -std=c11 -Wall -Wextra -Werror "$work/$1.c" -o "$work/$1" $(telar_flags) || return 1
    (cd "$work" && "./$1")
}

# Extracts the programs that the documents show.
sed -n '/^```c$/,/^```$/{/^```/d;p}' "$srcdir/README.md" >"$work/readme.c"
sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./d;p}' "$srcdir/doc/libtelar.3" >"$work/manual.c"

readme_example()
{
    example readme || return 1
    ./telar run -e serial -t invert "$work/galaxy.png" "$work/expected.png" || return 1
    cmp "$work/negative.png" "$work/expected.png"
}

# The program removes everything that a threshold at its level makes black. After this threshold its
# result and the galaxy must be equal.
manual_example()
{
    example manual || return 1
    for name in galaxy stars; do
        ./telar run -t threshold:level=0.39216 "$work/$name.png" "$work/$name-threshold.png" || return 1
    done
    cmp "$work/galaxy-threshold.png" "$work/stars-threshold.png" && ! cmp -s "$work/galaxy.png" "$work/stars.png"
}

needs_soname()
{
    readelf -d "$work/shared" | grep -q 'NEEDED.*\[libtelar\.so\.0\]'
}

check "make install with DESTDIR" install
check "every public header is installed" diff -r "$srcdir/include/telar" "$includedir/telar"
check "a program builds and runs with the shared library" consumer shared $(telar_flags)
check "that program needs libtelar.so.0" needs_soname
check "a static program builds and runs with the static library" consumer static $(telar_flags --static) -static
check "telar galaxy makes the input of the examples" ./telar galaxy "$work/galaxy.png"
check "the program in README.md works" readme_example
check "the program in libtelar(3) works" manual_example
end_cases
