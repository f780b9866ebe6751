#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests that the table of escape attempts in telar-isolation(7) is true on this host, at every rung.
# The sandbox must stop every attempt.
. "$(dirname "$0")/../support/cases.sh"
manual=$srcdir/doc/telar-isolation.7

if grep -q '^#define TL_SANITIZED' config.h; then
    skip "escapes" "the sandbox stops system calls of the sanitizer's run-time library"
    end_cases
fi

# Extracts the rows of the manual as "NAME|threads|shared|guarded|sandboxed".
sed -En '/^attempt  /,/^\.Ed/s/^(.{39}[^ ]?) *(open|stopped) +(open|stopped) +(open|stopped) +(open|stopped)$/\1|\2|\3|\4|\5/p' "$manual" |
    sed -E 's/ +\|/|/' >"$work/manual"
tools/dev/escapes >"$work/found" 2>"$work/summary" || [ $? = 1 ] || exit 99
tail -n +2 "$work/found" |
    sed -E 's/^(.{39}[^ ]?) *([a-z]+) +([a-z]+) +([a-z]+) +([a-z]+).*/\1|\2|\3|\4|\5/; s/ +\|/|/' >"$work/here"

# agree HERE MANUAL RUNG: compares one cell. The host may lack what an attempt needs, or refuse it
# to everybody. Then a lower rung cannot show "open", and the rung is listed as lacking.
agree()
{
    case $1 in
    "$2") ;;
    refused | absent) [ "$2" = open ] && lacking="$lacking $3" ;;
    *) echo "$3: the attempt is $1 here and $2 in the manual"; return 1 ;;
    esac
}

row()
{
    lacking=
    agree "$2" "$6" threads && agree "$3" "$7" shared && agree "$4" "$8" guarded && agree "$5" "$9" sandboxed
}

while IFS='|' read -r name threads shared guarded sandboxed; do
    IFS='|' read -r m_name m_threads m_shared m_guarded m_sandboxed <<-END
	$(grep -F "$name|" "$work/manual" | grep "^$name|")
	END
    if [ "$sandboxed" = absent ]; then
        skip "$name" "this host or this build has no sandbox"
    else
        check "$name" row "$name" "$threads" "$shared" "$guarded" "$sandboxed" \
            "$m_threads" "$m_shared" "$m_guarded" "$m_sandboxed"
        [ -z "$lacking" ] || skip "$name at$lacking" "this host refuses the attempt to everybody or to this user"
    fi
done <"$work/here"
cut -d'|' -f1 "$work/here" | sort >"$work/names-here"
cut -d'|' -f1 "$work/manual" | sort >"$work/names-manual"
check "the manual lists the same attempts" cmp "$work/names-here" "$work/names-manual"
check "at least 60 attempts are made" [ "$(wc -l <"$work/here")" -ge 60 ]
end_cases
