/* SPDX-License-Identifier: MIT */
/*
 * json.h - writes JSON (RFC 8259), indented. The output is always valid: bytes that are no UTF-8
 * become U+FFFD, a number that is not finite becomes null.
 */
#ifndef TOOLS_JSON_H
#define TOOLS_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Begin with {.out = file}. */
struct json {
    FILE *out;
    int depth;
    bool begun; /* the innermost object or array has a member already */
};

/*
 * Each function writes one member. `key` is NULL in an array and for the outermost value. Every
 * begin needs its end; the outermost end also ends the line.
 */
void json_begin(struct json *json, const char *key, char bracket); /* bracket: '{' or '[' */
void json_end(struct json *json, char bracket);                    /* '}' or ']' */
void json_string(struct json *json, const char *key, const char *text);

/*
 * Writes the name of a file. A name that is not UTF-8 also gets the member KEY_base64 with all of
 * its bytes (RFC 4648, section 4). `key` is not NULL.
 */
void json_name(struct json *json, const char *key, const char *name);
void json_number(struct json *json, const char *key, int64_t number);
void json_unsigned(struct json *json, const char *key, uint64_t number);
void json_real(struct json *json, const char *key, double number);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
