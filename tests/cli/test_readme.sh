#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests the commands of README.md as they stand there. test_install.sh tests its C program.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
readme=$srcdir/README.md
PATH=$PWD:$PATH

# The commands below the picture must make the picture. Both pictures go through the same encoder,
# so equal pixels give equal bytes.
same_picture()
{
    sed -n '/^!.*quadrants.png/,/^## /{/^```sh$/,/^```$/{/^```/d;p}}' "$readme" >"$work/commands"
    grep -q '^telar run .*quadrants.png$' "$work/commands" || { echo "README.md shows no commands"; return 1; }
    (cd "$work" && sh -e commands) || return 1
    "$telar" run -t copy "$work/quadrants.png" "$work/made.png" || return 1
    "$telar" run -t copy "$srcdir/doc/quadrants.png" "$work/shown.png" || return 1
    cmp "$work/made.png" "$work/shown.png"
}

# README.md must name every package that tools/setup.sh installs.
packages()
{
    awk '/^(build|test) / { print $2 }' "$srcdir/tools/setup.sh" | while read -r package; do
        grep -q "[\` ]$package[\` ]" "$readme" || echo "README.md does not name $package"
    done >"$work/unnamed"
    ! grep . "$work/unnamed"
}

check "the commands of README.md make its picture" same_picture
check "README.md names the packages of tools/setup.sh" packages
end_cases
