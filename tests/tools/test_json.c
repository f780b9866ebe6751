/* SPDX-License-Identifier: MIT */
/* Tests the output of tools/cli/json.c with a reader that is as strict as RFC 8259. With the
 * argument "-" the program judges standard input instead, for the tests of the command line. */
#include <config.h>

#include "support/suite.h"

#include "cli/json.h"

#include <math.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

/* Each function returns the position behind the item that it read. NULL means that the text is not
 * JSON. */
static const char *value(const char *at, int depth);

static const char *space(const char *at)
{
    return at ? at + strspn(at, " \t\n\r") : NULL;
}

static const char *expect(const char *at, const char *word)
{
    return at && strncmp(at, word, strlen(word)) == 0 ? at + strlen(word) : NULL;
}

static const char *digits(const char *at)
{
    size_t n = at ? strspn(at, "0123456789") : 0;

    return n ? at + n : NULL;
}

static const char *number(const char *at)
{
    if (*at == '-')
        at++;
    at = *at == '0' ? at + 1 : digits(at);
    if (at && *at == '.')
        at = digits(at + 1);
    if (at && (*at == 'e' || *at == 'E')) {
        at++;
        at = digits(*at == '+' || *at == '-' ? at + 1 : at);
    }
    return at;
}

static const char *escape(const char *at)
{
    if (*at != 'u')
        return *at && strchr("\"\\/bfnrt", *at) ? at + 1 : NULL;
    return strspn(at + 1, "0123456789abcdefABCDEF") >= 4 ? at + 5 : NULL;
}

/* Reads one UTF-8 character. Its length and its range must fit its number. */
static const char *character(const char *at)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*at;
    int length = first < 0x80         ? 1
                 : (first >> 5) == 6  ? 2
                 : (first >> 4) == 14 ? 3
                 : (first >> 3) == 30 ? 4
                                      : 0;
    uint32_t code = length == 1 ? first : first & (0x7fu >> length);

    if (length == 0 || first < ' ')
        return NULL;
    for (int i = 1; i < length; i++) {
        if (((unsigned char)at[i] & 0xc0) != 0x80)
            return NULL;
        code = code << 6 | ((unsigned char)at[i] & 0x3f);
    }
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return NULL;
    return at + length;
}

static const char *string(const char *at)
{
    at = expect(at, "\"");
    while (at && *at != '"')
        at = *at == '\\' ? escape(at + 1) : character(at);
    return at ? at + 1 : NULL;
}

/* Reads the members of an object or an array, from behind the bracket. */
static const char *members(const char *at, int depth, bool named)
{
    const char *close = named ? "}" : "]";

    if (expect(space(at), close))
        return space(at) + 1;
    for (;;) {
        if (named)
            at = expect(space(string(space(at))), ":");
        at = space(value(at, depth + 1));
        if (!at || expect(at, close))
            return at ? at + 1 : NULL;
        at = expect(at, ",");
    }
}

static const char *value(const char *at, int depth)
{
    at = space(at);
    if (!at || depth > DEPTH_MAX)
        return NULL;
    switch (*at) {
    case '{':
        return members(at + 1, depth, true);
    case '[':
        return members(at + 1, depth, false);
    case '"':
        return string(at);
    case 't':
        return expect(at, "true");
    case 'f':
        return expect(at, "false");
    case 'n':
        return expect(at, "null");
    default:
        return number(at);
    }
}

static bool is_json(const char *text)
{
    const char *end = space(value(text, 0));

    return end && !*end;
}

START_TEST(the_judge_is_strict)
{
    static const char *const good[] = {
        "0",
        "-1.5e+7",
        " [ ] ",
        "{}",
        "{\"a\": [1, true, null]}",
        "\"\\u00e9\\n\"",
        "\"\xc3\xa9\xf0\x9f\x92\xa9\"",
    };
    static const char *const bad[] = {
        "",           "01",       "1.",           ".5",
        "+1",         "[1,]",     "{\"a\"}",      "{a:1}",
        "nul",        "[1 2]",    "\"\n\"",       "\"\\x\"",
        "\"\\u12\"",  "\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"",
        "{\"a\":1}}", "\"",
    };

    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        ck_assert_msg(is_json(good[i]), "good %zu: %s", i, good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(!is_json(bad[i]), "bad %zu: %s", i, bad[i]);
}
END_TEST

/* Returns the text that a writer wrote. The caller frees it. */
static char *written(void (*write)(struct json *))
{
    char *text = NULL;
    size_t size;
    struct json json = {.out = open_memstream(&text, &size)};

    ck_assert_ptr_nonnull(json.out);
    write(&json);
    fclose(json.out);
    return text;
}

static void write_every_kind(struct json *json)
{
    json_begin(json, NULL, '{');
    json_begin(json, "empty", '[');
    json_end(json, ']');
    json_begin(json, "list", '[');
    json_number(json, NULL, INT64_MIN);
    json_unsigned(json, NULL, UINT64_MAX);
    json_real(json, NULL, 0.25);
    json_real(json, NULL, INFINITY);
    json_bool(json, NULL, true);
    json_null(json, NULL);
    json_end(json, ']');
    json_string(json, "text", "plain");
    json_end(json, '}');
}

START_TEST(every_kind_of_value)
{
    char *text = written(write_every_kind);

    ck_assert_str_eq(
        text,
        "{\n  \"empty\": [],\n  \"list\": [\n    -9223372036854775808,\n    18446744073709551615,\n"
        "    0.25,\n    null,\n    true,\n    null\n  ],\n  \"text\": \"plain\"\n}\n");
    ck_assert(is_json(text));
    free(text);
}
END_TEST

static void write_bad_strings(struct json *json)
{
    json_begin(json, NULL, '[');
    json_string(json, NULL, "\"quoted\" \\ \n\t\x01\x7f");
    json_string(json, NULL, "\xc3\xa9 \xf0\x9f\x92\xa9");
    json_string(json, NULL,
                "a\xff"
                "b\xc0\x80"
                "c\xed\xa0\x80"
                "d\xf4\x90\x80\x80"
                "e\xe2\x82");
    json_end(json, ']');
}

START_TEST(strings_of_every_kind)
{
    char *text = written(write_bad_strings);

    ck_assert(is_json(text));
    ck_assert_ptr_nonnull(strstr(text, "\"\\\"quoted\\\" \\\\ \\u000a\\u0009\\u0001\\u007f\""));
    ck_assert_ptr_nonnull(strstr(text, "\"\xc3\xa9 \xf0\x9f\x92\xa9\""));
    ck_assert_ptr_nonnull(strstr(text, "\"a\\ufffdb\\ufffd\\ufffdc\\ufffd\\ufffd\\ufffdd"));
    free(text);
}
END_TEST

START_TEST(every_byte_alone_and_in_pairs)
{
    for (int a = 1; a < 256; a++)
        for (int b = 1; b < 256; b++) {
            const char bytes[] = {(char)a, (char)b, 0};
            char *text = NULL;
            size_t size;
            struct json json = {.out = open_memstream(&text, &size)};

            json_string(&json, NULL, bytes);
            fclose(json.out);
            ck_assert_msg(is_json(text), "%02x %02x", a, b);
            free(text);
        }
}
END_TEST

static int judge_standard_input(void)
{
    static char text[1 << 20];
    size_t n = fread(text, 1, sizeof text - 1, stdin);

    if (n == 0 || memchr(text, 0, n) || !is_json(text)) {
        fprintf(stderr, "not JSON:\n%s\n", text);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    const TTest *const tests[] = {
        the_judge_is_strict,
        every_kind_of_value,
        strings_of_every_kind,
        every_byte_alone_and_in_pairs,
        NULL,
    };

    if (argc > 1)
        return judge_standard_input();
    return run_suite("json", tests);
}
