#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests hosts with little shared memory: a /dev/shm of 1 MB, a read-only one, and a control group
# with 48 MB. The run succeeds or names the missing resource in one line. The kernel must never kill
# the run.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
g=$work/g.png
"$telar" galaxy "$g" && "$telar" galaxy --size=100x100 "$work/small.png" || exit 99
"$telar" run -t invert "$g" "$work/right.png" && "$telar" run -t invert "$work/small.png" "$work/small-right.png" || exit 99

# with_shm OPTIONS COMMAND...: runs the command in its own mount namespace, with another /dev/shm.
with_shm()
{
    # the inner shell expands $0 and $@
    # shellcheck disable=SC2016
    unshare $unshare_options sh -c 'mount -t tmpfs -o "$0" tmpfs /dev/shm && exec "$@"' "$@"
}

has_backing() { with_shm "$1" sh -c "$telar run --json -t invert $3 $work/out.png" | grep -q "\"backing\": *\"$2\"" && cmp "$work/out.png" "$4"; }
leaves_no_name() { [ "$(with_shm "$1" sh -c "$telar run -t invert $g $work/out.png && ls -A /dev/shm")" = "" ]; }
keep()
{
    rm -f "$work/out.png"
    wrong 4 /dev/shm/kept with_shm size=1m "$telar" run --keep-shm=kept -t invert "$g" "$work/out.png" || return 1
    says "No space left on device" && [ ! -e "$work/out.png" ]
}
keep_leaves_nothing() { [ "$(with_shm size=1m sh -c "$telar run -q --keep-shm=kept -t invert $g $work/out.png; ls -A /dev/shm")" = "" ]; }

unshare_options=
for options in -m -rm; do
    # shellcheck disable=SC2086
    [ -n "$unshare_options" ] || ! unshare $options sh -c 'mount -t tmpfs tmpfs /dev/shm' 2>/dev/null || unshare_options=$options
done
if [ -z "$unshare_options" ]; then
    skip "a small /dev/shm" "unshare -m or mount is not permitted here"
else
    check "a picture that fits into 1 MB" has_backing size=1m shm "$work/small.png" "$work/small-right.png"
    check "a larger picture uses a memfd" has_backing size=1m memfd "$g" "$work/right.png"
    check "no name is left in a /dev/shm of 1 MB" leaves_no_name size=1m
    check "a read-only /dev/shm" has_backing ro memfd "$g" "$work/right.png"
    check "a /dev/shm without inodes" has_backing size=64m,nr_inodes=1 memfd "$g" "$work/right.png"
    check "--keep-shm names the missing space" keep
    check "--keep-shm without space leaves nothing" keep_leaves_nothing
fi

# ---- a control group with 48 MB of memory ----
# Uses version 1 or 2, whichever exists and is writable.
group=
make_group()
{
    for group in /sys/fs/cgroup/memory/telar-test.$$ /sys/fs/cgroup/telar-test.$$; do
        mkdir "$group" 2>/dev/null || continue
        for limit in memory.limit_in_bytes memory.max; do
            [ ! -e "$group/$limit" ] || ! echo 50331648 2>/dev/null >"$group/$limit" || return 0
        done
        rmdir "$group"
    done
    return 1
}
# shellcheck disable=SC2016
in_group() { sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$group" "$@"; }

if grep -q '^#define TL_SANITIZED' config.h; then
    skip "little memory" "a sanitizer needs more memory"
elif ! make_group; then
    skip "little memory" "this host does not allow a control group for memory"
else
    trap 'rmdir "$group" 2>/dev/null; rm -rf "$work"' EXIT
    "$telar" galaxy --size=3000x3000 "$work/large.png" || exit 99
    check "a picture that fits into the group" in_group "$telar" run -t invert "$g" "$work/out.png"
    check "the run in the group gives the same file" cmp "$work/out.png" "$work/right.png"
    rm "$work/out.png"
    check "a larger picture, decoded and encoded band by band" in_group "$telar" run -t invert "$work/large.png" "$work/out.png"
    rm "$work/out.png"
    check "a larger picture, through a window" in_group "$telar" run -t sobel "$work/large.png" "$work/out.png"
    rm "$work/out.png"
    check "a grid needs the whole picture, which is refused" wrong 4 "the host has" in_group "$telar" run -g 2x2 -t invert "$work/large.png" "$work/out.png"
    check "the refused run leaves no output" [ ! -e "$work/out.png" ]
fi
end_cases
