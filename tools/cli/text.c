/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "cli/text.h"

#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_MIN = 80 };

int text_columns(FILE *out)
{
    struct winsize size;
    int fd = fileno(out);

    if (fd < 0 || !isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col < COLUMNS_MIN)
        return COLUMNS_MIN;
    return size.ws_col;
}

void print_wrapped(FILE *out, int columns, int at, int indent, const char *text)
{
    while (*text) {
        int word = (int)strcspn(text, " \n");

        if (at > indent && at + 1 + word > columns) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        } else if (at > indent) {
            putc(' ', out);
            at++;
        }
        fwrite(text, 1, (size_t)word, out);
        at += word;
        text += word;
        text += strspn(text, " ");
        if (*text == '\n' && *++text) {
            fprintf(out, "\n%*s", indent, "");
            at = indent;
        }
    }
    putc('\n', out);
}

void text_make_plain(char *text)
{
    char *to = text;

    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        bool two = at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f;

        *to++ = two || *at < ' ' || *at == 0x7f ? '?' : (char)*at;
        at += two;
    }
    *to = '\0';
}
