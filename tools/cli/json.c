/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON member by member, without a tree in memory: a report can have a million tasks.
 */
#include <config.h>

#include "cli/json.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Control characters and DEL are written as numbers, because a terminal would obey them. */
static void write_string(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t length;

    putc('"', out);
    for (; *at; at += length ? length : 1) {
        length = tl_utf8_bytes(at);
        if (length == 0)
            fputs("\\ufffd", out);
        else if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at < ' ' || *at == 0x7f)
            fprintf(out, "\\u%04x", *at);
        else
            fwrite(at, 1, length, out);
    }
    putc('"', out);
}

static void new_line(const struct json *json)
{
    fprintf(json->out, "\n%*s", json->depth * 2, "");
}

/* Writes comma, newline and key in front of a value. */
static void write_key(struct json *json, const char *key)
{
    if (json->begun)
        putc(',', json->out);
    if (json->depth > 0)
        new_line(json);
    json->begun = true;
    if (key) {
        write_string(json->out, key);
        fputs(": ", json->out);
    }
}

void json_begin(struct json *json, const char *key, char bracket)
{
    write_key(json, key);
    putc(bracket, json->out);
    json->depth++;
    json->begun = false;
}

/* An empty object or array stays on its line. */
void json_end(struct json *json, char bracket)
{
    json->depth--;
    if (json->begun)
        new_line(json);
    putc(bracket, json->out);
    json->begun = true;
    if (json->depth == 0)
        putc('\n', json->out);
}

void json_string(struct json *json, const char *key, const char *text)
{
    write_key(json, key);
    write_string(json->out, text);
}

static bool is_utf8(const char *text)
{
    size_t length = 1;

    for (; *text && length > 0; text += length)
        length = tl_utf8_bytes((const unsigned char *)text);
    return length > 0;
}

/* Three bytes are four digits; missing bytes are zeros, and their digits are '='. */
static void write_base64(FILE *out, const char *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t at = 0; at < n; at += 3) {
        uint32_t group = 0;

        for (size_t i = at; i < at + 3; i++)
            group = group << 8 | (i < n ? (unsigned char)bytes[i] : 0);
        for (size_t i = 0; i < 4; i++)
            putc(at + i <= n ? digits[group >> (18 - 6 * i) & 63] : '=', out);
    }
}

void json_name(struct json *json, const char *key, const char *name)
{
    char longer[64];

    json_string(json, key, name);
    if (is_utf8(name))
        return;
    snprintf(longer, sizeof longer, "%s_base64", key);
    write_key(json, longer);
    putc('"', json->out);
    write_base64(json->out, name, strlen(name));
    putc('"', json->out);
}

void json_number(struct json *json, const char *key, int64_t number)
{
    write_key(json, key);
    fprintf(json->out, "%" PRId64, number);
}

void json_unsigned(struct json *json, const char *key, uint64_t number)
{
    write_key(json, key);
    fprintf(json->out, "%" PRIu64, number);
}

void json_real(struct json *json, const char *key, double number)
{
    write_key(json, key);
    if (isfinite(number))
        fprintf(json->out, "%.15g", number);
    else
        fputs("null", json->out);
}

void json_bool(struct json *json, const char *key, bool value)
{
    write_key(json, key);
    fputs(value ? "true" : "false", json->out);
}

void json_null(struct json *json, const char *key)
{
    write_key(json, key);
    fputs("null", json->out);
}
