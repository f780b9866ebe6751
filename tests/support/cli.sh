# SPDX-License-Identifier: MIT
# cli.sh - the tests of the command line source this file after cases.sh. They run the program of
# this build directory, by a link in $work. Many cases are texts for another shell. The path of
# $work needs no quotes there, but the path of the build directory may have blanks.
[ -x "$PWD/telar" ] || { echo "there is no program $PWD/telar" >&2; exit 99; }
telar=$work/telar
ln -s "$PWD/telar" "$telar" || exit 99
status= # exit status of the last command that `try` ran

# try COMMAND...: runs the command. Its exit status goes to $status, its output to $work/out and
# $work/err.
try()
{
    "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
}

# refused STATUS: the last command must have failed with this status, one line of text, and no data.
refused()
{
    [ "$status" = "$1" ] || { echo "exit status $status instead of $1"; cat "$work/err"; return 1; }
    [ "$(wc -l <"$work/err")" = 1 ] || { echo "expected one line of text:"; cat "$work/err"; return 1; }
    grep -q '^telar: ' "$work/err" || { echo "the line does not begin with 'telar: ':"; cat "$work/err"; return 1; }
    [ ! -s "$work/out" ] || { echo "the failed command wrote data to standard output"; return 1; }
}

# says TEXT: the line of the last command must contain this text.
says()
{
    grep -qF -- "$1" "$work/err" || { echo "'$1' is missing in:"; cat "$work/err"; return 1; }
}

# wrong STATUS TEXT COMMAND...: the command must be refused with this status and text.
wrong()
{
    wrong_status=$1 wrong_text=$2
    shift 2
    try "$@"
    refused "$wrong_status" && says "$wrong_text"
}

# right COMMAND...: the command must succeed and print no message.
right()
{
    try "$@"
    silent
}

# silent: the last command must have succeeded without a message.
silent()
{
    [ "$status" = 0 ] || { echo "exit status $status"; cat "$work/err"; return 1; }
    [ ! -s "$work/err" ] || { echo "unexpected message:"; cat "$work/err"; return 1; }
}

# to_closed_pipe COMMAND...: runs the command with its output to a pipe whose reader is gone. The exit
# status goes to $status and to $work/status, messages go to $work/err.
to_closed_pipe()
{
    rm -f "$work/closed" && mkfifo "$work/closed" || return 1
    : <"$work/closed" &
    exec 8>"$work/closed" # returns when the reader has opened it
    wait $!
    status=0
    "$@" 2>"$work/err" >&8 8>&- || status=$?
    exec 8>&-
    echo $status >"$work/status"
}

# octal ESCAPES...: prints the bytes that printf's escapes stand for.
octal()
{
    # the argument is meant to be the format
    printf "$@"
}
