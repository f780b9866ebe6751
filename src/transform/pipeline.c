/* SPDX-License-Identifier: MIT */
/*
 * pipeline.c - the public pipeline functions, and the parser of "NAME:KEY=VALUE,...".
 *
 * The parser reads numbers as in the C locale, whatever locale the caller has set.
 */
#include <config.h>

#include "transform/pipeline.h"
#include "base/name.h"
#include "base/other_names.h"
#include "base/status.h"
#include "transform/transform.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Messages repeat at most so many bytes of a wrong word, so that the remedy behind it is not cut
 * off.
 */
enum { SHOWN = 40 };

telar_pipeline *telar_pipeline_new(void)
{
    return calloc(1, sizeof(telar_pipeline));
}

void telar_pipeline_free(telar_pipeline *pipeline)
{
    for (uint32_t i = 0; pipeline && i < pipeline->length; i++)
        free(pipeline->step[i].plugin);
    free(pipeline);
}

size_t telar_pipeline_length(const telar_pipeline *pipeline)
{
    return pipeline->length;
}

/* The comparison is written so that NaN fails it. */
static telar_status check_value(const struct telar_transform *transform,
                                const struct telar_param *param, double value,
                                struct telar_error *error)
{
    if (!(value >= param->least && value <= param->most))
        return tl_fail(error, TELAR_USAGE, 0, "%s: %s=%g is out of range; it goes from %g to %g",
                       transform->name, param->name, value, param->least, param->most);
    if (param->whole && floor(value) != value)
        return tl_fail(error, TELAR_USAGE, 0, "%s: %s=%g must be a whole number", transform->name,
                       param->name, value);
    return TELAR_OK;
}

/* A word of the text: [begin, end). */
struct word {
    const char *begin, *end;
};

static struct word word_until(const char *begin, const char *stops)
{
    return (struct word){begin, begin + strcspn(begin, stops)};
}

/* Returns how many bytes of a word a message shows. */
static int shown(struct word word)
{
    return word.end - word.begin < SHOWN ? (int)(word.end - word.begin) : SHOWN;
}

/*
 * Copies the word to a string. A word that is cut off is longer than any name, so it matches none.
 */
static void copy_word(struct word word, char text[TL_NAME_BYTES + 1])
{
    snprintf(text, TL_NAME_BYTES + 1, "%.*s", shown(word), word.begin);
}

/*
 * Reads a decimal number. Returns false for blanks, hexadecimal, infinity and anything after the
 * number.
 */
static bool read_number(struct word word, double *value)
{
    char *end;

    if (strspn(word.begin, "+-.0123456789eE") < (size_t)(word.end - word.begin))
        return false;
    *value = strtod(word.begin, &end);
    return end == word.end && end != word.begin && isfinite(*value);
}

/*
 * Fails with the most helpful remedy: add a slash for a .so, the nearest name, or the list of
 * names.
 */
static telar_status unknown_transform(struct word word, struct telar_error *error)
{
    char name[TL_NAME_BYTES + 1], known[160] = "";
    const char *near;
    size_t used = 0;

    copy_word(word, name);
    near = telar_transform_suggest(name);
    if (word.end - word.begin > 3 && memcmp(word.end - 3, ".so", 3) == 0)
        return tl_fail(error, TELAR_USAGE, 0,
                       "unknown transform \"%.*s\"; a plug-in is a path with a slash: ./%.*s",
                       shown(word), word.begin, shown(word), word.begin);
    if (near)
        return tl_fail(error, TELAR_USAGE, 0, "unknown transform \"%.*s\"; did you mean \"%s\"?",
                       shown(word), word.begin, near);
    if (tl_other_name_find(name))
        return tl_fail(error, TELAR_USAGE, 0,
                       "unknown transform \"%.*s\"; telar keeps the rows and columns of a picture: "
                       "use another program for this, such as vips or convert",
                       shown(word), word.begin);
    for (size_t i = 0; telar_transform_at(i) && used < sizeof known; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                 telar_transform_at(i)->name);
    return tl_fail(error, TELAR_USAGE, 0, "unknown transform \"%.*s\"; there are %s", shown(word),
                   word.begin, known);
}

static telar_status unknown_param(const struct telar_transform *transform, struct word word,
                                  struct telar_error *error)
{
    char name[TL_NAME_BYTES + 1], known[160] = "";
    size_t shortest = SIZE_MAX, used = 0;
    uint32_t params = tl_transform_params(transform), nearest = 0;

    copy_word(word, name);
    for (uint32_t i = 0; i < params; i++) {
        size_t distance = tl_name_distance(name, transform->params[i].name);

        if (distance < shortest) {
            shortest = distance;
            nearest = i;
        }
        if (used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                     transform->params[i].name);
    }
    if (params == 0)
        return tl_fail(error, TELAR_USAGE, 0,
                       "%s has no parameters; write it without what follows the colon",
                       transform->name);
    if (shortest == SIZE_MAX)
        return tl_fail(error, TELAR_USAGE, 0, "%s has no parameter \"%.*s\"; it has %s",
                       transform->name, shown(word), word.begin, known);
    return tl_fail(error, TELAR_USAGE, 0, "%s has no parameter \"%.*s\"; did you mean \"%s\"?",
                   transform->name, shown(word), word.begin, transform->params[nearest].name);
}

/* Gives parameter i its value. given[i] says that it already has one. */
static telar_status take_number(struct tl_step *step, uint32_t i, struct word value, bool *given,
                                struct telar_error *error)
{
    const struct telar_transform *t = step->transform;

    if (given[i])
        return tl_fail(error, TELAR_USAGE, 0, "%s: %s is given twice; leave one out", t->name,
                       t->params[i].name);
    given[i] = true;
    if (!read_number(value, &step->params[i]))
        return tl_fail(
            error, TELAR_USAGE, 0, "%s: %s=%.*s is not a number; write %s=%g, for example", t->name,
            t->params[i].name, shown(value), value.begin, t->params[i].name, t->params[i].initial);
    return check_value(t, &t->params[i], step->params[i], error);
}

/* Parses one KEY=VALUE, or VALUE alone for the only parameter. */
static telar_status parse_param(struct tl_step *step, struct word item, bool *given,
                                struct telar_error *error)
{
    const struct telar_transform *t = step->transform;
    struct word key = word_until(item.begin, "=,"), value = {key.end + 1, item.end};
    uint32_t params = tl_transform_params(t), i = 0;
    size_t length = (size_t)(key.end - key.begin);
    double number;

    if (params == 1 && read_number(item, &number))
        return take_number(step, 0, item, given, error);

    if (length == 0 && params > 0)
        return tl_fail(error, TELAR_USAGE, 0,
                       "%s: a parameter is missing; write %s:KEY=VALUE,KEY=VALUE", t->name,
                       t->name);
    while (i < params
           && (strlen(t->params[i].name) != length
               || memcmp(t->params[i].name, key.begin, length) != 0))
        i++;
    if (i == params)
        return unknown_param(t, key, error);
    if (key.end == item.end || value.begin == value.end)
        return tl_fail(error, TELAR_USAGE, 0, "%s: %s has no value; write %s=%g, for example",
                       t->name, t->params[i].name, t->params[i].name, t->params[i].initial);
    return take_number(step, i, value, given, error);
}

static telar_status parse_params(struct tl_step *step, const char *text, struct telar_error *error)
{
    struct word item = {text, text};
    bool given[TELAR_PARAMS_MAX] = {false};
    telar_status status = TELAR_OK;

    for (uint32_t i = 0; i < tl_transform_params(step->transform); i++)
        step->params[i] = step->transform->params[i].initial;
    while (status == TELAR_OK && *item.end) {
        item = word_until(item.end + 1, ","); /* after the colon, then after each comma */
        status = parse_param(step, item, given, error);
    }
    return status;
}

/* strtod reads the decimal point of the thread's locale, so the C locale is set for the time. */
telar_status tl_step_parse_params(struct tl_step *step, const char *text, struct telar_error *error)
{
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0), callers;
    telar_status status;

    if (!plain)
        return tl_fail(error, TELAR_HOST, errno, "cannot read a transform's parameters");
    callers = uselocale(plain);
    status = parse_params(step, text, error);
    uselocale(callers);
    freelocale(plain);
    return status;
}

size_t tl_plugin_path_length(const char *text)
{
    return strcspn(text, ":");
}

/* A name with a slash is a plug-in's path. Nothing of the plug-in is read here. */
static telar_status parse_step(struct tl_step *step, const char *text, struct telar_error *error)
{
    struct word name = word_until(text, ":");
    char known[TL_NAME_BYTES + 1];

    if (name.begin == name.end)
        return tl_fail(error, TELAR_USAGE, 0,
                       "a transform has no name; write NAME or NAME:KEY=VALUE,...");
    if (memchr(text, '/', (size_t)(name.end - name.begin))) {
        step->plugin = strdup(text);
        return step->plugin ? TELAR_OK
                            : tl_fail(error, TELAR_HOST, errno, "no memory for a plug-in's name");
    }
    copy_word(name, known);
    step->transform = telar_transform_find(known);
    if (!step->transform)
        return unknown_transform(name, error);
    return tl_step_parse_params(step, name.end, error);
}

static bool is_transform(struct word word)
{
    char name[TL_NAME_BYTES + 1];

    copy_word(word, name);
    return telar_transform_find(name) != NULL;
}

/* Returns whether the text names a transform, and a second one behind a comma or a blank. */
static bool names_a_second(const char *text)
{
    const char *at = text + strcspn(text, ", ");

    if (!is_transform(word_until(text, ", :")))
        return false;
    for (; *at; at += 1 + strcspn(at + 1, ", "))
        if (is_transform(word_until(at + 1, ", :")))
            return true;
    return false;
}

static telar_status check_single(const char *text, struct telar_error *error)
{
    if (strchr(text, '/') || !names_a_second(text))
        return TELAR_OK;
    return tl_fail(error, TELAR_USAGE, 0,
                   "\"%.*s\" names several transforms; give -t once for each transform", SHOWN,
                   text);
}

static telar_status check_room(const telar_pipeline *pipeline, struct telar_error *error)
{
    if (pipeline->length < TELAR_PIPELINE_MAX)
        return TELAR_OK;
    return tl_fail(error, TELAR_USAGE, 0,
                   "a pipeline has at most %d transforms; run it in two parts", TELAR_PIPELINE_MAX);
}

telar_status telar_pipeline_parse(telar_pipeline *pipeline, const char *text,
                                  struct telar_error *error)
{
    struct tl_step step = {.transform = NULL};
    telar_status status;

    tl_error_clear(error);
    status = check_room(pipeline, error);
    if (status == TELAR_OK)
        status = check_single(text, error);
    if (status == TELAR_OK)
        status = parse_step(&step, text, error);
    if (status == TELAR_OK)
        pipeline->step[pipeline->length++] = step;
    return status;
}

telar_status telar_pipeline_add(telar_pipeline *pipeline, const struct telar_transform *transform,
                                const double *params, struct telar_error *error)
{
    struct tl_step step = {.transform = transform};
    telar_status status;

    tl_error_clear(error);
    status = check_room(pipeline, error);
    if (status == TELAR_OK)
        status = tl_transform_check(transform, error);
    for (uint32_t i = 0; status == TELAR_OK && i < tl_transform_params(transform); i++) {
        step.params[i] = params ? params[i] : transform->params[i].initial;
        status = check_value(transform, &transform->params[i], step.params[i], error);
    }
    if (status == TELAR_OK)
        pipeline->step[pipeline->length++] = step;
    return status;
}
