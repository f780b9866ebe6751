#!/bin/sh
# SPDX-License-Identifier: MIT
# An output that exists, and hosts that refuse a step of replacing it: the output is right, or it is as it was, with one
# exact status. Everything about the path of OUTPUT is exit 7.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
g=$work/g.png out=$work/dir/out.png
mkdir "$work/dir"
"$telar" galaxy --size=40x50 "$g" && "$telar" run -e serial -t invert "$g" "$work/right.png" || exit 99
old_output() { rm -f "$out" && echo old >"$out" && chmod 644 "$out"; }
is_old() { [ "$(cat "$out")" = old ] || { echo "the output has changed"; return 1; }; }
# In the output's directory is nothing else.
alone() { [ "$(ls -A "$work/dir")" = out.png ] || { ls -A "$work/dir"; return 1; }; }

# ---- --no-clobber, --preserve ----
new_one() { rm -f "$out" && right "$telar" run "$@" -t invert "$g" "$out" && cmp "$out" "$work/right.png" && alone; }
kept_one() { old_output && wrong 7 "is there already" "$telar" run "$@" -t invert "$g" "$out" && is_old && alone; }
for engine in "-e serial" "-e threads" "-i shared" "-i guarded"; do
    check "-n of a new file, $engine" new_one -n $engine
    check "-n of an old file, $engine" kept_one -n $engine
done
check "--no-clobber" kept_one --no-clobber
check "-n of a device" wrong 7 "is there already" "$telar" run -n -t invert "$g" /dev/null
check "-n to standard output" sh -c "$telar run -n -t invert $g - | cmp - $work/right.png"
check "without it the old file is replaced" sh -c "echo old >$out && $telar run -t invert $g $out && cmp $out $work/right.png"
preserved()
{
    rm -f "$out" && chmod "$1" "$g" && touch -d 2001-02-03T04:05:06.789 "$g" && { [ -z "$2" ] || old_output; } || return 1
    right "$telar" run -p -t invert "$g" "$out" && cmp "$out" "$work/right.png" || return 1
    [ "$(stat -c '%a %y' "$out")" = "$1 $(stat -c %y "$g")" ] || { stat "$out"; return 1; }
}
check "-p of a new file" preserved 640 ''
check "-p of an old file" preserved 604 old
chmod 644 "$g"
same_file() { cp "$g" "$work/same.png" && touch -d 2001-02-03 "$work/same.png" && right "$telar" run -p -t invert "$work/same.png" "$work/same.png" && [ "$(stat -c %Y "$work/same.png")" = "$(date -d 2001-02-03 +%s)" ]; }
check "-p of OUTPUT that is INPUT" same_file
check "-p from standard input" wrong 2 "--preserve" "$telar" run -p -t invert - "$out"
check "-p to standard output" wrong 2 "--preserve" "$telar" run -p -t invert "$g" -
check "-p to a device" wrong 7 "leave out --preserve" "$telar" run -p -t invert "$g" /dev/null
check "--no is ambiguous" wrong 2 "any of --no-clobber, --no-restart" "$telar" run --no -t invert "$g" "$out"
check "--pr is ambiguous" wrong 2 "any of --preserve, --progress" "$telar" run --pr=never -t invert "$g" "$out"

# ---- refused system calls ----
# refused_call ERRNO CALL OPTIONS...: the picture is right, or the status is the one in $status_wanted and OUTPUT is as it was.
refused_call()
{
    refused_errno=$1 refused_name=$2
    shift 2
    old_output
    try "$work/deny" "$refused_errno" "$refused_name" "$telar" run -j 2 -g 2x2 "$@" -t invert "$g" "$out"
    [ "$status" = "$status_wanted" ] || { echo "errno $refused_errno: status $status"; cat "$work/err"; return 1; }
    if [ "$status" = 0 ]; then
        cmp "$out" "$work/right.png" || return 1
    else
        refused "$status" && is_old || return 1
    fi
    alone
}
# any_errno STATUS CALL OPTIONS...
any_errno()
{
    status_wanted=$1
    shift
    for errno in 1 2 13 18 22 38 95; do
        refused_call $errno "$@" || return 1
    done
}
if ! ${CC} -I. -o "$work/deny" "$srcdir/tests/support/deny.c" -lseccomp 2>"$work/why" || ! "$work/deny" 1 swapon /bin/true; then
    skip "refused system calls" "libseccomp cannot be used here: $(head -n 1 "$work/why")"
elif grep -q '^#define TL_SANITIZED' config.h; then
    skip "refused system calls" "a sanitizer needs them"
else
    engines="serial threads shared guarded"
    if "$telar" run -i sandboxed -t copy "$g" "$work/tried.png" 2>/dev/null; then
        engines="$engines sandboxed"
    else
        skip "refused system calls at sandboxed" "there is no sandbox here"
    fi
    for engine in $engines; do
        case $engine in serial | threads) how="-e $engine" ;; *) how="-i $engine" ;; esac
        for call in linkat faccessat2 fchown fsync renameat2 statx; do
            check "$call refused, $engine" any_errno 0 $call $how
        done
        check "fchmod refused, $engine" any_errno 0 fchmod $how
        check "renameat refused, $engine" any_errno 7 renameat $how
    done
    less_rights()
    {
        old_output && try "$work/deny" 1 fchmod "$telar" run -t invert "$g" "$out"
        [ "$status" = 0 ] && says "could not keep of the file that it replaced: permissions" && [ "$(stat -c %a "$out")" = 600 ]
    }
    check "fchmod refused: fewer rights, in a line" less_rights
    for call in linkat renameat2; do
        no_clobber() { rm -f "$out"; right "$work/deny" 95 $call "$telar" run -n -t invert "$g" "$out" && cmp "$out" "$work/right.png" && alone; }
        check "-n, $call refused" no_clobber
    done
    two() { rm -f "$out"; right "$work/deny" 95 linkat "$work/deny" 22 renameat2 "$telar" run -n -t invert "$g" "$out" && cmp "$out" "$work/right.png" && alone; }
    check "-n, both refused" two
fi

# ---- mounts ----
if unshare -m sh -c "mount -t tmpfs tmpfs '$work/dir'" 2>/dev/null; then
    bound()
    {
        old_output && echo mounted >"$work/mounted"
        # shellcheck disable=SC2016
        wrong 7 "is a mount point" unshare -m sh -c 'mount --bind "$0" "$1" && shift && "$@"' "$work/mounted" "$out" "$telar" run -t invert "$g" "$out" \
            && is_old && [ "$(cat "$work/mounted")" = mounted ] && alone
    }
    check "OUTPUT is a bind mount: said before the work" bound
    # shellcheck disable=SC2016
    no_proc() { old_output && right unshare -m sh -c 'mount -t tmpfs tmpfs /proc && exec "$@"' sh "$telar" run "$@" -t invert "$g" "$out" && cmp "$out" "$work/right.png" && alone; }
    for engine in "-e serial" "-e threads" "-i shared" "-i guarded"; do
        check "no /proc, $engine" no_proc $engine
    done
else
    skip "mounts" "unshare -m or mount is not permitted here"
fi
end_cases
