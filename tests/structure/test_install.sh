#!/bin/sh
# SPDX-License-Identifier: MIT
# make install into a DESTDIR, and programs of other people that find the library there through pkg-config.
. "$(dirname "$0")/../support/cases.sh"

destination=$work/destination

# Where it goes, as telar.pc in the build directory says.
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

# Reads an image that is not there: that needs the codec, and with it what the library itself needs.
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

# Stands in a subshell because a make that runs this must not hand its own flags to another.
install()
{
    (unset MAKEFLAGS MFLAGS && ${MAKE:-make} -s install "DESTDIR=$destination")
}

# consumer NAME OPTION...: compiles, runs, and compares with what the build says its version is.
consumer()
{
    name=$1
    shift
    $CC -std=c11 "$work/consumer.c" -o "$work/$name" "$@" || return 1
    [ "$("$work/$name")" = "$(sed -n 's/^Version: //p' telar.pc) input" ]
}

# example NAME: compiles $work/NAME.c with all warnings, and runs it where galaxy.png is.
example()
{
    [ -s "$work/$1.c" ] || { echo "no program"; return 1; }
    $CC -std=c11 -Wall -Wextra -Werror "$work/$1.c" -o "$work/$1" $(telar_flags) || return 1
    (cd "$work" && "./$1")
}

# The programs that the documents show: what follows a line, up to another.
sed -n '/^```c$/,/^```$/{/^```/d;p}' "$srcdir/README.md" >"$work/readme.c"
sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./d;p}' "$srcdir/doc/libtelar.3" >"$work/manual.c"

readme_example()
{
    example readme || return 1
    ./telar run -e serial -t invert "$work/galaxy.png" "$work/expected.png" || return 1
    cmp "$work/negative.png" "$work/expected.png"
}

# What it left out is what a threshold at its level makes black: after that nobody can tell its result from the galaxy.
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
check "every header is there" diff -r "$srcdir/include/telar" "$includedir/telar"
check "a program with the shared library" consumer shared $(telar_flags)
check "it asks for libtelar.so.0" needs_soname
check "a program with the static library, all of it static" consumer static $(telar_flags --static) -static
check "a galaxy" ./telar galaxy "$work/galaxy.png"
check "the program in README.md" readme_example
check "the program in libtelar(3)" manual_example
end_cases
