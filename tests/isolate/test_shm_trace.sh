#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests what a student sees who traces a run. On every engine and rung, one call opens the segment
# in /dev/shm by a random name. The next file call of that process removes the name. `telar` also
# removes the names of killed runs when it starts.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
in=$work/in.png
"$telar" galaxy --size=60x80 "$in" || exit 99

# traced OPTION...: runs under strace. The log must hold one open and then one unlink of the same
# name, and no file call in between.
traced()
{
    # a sanitizer cannot look for leaks in a traced process
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -e trace=%file,desc,memory -o "$work/log" \
        "$telar" run -q -j 2 "$@" -t blur:sigma=1 "$in" "$work/out.png" || return 1
    grep -A1 '/dev/shm/telar-' "$work/log" >"$work/shm"
    pattern='[0-9]+ +openat\(AT_FDCWD, "/dev/shm/(telar-[0-9]+-[0-9]+-[0-9a-f]{16})", O_RDWR\|O_CREAT\|O_EXCL\|O_NOFOLLOW\|O_CLOEXEC, 0600\) = [0-9]+'
    name=$(sed -nE "s%^$pattern\$%\\1%p" "$work/shm")
    [ "$(echo "$name" | wc -w)" = 1 ] || { echo "expected one shm_open:"; cat "$work/shm"; return 1; }
    sed -n 2p "$work/shm" | grep -qE "unlink(at)?\((AT_FDCWD, )?\"/dev/shm/$name\"(, 0)?\) += 0" || { cat "$work/shm"; return 1; }
    [ "$(grep -c "$name" "$work/log")" = 2 ] || { echo "the name is used again:"; grep "$name" "$work/log"; return 1; }
}

if ! strace -qq -o "$work/log" true 2>"$work/refusal"; then
    skip "the calls that a trace shows" "strace is not installed or may not trace here: $(head -n 1 "$work/refusal")"
elif [ ! -w /dev/shm ]; then
    skip "the calls that a trace shows" "/dev/shm is missing or not writable"
else
    for engine in serial threads gil; do
        check "$engine: shm_open, then shm_unlink" traced -e $engine
    done
    for rung in shared guarded; do
        check "$rung: shm_open, then shm_unlink" traced -i $rung
    done
    if "$telar" run -q -i sandboxed -t copy "$in" "$work/tried.png" 2>"$work/refusal"; then
        check "sandboxed: shm_open, then shm_unlink" traced -i sandboxed
    else
        skip "sandboxed: shm_open, then shm_unlink" "$(cat "$work/refusal")"
    fi
fi

# This name has the process id of a shell that has ended. Another program named telar may start at
# the same time and remove the name first. The number in doctor's line is therefore not checked.
left_name_goes()
{
    left=/dev/shm/telar-$(sh -c 'echo $$')-7-0123456789abcdef kept=/dev/shm/kept-telar-$$
    : >"$left" && : >"$kept" || return 1
    "$telar" doctor >"$work/out" 2>"$work/err"
    [ ! -e "$left" ] || { echo "$left is still there"; rm -f "$left" "$kept"; return 1; }
    [ -e "$kept" ] || { echo "$kept is gone"; return 1; }
    rm -f "$kept"
    grep -qE '^(ok|warn) +left names +(killed runs left|removed [0-9]+ that killed runs) ' "$work/out" || { cat "$work/out"; return 1; }
}
if [ -w /dev/shm ] && [ -r /proc/self/stat ]; then
    check "doctor removes and reports the name of a killed run" left_name_goes
else
    skip "the name of a killed run" "/dev/shm or /proc is missing"
fi
end_cases
