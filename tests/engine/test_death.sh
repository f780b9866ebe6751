#!/bin/sh
# SPDX-License-Identifier: MIT
# Processes that die in the middle of a run, killed from outside: a worker is named with its region and cause, or another
# takes its place, the coordinator takes its workers with it, and nothing stays behind.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
in=$work/in.png out=$work/dir/out.png
begin_in= unshare_options=
names_before=" $(ls /dev/shm | tr '\n' ' ')"
"$telar" galaxy --size=2000x500 "$in" && mkdir "$work/dir" || exit 99

# The living processes whose parent is $1. A zombie may stay where the init process does not take it.
workers_of()
{
    awk -v parent="$1" '
        FNR == 1 { zombie = 0 }
        /^State:/ { zombie = $2 == "Z" }
        /^PPid:/ && $2 == parent && !zombie { split(FILENAME, part, "/"); print part[3] }
    ' /proc/[0-9]*/status 2>/dev/null
}

alive() { grep -q '^State:[[:space:]]*[^Z]' "/proc/$1/status" 2>/dev/null; }

# A worker that has computed so long, in hundredths of a second, is at the blur and not at the decoding, which takes a
# hundredth of it.
enough=10
! grep -q '^#define TL_SANITIZED' config.h || enough=50

at_work()
{
    # field 14 of stat is the user time; the second, the name, holds no blank here
    read -r _ _ _ _ _ _ _ _ _ _ _ _ _ user _ 2>/dev/null <"/proc/$1/stat" && [ "$user" -ge $enough ]
}

# begin N OPTION...: starts a run that takes long, in the surroundings of $begin_in, and waits until it has N workers, of which the last is at work.
begin()
{
    n=$1
    shift
    echo "the old output" >"$out"
    eval "exec $begin_in" '"$telar" run -j "$n" "$@" -t blur:sigma=300 "$in" "$out"' >/dev/null 2>"$work/err" &
    run=$!
    for look in $(seq 1200); do
        workers=$(workers_of $run)
        last=${workers##*[!0-9]}
        [ "$(echo "$workers" | wc -w)" != "$n" ] || ! at_work "$last" || return 0
        alive $run || break
        sleep 0.05
    done
    echo "there were never $n workers at work, but these:" $workers
    cat "$work/err"
    return 1
}

# Soon none of the workers lives any more.
all_gone()
{
    for look in $(seq 1200); do
        living=
        for worker in $workers; do
            ! alive "$worker" || living="$living $worker"
        done
        [ -n "$living" ] || return 0
        sleep 0.05
    done
    echo "still alive: $living"
    return 1
}

new_names()
{
    for name in $(ls /dev/shm | grep -E "^telar-[0-9]+-[0-9]+-[0-9a-f]{16}$"); do
        case $names_before in *" $name "*) ;; *) echo "/dev/shm/$name" ;; esac
    done
}

# No worker, no name in /dev/shm (another run may have one for a moment), no file beside the old output.
nothing_left()
{
    all_gone || return 1
    names=$(new_names)
    for name in $names; do
        for look in $(seq 200); do
            [ -e "$name" ] || break
            sleep 0.05
        done
        [ ! -e "$name" ] || { echo "$name is left"; return 1; }
    done
    [ "$(ls -A "$work/dir")" = out.png ] || { ls -lA "$work/dir"; return 1; }
    [ "$(cat "$out")" = "the old output" ] || { echo "the old output is gone"; return 1; }
}

# worker_dies SIGNAL STATUS TEXT OPTION...: of a single worker, which always has a region.
worker_dies()
{
    signal=$1 expected=$2 text=$3
    shift 3
    begin 1 --on-crash=fail "$@" || return 1
    kill -s "$signal" "$last"
    status=0
    wait $run || status=$?
    : >"$work/out"
    refused "$expected" && says "$in" && says "(pid $last) on region " && says "$text" && nothing_left
}

# worker_is_replaced SIGNAL TEXT OPTION...: said in one line, and the output is what it would have been.
worker_is_replaced()
{
    signal=$1 text=$2
    shift 2
    begin 2 "$@" || return 1
    kill -s "$signal" "$last"
    status=0
    wait $run || status=$?
    [ $status = 0 ] && cmp "$out" "$work/whole.png" && all_gone || { cat "$work/err"; return 1; }
    [ "$(wc -l <"$work/err")" = 1 ] && says "(pid $last) on " && says "$text"
}

# The regions take so long that a worker which only finds its socket closed at the end of one would be seen.
coordinator_dies()
{
    begin 3 -g 3x1 -t blur:sigma=300 -t blur:sigma=300 -t blur:sigma=300 || return 1
    kill -s "$1" $run
    wait $run 2>/dev/null
    nothing_left
}

# Where files without a name cannot be had, which telar asks /proc for, the unfinished output has one.
interrupted()
{
    # what $-words are for the inner shell
    # shellcheck disable=SC2016
    begin_in="unshare $unshare_options sh -c 'mount -t tmpfs tmpfs /proc && exec \"\$0\" \"\$@\"'"
    begin 2 || return 1
    begin_in=
    ls -A "$work/dir" | grep -q "^\.out\.png\.telar-" || { echo "there is no unfinished output"; return 1; }
    kill -s "$1" $run
    status=0
    wait $run 2>/dev/null || status=$?
    [ $status = "$2" ] || { echo "status $status"; return 1; }
    nothing_left
}

isolations='shared guarded'
if "$telar" run -q -i sandboxed -t copy "$in" "$work/tried.png" 2>"$work/refusal"; then
    isolations="$isolations sandboxed"
else
    skip "the death of a sandboxed worker" "$(cat "$work/refusal")"
fi
for isolation in $isolations; do
    for signal in KILL SEGV BUS TERM; do
        check "SIG$signal for a $isolation worker" worker_dies $signal 5 "SIG$signal" -i $isolation
    done
done
"$telar" run -q -t blur:sigma=300 "$in" "$work/whole.png" || exit 99
for signal in KILL SEGV; do
    check "SIG$signal for a guarded worker, which is replaced" worker_is_replaced $signal "SIG$signal"
done
check "SIGKILL for a shared worker: all is done again" worker_is_replaced KILL "SIGKILL" -i shared --on-crash=retry
# Regions of a row, so that only the one that stands still reaches the limit.
check "SIGSTOP for a worker, and a time limit" worker_dies STOP 6 "time limit of 3" -g 2000x1 --timeout=3
# Under nohup(1), SIGHUP is ignored by telar too, as it should be.
hup=HUP
if [ $((0x$(sed -n 's/^SigIgn:[^0-9a-f]*//p' /proc/self/status) & 1)) = 1 ]; then
    hup=
    skip "SIGHUP" "it is ignored here"
fi
for signal in KILL TERM $hup; do
    check "SIG$signal for the coordinator" coordinator_dies $signal
done
for options in -m -rm; do
    [ -n "$unshare_options" ] || ! unshare $options sh -c 'mount -t tmpfs tmpfs /proc' 2>/dev/null || unshare_options=$options
done
if grep -q '^#define TL_SANITIZED' config.h; then
    skip "an interrupt with a named file" "sanitizers need /proc"
elif [ -z "$unshare_options" ]; then
    skip "an interrupt with a named file" "unshare -m or mount is not permitted here"
else
    check "SIGTERM leaves no named file" interrupted TERM 143
    [ -z "$hup" ] || check "SIGHUP leaves no named file" interrupted HUP 129
fi
end_cases
