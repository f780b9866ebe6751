#!/bin/sh
# SPDX-License-Identifier: MIT
# Tests what the commands say of a file with a fault that leaves every pixel certain.
. "$(dirname "$0")/../support/cases.sh"
. "$(dirname "$0")/../support/cli.sh"
clean=$work/clean.png faulty=$work/faulty.png broken=$work/broken.png out=$work/out.png
"$telar" galaxy --size=8x9 "$clean"
# A chunk gAMA of the value 45455 follows IHDR, which ends at byte 33. Its CRC is 0, which is wrong.
{ head -c 33 "$clean"; printf '\0\0\0\4gAMA\0\0\261\217\0\0\0\0'; tail -c +34 "$clean"; } >"$faulty"
# The last byte of the CRC of the last IDAT stands before the 12 bytes of IEND.
size=$(wc -c <"$clean")
{ head -c $((size - 13)) "$clean"; printf '\1'; tail -c 12 "$clean"; } >"$broken"
"$telar" run -q -t invert "$clean" "$work/expected.png"
line="telar: $faulty: gAMA is left out: its CRC is wrong"

one_warning() { [ "$status" = 0 ] && [ "$(cat "$work/err")" = "$line" ]; }
no_output() { [ ! -e "$out" ]; }
for rung in serial threads "processes -i guarded" "processes -i sandboxed"; do
    rm -f "$out"
    try "$telar" run -e $rung -t invert "$faulty" "$out"
    if [ "$status" = 4 ] && grep -q 'no sandbox here' "$work/err"; then
        skip "a warning at $rung" "this host has no sandbox"
        continue
    fi
    check "run at $rung succeeds and prints one line" one_warning
    check "the picture at $rung is that of a file without the chunk" cmp "$work/expected.png" "$out"
done
try "$telar" run -q -t invert "$faulty" "$out"
check "-q succeeds without a line" [ "$status" = 0 -a ! -s "$work/err" ]
try "$telar" run --json -t invert "$faulty" "$out"
check "--json names the chunk" grep -q '"chunk": "gAMA"' "$work/out"
check "--json has the text of the line" grep -q '"text": "gAMA is left out: its CRC is wrong"' "$work/out"
try "$telar" run --json -t invert "$clean" "$out"
check "--json of a file without fault has no warning" sh -c "[ $status = 0 ] && ! grep -q '\"chunk\"' '$work/out'"
rm -f "$out"
check "run --strict refuses the file" wrong 3 "gAMA: its CRC is wrong" "$telar" run --strict -t invert "$faulty" "$out"
check "run --strict writes nothing" no_output
try "$telar" run --strict -t invert "$clean" "$out"
check "--strict takes a file without fault" cmp "$work/expected.png" "$out"
try "$telar" info "$faulty"
check "info shows the fault" grep -q '^  warning  *gAMA is left out: its CRC is wrong$' "$work/out"
try "$telar" info --json "$faulty"
check "info --json names the chunk" grep -q '"chunk": "gAMA"' "$work/out"
check "info --strict refuses the file" wrong 3 "gAMA: its CRC is wrong" "$telar" info --strict "$faulty"
rm -f "$out"
check "a wrong CRC of image data is refused without --strict" wrong 3 "$broken" "$telar" run -t invert "$broken" "$out"
check "the refused file leaves no output" no_output
if command -v pngcheck >/dev/null; then
    "$telar" run -q -t invert "$faulty" "$out"
    check "pngcheck refuses the faulty file" sh -c "! pngcheck -q '$faulty'"
    check "pngcheck accepts the output" pngcheck -q "$out"
else
    skip "the judgement of pngcheck" "pngcheck is not installed"
fi
end_cases
