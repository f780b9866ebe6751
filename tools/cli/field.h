/* SPDX-License-Identifier: MIT */
/*
 * field.h - a table of the fields of a struct: name, offset, type. The table writes an object of
 * that struct as JSON, and as values of a line of CSV.
 */
#ifndef TOOLS_FIELD_H
#define TOOLS_FIELD_H

#include "cli/json.h"

#include <stddef.h>
#include <telar/telar.h>

/* The type of a member, and the form in which it is written. */
enum field_type {
    FIELD_U8,
    FIELD_U32,
    FIELD_U64,
    FIELD_I32,
    FIELD_I64,
    FIELD_REAL,
    FIELD_BOOL,
    FIELD_STRING, /* const char *; NULL is null */
    FIELD_CHARS,  /* char[] */
    FIELD_WORD,   /* what `word` returns for the object */
    FIELD_US,     /* uint64_t nanoseconds, written as microseconds */
    FIELD_REGION, /* struct telar_region, written as [r0, r1, c0, c1] */
    FIELD_OBJECT, /* an object whose members are `fields`, from `offset` on */
};

/* One field. Tables are constant and end with a field without a name. A unit is part of the name.
 */
struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    int decimals;                      /* of a FIELD_REAL in CSV */
    const char *(*word)(const void *); /* of the object; NULL is null in JSON, empty in CSV */
    bool (*known)(const void *);       /* NULL, or whether the object has it; else null */
    const struct field *fields;
};

/* The type that the C type of a member has in a table. */
#define FIELD_TYPE(type, member)                                                                   \
    _Generic(((type *)0)->member, uint8_t: FIELD_U8, uint32_t: FIELD_U32, uint64_t: FIELD_U64,     \
             int32_t: FIELD_I32, int64_t: FIELD_I64, double: FIELD_REAL, bool: FIELD_BOOL,         \
             const char *: FIELD_STRING, char *: FIELD_CHARS, struct telar_region: FIELD_REGION)

/* A field that has another name than the member, or the same one. */
#define FIELD_AS(text, object, member)                                                             \
    .name = (text), .type = FIELD_TYPE(object, member), .offset = offsetof(object, member)
#define FIELD(object, member) FIELD_AS(#member, object, member)

/* rows, columns, channels, depth of a struct telar_geometry. */
extern const struct field geometry_fields[];

/* status, exit, text, errno of a struct telar_error. */
extern const struct field error_fields[];

/* A struct telar_warning: its chunk and its text. */
extern const struct field warning_fields[];

/* Writes the fields of *object as members of the JSON object that is open. */
void json_fields(struct json *json, const struct field *fields, const void *object);

/* Writes one object; `key` is NULL inside a list. */
void json_object(struct json *json, const char *key, const struct field *fields,
                 const void *object);

/* Writes a list of `n` objects, each `size` bytes behind the one before. */
void json_list(struct json *json, const char *key, const struct field *fields, const void *objects,
               size_t n, size_t size);

/* Writes ",name" for each field, or ",value" for each field of *object. Objects are left out. */
void csv_names(FILE *out, const struct field *fields);
void csv_values(FILE *out, const struct field *fields, const void *object);

#endif
