#!/bin/sh
# SPDX-License-Identifier: MIT
# What README.md shows can be done as it stands there. Its C program is tested by test_install.sh.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
readme=$srcdir/README.md
PATH=$PWD:$PATH

# The commands below the picture make the picture. Both go through the same encoder, so that bytes compare pixels.
same_picture()
{
    sed -n '/^!.*quadrants.png/,/^## /{/^```sh$/,/^```$/{/^```/d;p}}' "$readme" >"$work/commands"
    grep -q '^telar run .*quadrants.png$' "$work/commands" || { echo "no commands"; return 1; }
    (cd "$work" && sh -e commands) || return 1
    "$telar" run -t copy "$work/quadrants.png" "$work/made.png" || return 1
    "$telar" run -t copy "$srcdir/doc/quadrants.png" "$work/shown.png" || return 1
    cmp "$work/made.png" "$work/shown.png"
}

# The lists of what is missing without tools/setup.sh agree with it.
packages()
{
    awk '/^(build|test) / { print $2 }' "$srcdir/tools/setup.sh" | while read -r package; do
        grep -q "[\` ]$package[\` ]" "$readme" || echo "README.md does not name $package"
    done >"$work/unnamed"
    ! grep . "$work/unnamed"
}

check "the picture is what its commands make" same_picture
check "the packages are those of tools/setup.sh" packages
end_cases
