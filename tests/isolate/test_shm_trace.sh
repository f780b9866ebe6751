#!/bin/sh
# SPDX-License-Identifier: MIT
# What a student sees who traces a run: on every engine and rung the segment is opened in /dev/shm by a random name, and
# that name is removed by the next call of the same process that is not about signals. And `telar` removes the names of
# killed runs when it starts.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
in=$work/in.png
"$telar" galaxy --size=60x80 "$in" || exit 99

# traced OPTION...: the one open and the one unlink, in this order and of the same name, with nothing of files in between.
traced()
{
    # sanitizers cannot look for leaks in a traced process
    ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -e trace=%file,desc,memory -o "$work/log" \
        "$telar" run -q -j 2 "$@" -t blur:sigma=1 "$in" "$work/out.png" || return 1
    grep -A1 '/dev/shm/telar-' "$work/log" >"$work/shm"
    pattern='[0-9]+ +openat\(AT_FDCWD, "/dev/shm/(telar-[0-9]+-[0-9]+-[0-9a-f]{16})", O_RDWR\|O_CREAT\|O_EXCL\|O_NOFOLLOW\|O_CLOEXEC, 0600\) = [0-9]+'
    name=$(sed -nE "s%^$pattern\$%\\1%p" "$work/shm")
    [ "$(echo "$name" | wc -w)" = 1 ] || { echo "not one shm_open:"; cat "$work/shm"; return 1; }
    sed -n 2p "$work/shm" | grep -qE "unlink(at)?\((AT_FDCWD, )?\"/dev/shm/$name\"(, 0)?\) += 0" || { cat "$work/shm"; return 1; }
    [ "$(grep -c "$name" "$work/log")" = 2 ] || { echo "the name is used again:"; grep "$name" "$work/log"; return 1; }
}

if ! strace -qq -o "$work/log" true 2>"$work/refusal"; then
    skip "the calls that a trace shows" "strace is not installed, or may not trace here: $(head -n 1 "$work/refusal")"
elif [ ! -w /dev/shm ]; then
    skip "the calls that a trace shows" "there is no /dev/shm to write to"
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

# The process of this name is gone: a shell that has ended. Other programs named telar may start beside this test and
# remove the name first, so the count that doctor tells is not looked at.
left_name_goes()
{
    left=/dev/shm/telar-$(sh -c 'echo $$')-7-0123456789abcdef kept=/dev/shm/kept-telar-$$
    : >"$left" && : >"$kept" || return 1
    "$telar" doctor >"$work/out" 2>"$work/err"
    [ ! -e "$left" ] || { echo "$left is still there"; rm -f "$left" "$kept"; return 1; }
    [ -e "$kept" ] || { echo "$kept is gone"; return 1; }
    rm -f "$kept"
    grep -qE '^(ok|warn) +left names +[0-9]+ of killed runs ' "$work/out" || { cat "$work/out"; return 1; }
}
if [ -w /dev/shm ] && [ -r /proc/self/stat ]; then
    check "the name of a killed run is removed, and doctor tells of it" left_name_goes
else
    skip "the name of a killed run" "there is no /dev/shm to write to, or no /proc"
fi
end_cases
