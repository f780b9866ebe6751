#!/bin/sh
# SPDX-License-Identifier: MIT
# Every attempt to escape, at every rung: the table in the manual is what happens here. Inside the sandbox all are stopped.
. "$(dirname "$0")/../support/cases.sh"
manual=$srcdir/doc/telar-isolation.7

if grep -q '^#define TL_SANITIZED' config.h; then
    skip "escapes" "a sanitizer's run-time library makes system calls of its own, which the sandbox stops"
    end_cases
fi

# The rows of the manual, as "NAME|threads|shared|guarded|sandboxed".
sed -En '/^attempt  /,/^\.Ed/s/^(.{39}[^ ]?) *(open|stopped) +(open|stopped) +(open|stopped) +(open|stopped)$/\1|\2|\3|\4|\5/p' "$manual" |
    sed -E 's/ +\|/|/' >"$work/manual"
tools/dev/escapes >"$work/found" 2>"$work/summary" || [ $? = 1 ] || exit 99
tail -n +2 "$work/found" |
    sed -E 's/^(.{39}[^ ]?) *([a-z]+) +([a-z]+) +([a-z]+) +([a-z]+).*/\1|\2|\3|\4|\5/; s/ +\|/|/' >"$work/here"

# The host may lack what an attempt needs, or allow it to nobody: then a lower rung cannot show that it is open.
agree()
{
    case $1 in
    "$2") ;;
    refused | absent) [ "$2" = open ] && lacking="$lacking $3" ;;
    *) echo "$3: $1 here, $2 in the manual"; return 1 ;;
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
        skip "$name" "this host or build has no sandbox"
    else
        check "$name" row "$name" "$threads" "$shared" "$guarded" "$sandboxed" \
            "$m_threads" "$m_shared" "$m_guarded" "$m_sandboxed"
        [ -z "$lacking" ] || skip "$name at$lacking" "this host refuses it to everybody, or to this user"
    fi
done <"$work/here"
cut -d'|' -f1 "$work/here" | sort >"$work/names-here"
cut -d'|' -f1 "$work/manual" | sort >"$work/names-manual"
check "the manual has the same attempts" cmp "$work/names-here" "$work/names-manual"
check "there are at least 60" [ "$(wc -l <"$work/here")" -ge 60 ]
end_cases
