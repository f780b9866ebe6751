/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "cli/field.h"

#include <inttypes.h>

static const char *error_status(const void *object)
{
    const struct telar_error *error = object;

    return telar_status_name(error->status);
}

const struct field geometry_fields[] = {
    {FIELD(struct telar_geometry, rows)},
    {FIELD(struct telar_geometry, columns)},
    {FIELD(struct telar_geometry, channels)},
    {FIELD(struct telar_geometry, depth)},
    {.name = NULL},
};

const struct field error_fields[] = {
    {.name = "status", .type = FIELD_WORD, .word = error_status},
    {FIELD_AS("exit", struct telar_error, status)},
    {FIELD(struct telar_error, text)},
    {FIELD_AS("errno", struct telar_error, errnum)},
    {.name = NULL},
};

const struct field warning_fields[] = {
    {FIELD(struct telar_warning, chunk)},
    {FIELD(struct telar_warning, text)},
    {.name = NULL},
};

/* ---- reading a field ---- */

static uint64_t unsigned_of(const struct field *field, const void *at)
{
    return field->type == FIELD_U8    ? *(const uint8_t *)at
           : field->type == FIELD_U32 ? *(const uint32_t *)at
                                      : *(const uint64_t *)at;
}

static int64_t signed_of(const struct field *field, const void *at)
{
    return field->type == FIELD_I32 ? *(const int32_t *)at : *(const int64_t *)at;
}

/* The text of a field that is one; NULL for none. */
static const char *text_of(const struct field *field, const void *object, const void *at)
{
    return field->type == FIELD_WORD     ? field->word(object)
           : field->type == FIELD_STRING ? *(const char *const *)at
                                         : (const char *)at;
}

/* ---- JSON ---- */

static void json_region(struct json *json, const char *key, const struct telar_region *region)
{
    json_begin(json, key, '[');
    json_unsigned(json, NULL, region->r0);
    json_unsigned(json, NULL, region->r1);
    json_unsigned(json, NULL, region->c0);
    json_unsigned(json, NULL, region->c1);
    json_end(json, ']');
}

static void json_text(struct json *json, const char *key, const char *text)
{
    if (text)
        json_string(json, key, text);
    else
        json_null(json, key);
}

static void json_field(struct json *json, const struct field *field, const void *object)
{
    const void *at = (const char *)object + field->offset;

    switch (field->type) {
    case FIELD_U8:
    case FIELD_U32:
    case FIELD_U64:
        json_unsigned(json, field->name, unsigned_of(field, at));
        break;
    case FIELD_I32:
    case FIELD_I64:
        json_number(json, field->name, signed_of(field, at));
        break;
    case FIELD_REAL:
        json_real(json, field->name, *(const double *)at);
        break;
    case FIELD_BOOL:
        json_bool(json, field->name, *(const bool *)at);
        break;
    case FIELD_STRING:
    case FIELD_CHARS:
    case FIELD_WORD:
        json_text(json, field->name, text_of(field, object, at));
        break;
    case FIELD_US:
        json_real(json, field->name, (double)*(const uint64_t *)at / 1e3);
        break;
    case FIELD_REGION:
        json_region(json, field->name, at);
        break;
    case FIELD_OBJECT:
        json_object(json, field->name, field->fields, at);
        break;
    }
}

void json_fields(struct json *json, const struct field *fields, const void *object)
{
    for (; fields->name; fields++)
        if (!fields->known || fields->known(object))
            json_field(json, fields, object);
        else
            json_null(json, fields->name);
}

void json_object(struct json *json, const char *key, const struct field *fields, const void *object)
{
    json_begin(json, key, '{');
    json_fields(json, fields, object);
    json_end(json, '}');
}

void json_list(struct json *json, const char *key, const struct field *fields, const void *objects,
               size_t n, size_t size)
{
    json_begin(json, key, '[');
    for (size_t i = 0; i < n; i++)
        json_object(json, NULL, fields, (const char *)objects + i * size);
    json_end(json, ']');
}

/* ---- CSV ---- */

void csv_names(FILE *out, const struct field *fields)
{
    for (; fields->name; fields++)
        fprintf(out, ",%s", fields->name);
}

void csv_values(FILE *out, const struct field *fields, const void *object)
{
    for (; fields->name; fields++) {
        const void *at = (const char *)object + fields->offset;
        const char *text;

        putc(',', out);
        switch (fields->type) {
        case FIELD_U8:
        case FIELD_U32:
        case FIELD_U64:
            fprintf(out, "%" PRIu64, unsigned_of(fields, at));
            break;
        case FIELD_REAL:
            fprintf(out, "%.*f", fields->decimals, *(const double *)at);
            break;
        default:
            text = text_of(fields, object, at);
            fputs(text ? text : "", out);
            break;
        }
    }
}
