# SPDX-License-Identifier: MIT
# cli.sh - sourced by the tests of the command line, after cases.sh. Runs the program that was just built.
# The tests call it by a link in $work. Many cases are texts for another shell, and the path of $work needs no quotes there;
# the path of the build directory may have blanks.
[ -x "$PWD/telar" ] || { echo "no program $PWD/telar" >&2; exit 99; }
telar=$work/telar
ln -s "$PWD/telar" "$telar" || exit 99
status= # of the last command that `try` ran

# try COMMAND...: leaves its exit status in $status, what it wrote in $work/out and $work/err.
try()
{
    "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}

# The last command failed as a failure must: this status, one line for people, no data.
refused()
{
    [ "$status" = "$1" ] || { echo "status $status, not $1"; cat "$work/err"; return 1; }
    [ "$(wc -l <"$work/err")" = 1 ] || { echo "not one line:"; cat "$work/err"; return 1; }
    grep -q '^telar: ' "$work/err" || { echo "not telar's line:"; cat "$work/err"; return 1; }
    [ ! -s "$work/out" ] || { echo "data on standard output"; return 1; }
}

# says TEXT: the last command's line has this in it.
says()
{
    grep -qF -- "$1" "$work/err" || { echo "without '$1':"; cat "$work/err"; return 1; }
}

# wrong STATUS TEXT COMMAND...: a command that must be refused, in words with TEXT in them.
wrong()
{
    wrong_status=$1 wrong_text=$2
    shift 2
    try "$@"
    refused "$wrong_status" && says "$wrong_text"
}

# right COMMAND...: a command that must do its work without a word.
right()
{
    try "$@"
    silent
}

# The last command did its work without a word.
silent()
{
    [ "$status" = 0 ] || { echo "status $status"; cat "$work/err"; return 1; }
    [ ! -s "$work/err" ] || { echo "not silent:"; cat "$work/err"; return 1; }
}

# octal ESCAPES...: bytes, as printf spells them.
octal()
{
    # the format is the data
    printf "$@"
}
