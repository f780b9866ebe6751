# SPDX-License-Identifier: MIT
# setup.sh - tools/demo and tools/check source it to install missing packages and to build in build/.
#     setup_install build|test     installs all that a build needs, or a build and the tests. Exits
#                                  with status 4 if that is not possible.
#     setup_build NAME [OPTION...] configures build/NAME with the options and builds it. Returns 1 on
#                                  failure.

# The list of packages: the purpose, Debian's name, and a sign that the package is installed. A sign
# is a program, a pkg-config module (NAME.pc) or a C header. While all signs are found, the package
# manager is not called.
setup_packages='
build autoconf   autoreconf
build automake   automake
build libtool    libtoolize
build make       make
build gcc        cc
build libc6-dev  stdio.h
build pkg-config pkg-config
build libpng-dev libpng.pc
build zlib1g-dev zlib.pc
build libdeflate-dev libdeflate.pc
build libseccomp-dev libseccomp.pc
test  g++        c++
test  check      check.pc
test  strace     strace
'

# Succeeds if the sign is found.
setup_has()
{
    case $1 in
    *.pc) pkg-config --exists "${1%.pc}" 2>/dev/null ;;
    *.h) echo "#include <$1>" | cc -E -x c - >/dev/null 2>&1 ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

# Sets `packages` and `signs` to those that are missing.
setup_missing()
{
    packages='' signs=''
    while read -r purpose package sign; do
        [ "$purpose" = build ] || [ "$purpose" = "$1" ] || continue
        setup_has "$sign" || { packages="$packages $package"; signs="$signs $sign"; }
    done <<<"$setup_packages"
}

# Ends the script with the missing signs and the command that installs the packages.
setup_refuse()
{
    echo "$0: $1" >&2
    echo "missing:$signs" >&2
    echo "On Debian this installs them: apt-get install$packages" >&2
    exit 4
}

setup_apt()
{
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}

setup_install()
{
    local log=build/install.log as_root=''

    setup_missing "$1"
    [ -n "$packages" ] || return 0
    command -v apt-get >/dev/null || setup_refuse "this system has no apt-get, and something is missing"
    if [ "$(id -u)" != 0 ]; then
        sudo -n true 2>/dev/null || setup_refuse "packages are missing, and there is neither root nor sudo without a password"
        as_root='sudo -n'
    fi
    echo "installing:$packages"
    # On a new system the package lists may be old or missing. They are fetched only if the install
    # fails.
    if ! setup_apt install --no-install-recommends $packages >"$log" 2>&1; then
        { setup_apt update && setup_apt install --no-install-recommends $packages; } >>"$log" 2>&1 || {
            cat "$log" >&2
            setup_refuse "apt-get failed"
        }
    fi
    setup_missing "$1"
    [ -z "$packages" ] || setup_refuse "apt-get installed the packages, and something is still missing"
}

# Configures build/NAME again from scratch if anything differs from last time: the options, the
# compiler, or the version of a library. For example, tools/demo configures without Check, and
# tools/check then installs Check.
setup_configure()
{
    local name=$1 found='' sign

    for sign in $(awk '$3 ~ /[.]pc$/ { print $3 }' <<<"$setup_packages"); do
        found="$found ${sign%.pc}=$(pkg-config --modversion "${sign%.pc}" 2>/dev/null)"
    done
    local wanted="${*:2} CC=${CC-} CFLAGS=${CFLAGS-}$found"

    [ -x configure ] || autoreconf -fi || return 1
    [ "$(cat "build/$name/wanted" 2>/dev/null)" != "$wanted" ] || return 0
    rm -rf "build/$name"
    mkdir "build/$name"
    (cd "build/$name" && ../../configure -q "${@:2}") && echo "$wanted" >"build/$name/wanted"
}

setup_build()
{
    local log=build/$1.log

    { setup_configure "$@" && make -s -C "build/$1" -j"$(nproc)"; } >"$log" 2>&1 && return 0
    cat "$log" >&2
    echo "$0: build/$1 cannot be built; the log above is $log" >&2
    return 1
}

cd "$(dirname "$0")/.." || exit 4
mkdir -p build || exit 4
