#!/bin/sh
# make install into a DESTDIR, and programs of other people that find the library there through pkg-config.
. "$(dirname "$0")/cases.sh"

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

needs_soname()
{
    readelf -d "$work/shared" | grep -q 'NEEDED.*\[libtelar\.so\.0\]'
}

check "make install with DESTDIR" install
check "every header is there" diff -r "$srcdir/include/telar" "$includedir/telar"
check "a program with the shared library" consumer shared $(telar_flags)
check "it asks for libtelar.so.0" needs_soname
check "a program with the static library, all of it static" consumer static $(telar_flags --static) -static
end_cases
