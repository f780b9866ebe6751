#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests a host that runs out of a resource, at every rung. The picture must be right, or one line
# must name the missing resource. The old output stays. No name in /dev/shm, no file and no process
# is left.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
in=$work/in.png right=$work/right.png
"$telar" galaxy --size=600x800 "$in" && "$telar" run -e serial -t blur:sigma=1 "$in" "$right" || exit 99
# Prints the names of segments. Runs of other programs may have a name for a moment, so only a name
# that stays was left.
names() { ls /dev/shm | grep -E '^telar-[0-9]+-[0-9]+-[0-9a-f]{16}$'; }
left_names() { names | grep -vxF "$shm_before" >"$work/names" && sleep 1 && names | grep -xF -f "$work/names"; }
shm_before=$(names)

# nothing_left DIRECTORY: a run that wrote out.png there must have left nothing else.
nothing_left()
{
    [ "$(ls -A "$1")" = out.png ] || { echo "the directory holds: $(ls -A "$1")"; return 1; }
    ! left_names || { echo "these names are left in /dev/shm"; return 1; }
    ! pgrep -f "$telar run .* $1/out.png" || { echo "processes are left"; return 1; }
}

# kept_word DIRECTORY STATUSES COMMAND...: there is an old output. The command must give the right
# picture, or one of STATUSES and the old output.
kept_word()
{
    directory=$1 statuses=$2
    shift 2
    mkdir -p "$directory" && echo before >"$directory/out.png"
    try timeout 60 "$@"
    if [ "$status" = 0 ]; then
        cmp "$directory/out.png" "$right" || return 1
    else
        case " $statuses " in *" $status "*) ;; *) echo "exit status $status"; cat "$work/err"; return 1 ;; esac
        refused "$status" && [ "$(cat "$directory/out.png")" = before ] || { cat "$work/err"; return 1; }
    fi
    nothing_left "$directory"
}

# rung_options RUNG: prints the options of telar run for this rung.
rung_options() { case $1 in threads) echo "-e threads" ;; *) echo "-i $1" ;; esac; }

# with_descriptors N RUNG
# shellcheck disable=SC2016
with_descriptors()
{
    kept_word "$work/fds" "4 5 7" sh -c 'ulimit -n "$1" && shift && exec "$@"' sh "$1" "$telar" run -j 2 $(rung_options "$2") \
        -t blur:sigma=1 "$in" "$work/fds/out.png"
}
any_number_of_descriptors()
{
    for n in 4 5 6 7 8 9 10 11 12 13 14 16 18 20; do
        with_descriptors $n "$1" || { echo "with $n descriptors"; return 1; }
    done
}

# The message names the limit and the size that is enough for the segment: with that size the run succeeds.
file_size_limit()
{
    mkdir -p "$work/fsize" && echo before >"$work/fsize/out.png" || return 1
    wrong 4 "limit on the size of files" prlimit --fsize=4096 "$telar" run -j 2 $(rung_options "$1") -t blur:sigma=1 "$in" "$work/fsize/out.png" \
        && [ "$(cat "$work/fsize/out.png")" = before ] && nothing_left "$work/fsize" || return 1
    enough=$(sed -n 's/.*--fsize=\([0-9]*\)).*/\1/p' "$work/err")
    right prlimit --fsize="$enough" "$telar" run -j 2 $(rung_options "$1") -t blur:sigma=1 "$in" "$work/fsize/out.png" \
        && cmp "$work/fsize/out.png" "$right" && nothing_left "$work/fsize"
}

# with_processes N RUNG: runs as a user who may have N processes. root has no such limit.
with_processes()
{
    chmod 777 "$work/processes" && chmod 666 "$work/processes/out.png" || return 1
    kept_word "$work/processes" 4 $as_nobody prlimit --nproc="$1" "$telar" run -j 2 $(rung_options "$2") -t blur:sigma=1 "$in" \
        "$work/processes/out.png"
}
any_number_of_processes()
{
    mkdir -p "$work/processes"
    for n in 1 2 3 4; do
        rm -f "$work/processes/out.png" && : >"$work/processes/out.png"
        with_processes $n "$1" || { echo "with $n processes"; return 1; }
        [ $n != 1 ] || [ $status = 4 ] || { echo "exit status $status instead of 4 where no process can be made"; return 1; }
    done
    [ $status = 0 ] || { echo "the run failed with $n processes"; return 1; }
}

# A stop and a continue interrupt the system calls of a worker. The run must still succeed.
storm_of_stops()
{
    mkdir -p "$work/stops" && echo before >"$work/stops/out.png"
    "$telar" run -j 2 $(rung_options "$1") -t blur:sigma=40 "$in" "$work/stops/out.png" >"$work/out" 2>"$work/err" &
    run=$!
    while kill -0 $run 2>/dev/null; do
        pkill -STOP -f "^$telar run .*$work/stops/out.png"
        pkill -CONT -f "^$telar run .*$work/stops/out.png"
    done
    wait $run || { echo "exit status $?"; cat "$work/err"; return 1; }
    "$telar" run -e serial -t blur:sigma=40 "$in" "$work/stops-right.png" && cmp "$work/stops/out.png" "$work/stops-right.png"
    nothing_left "$work/stops"
}

# in_mounts SCRIPT...: runs the script in its own mount namespace.
in_mounts() { unshare $unshare_options sh -c "$@"; }
unshare_options=
for options in -m -rm; do
    # shellcheck disable=SC2086
    [ -n "$unshare_options" ] || ! unshare $options sh -c "mount -t tmpfs tmpfs '$work'" 2>/dev/null || unshare_options=$options
done

# full_disk RUNG OPTIONS: writes to a disk without room for the picture. The old output is on that
# disk.
# shellcheck disable=SC2016
full_disk()
{
    mkdir -p "$work/disk"
    try timeout 60 unshare $unshare_options sh -c '
        mount -t tmpfs -o "$1" tmpfs "$0" && shift && echo before >"$0/out.png" || exit 99
        "$@" "$0/out.png"
        status=$?
        [ "$(cat "$0/out.png"; ls -A "$0")" = "before
out.png" ] || { echo "the old output changed, or another file is left"; exit 98; }
        exit $status' "$work/disk" "$2" "$telar" run -j 2 $(rung_options "$1") -t blur:sigma=1 "$in"
    refused 7 && says "No space left on device"
}
# shellcheck disable=SC2016
read_only_directory()
{
    mkdir -p "$work/ro"
    try timeout 60 unshare $unshare_options sh -c '
        mount -t tmpfs tmpfs "$0" && echo before >"$0/out.png" && mount -o remount,bind,ro "$0" || exit 99
        "$@" "$0/out.png"
        status=$?
        [ "$(cat "$0/out.png")" = before ] || exit 98
        exit $status' "$work/ro" "$telar" run -j 2 $(rung_options "$1") -t blur:sigma=1 "$in"
    refused 7 && says "Read-only file system"
}
# /dev/shm has no free byte, so the run must use a memfd.
# shellcheck disable=SC2016
full_shm()
{
    mkdir -p "$work/shm" && echo before >"$work/shm/out.png"
    try timeout 60 unshare $unshare_options sh -c '
        mount -t tmpfs -o size=1m tmpfs /dev/shm && ! head -c 2m /dev/zero >/dev/shm/full 2>/dev/null || exit 99
        "$@" && [ "$(ls -A /dev/shm)" = full ]' sh "$telar" run -j 2 $(rung_options "$1") -t blur:sigma=1 "$in" "$work/shm/out.png"
    silent && cmp "$work/shm/out.png" "$right" && nothing_left "$work/shm"
}
device_full() { wrong 7 "No space left on device" "$telar" run -j 2 $(rung_options "$1") -t blur:sigma=1 "$in" /dev/full; }

as_nobody='' why_not='only root can become a user without other processes, with setpriv and prlimit'
if grep -q '^#define TL_SANITIZED' config.h; then
    why_not='a sanitizer has threads of its own'
elif [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && command -v prlimit >/dev/null; then
    as_nobody='setpriv --reuid=61235 --regid=61235 --clear-groups'
    chmod 755 "$work"
    # Through prlimit, as in the cases: setpriv itself keeps root's capabilities until it starts a program.
    $as_nobody prlimit --nproc=100 "$telar" info "$in" >/dev/null 2>&1 || as_nobody='' why_not='another user cannot read the program here'
fi

for rung in threads shared guarded sandboxed; do
    if [ $rung = sandboxed ] && ! "$telar" run -i sandboxed -t copy "$in" "$work/probe.png" 2>"$work/why"; then
        skip "missing resources at sandboxed" "$(cat "$work/why")"
        continue
    fi
    if command -v prlimit >/dev/null; then
        check "a limit on the size of files at $rung is named" file_size_limit $rung
    else
        skip "a limit on the size of files at $rung" "prlimit is not installed"
    fi
    check "few descriptors at $rung give the picture or one line" any_number_of_descriptors $rung
    if [ -n "$as_nobody" ]; then
        check "few processes at $rung give the picture or one line" any_number_of_processes $rung
    else
        skip "few processes at $rung give the picture or one line" "$why_not"
    fi
    check "frequent stops of the workers at $rung" storm_of_stops $rung
    check "/dev/full as output at $rung" device_full $rung
    if [ -z "$unshare_options" ]; then
        skip "full disks at $rung" "unshare -m or mount is not permitted here"
        continue
    fi
    check "a full disk at $rung" full_disk $rung size=64k
    check "a disk without inodes at $rung" full_disk $rung nr_inodes=2
    check "a read-only directory at $rung" read_only_directory $rung
    check "a full /dev/shm at $rung" full_shm $rung
done
end_cases
