# SPDX-License-Identifier: MIT
# Prints "FILE declares NAME" or "FILE defines NAME" for each telar_* and tl_* function that other
# files can see. The C code must have the form of clang-format, where each outermost declaration
# begins in the first column.
function finish()
{
    if (text !~ /^(static|typedef) / && match(text, /[ *](telar|tl)_[a-z0-9_]+\(/))
        print FILENAME, text ~ /;[ ]*$/ ? "declares" : "defines", substr(text, RSTART + 1, RLENGTH - 2)
    text = ""
}
FNR == 1 { text = ""; in_comment = 0 }
{
    line = $0
    if (in_comment) {
        if (!sub(/^.*\*\//, "", line))
            next
        in_comment = 0
    }
    gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, "", line)
    if (sub(/\/\*.*$/, "", line))
        in_comment = 1
}
text == "" && (line !~ /^[A-Za-z_]/ || line ~ /^extern "C"/) { next }
{ text = text line " " }
text ~ /[;{][ ]*$/ { finish() }
