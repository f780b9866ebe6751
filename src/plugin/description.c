/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "plugin/description.h"

#include "base/utf8.h"

#include "base/status.h"

#include <stdio.h>
#include <string.h>

/* ---- of a transform ---- */

static bool copy_text(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size);

    if (length == size)
        return false;
    memcpy(to, from, length);
    return true;
}

static bool copy_params(struct tl_description *d, const struct telar_param *params)
{
    bool good = true;

    for (uint32_t i = 0; i < d->n_params; i++) {
        good = good && copy_text(d->param[i].name, sizeof d->param[i].name, params[i].name)
               && copy_text(d->param[i].summary, sizeof d->param[i].summary, params[i].summary);
        d->param[i].least = params[i].least;
        d->param[i].most = params[i].most;
        d->param[i].initial = params[i].initial;
        d->param[i].whole = params[i].whole;
    }
    return good;
}

telar_status tl_describe(const struct telar_transform *transform, struct tl_description *d,
                         struct telar_error *error)
{
    memset(d, 0, sizeof *d);
    d->n_params = tl_transform_params(transform);
    d->depths = transform->depths;
    d->channels = transform->channels;
    d->prepares = transform->prepare != NULL;
    d->gathers = transform->gather != NULL;
    if (copy_text(d->name, sizeof d->name, transform->name)
        && copy_text(d->summary, sizeof d->summary, transform->summary)
        && copy_text(d->manual, sizeof d->manual, transform->manual)
        && copy_params(d, transform->params))
        return TELAR_OK;
    return tl_fail(
        error, TELAR_INPUT, 0,
        "\"%s\" has a text that is too long: a summary has at most %d bytes, the manual %d",
        transform->name, TL_LINE_BYTES - 1, TL_MANUAL_BYTES - 1);
}

/* ---- a stand-in ---- */

/* These are never called. Their presence tells the planner which steps the transform has. */
static size_t no_bytes(const struct telar_context *context)
{
    (void)context;
    return 0;
}

static void no_prepare(const struct telar_context *context, void *state)
{
    (void)context;
    (void)state;
}

static void no_gather(const struct telar_context *context, const struct telar_source *source,
                      const struct telar_region *region, void *partial)
{
    (void)context;
    (void)source;
    (void)region;
    (void)partial;
}

static void no_merge(const struct telar_context *context, const void *partials, size_t stride_bytes,
                     uint32_t count, void *state)
{
    (void)context;
    (void)partials;
    (void)stride_bytes;
    (void)count;
    (void)state;
}

static void no_process(const struct telar_context *context, const struct telar_source *source,
                       const struct telar_result *result)
{
    (void)context;
    (void)source;
    (void)result;
}

/* Returns the bytes of the character at `text`, or 0 for a control character and for no UTF-8. */
static size_t character_bytes(const unsigned char *text)
{
    bool control = text[0] < ' ' || text[0] == 0x7f || (text[0] == 0xc2 && text[1] < 0xa0);

    return control ? 0 : tl_utf8_bytes(text);
}

/* Returns whether a text ends within its size and has only printable characters. */
static bool printable(const char *text, size_t size, bool lines)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t bytes;

    if (strnlen(text, size) == size)
        return false;
    for (; *at; at += bytes) {
        bytes = lines && *at == '\n' ? 1 : character_bytes(at);
        if (!bytes)
            return false;
    }
    return true;
}

static bool texts_printable(const struct tl_description *d)
{
    bool good = d->n_params <= TELAR_PARAMS_MAX && printable(d->name, sizeof d->name, false)
                && printable(d->summary, sizeof d->summary, false)
                && printable(d->manual, sizeof d->manual, true);

    for (uint32_t i = 0; good && i < d->n_params; i++)
        good = printable(d->param[i].name, sizeof d->param[i].name, false)
               && printable(d->param[i].summary, sizeof d->param[i].summary, false);
    return good;
}

telar_status tl_stand_in_make(struct tl_stand_in *s, const struct tl_description *description,
                              struct telar_error *error)
{
    struct tl_description *d = &s->description;
    struct telar_error problem = {.worker = -1};

    *d = *description;
    if (!texts_printable(d))
        return tl_fail(error, TELAR_INPUT, 0, "its texts are not short, printable UTF-8");
    memset(s->params, 0, sizeof s->params);
    for (uint32_t i = 0; i < d->n_params; i++)
        s->params[i] =
            (struct telar_param){d->param[i].name, d->param[i].summary, d->param[i].least,
                                 d->param[i].most, d->param[i].initial, d->param[i].whole != 0};
    s->transform = (struct telar_transform){
        .abi = TELAR_TRANSFORM_ABI,
        .struct_size = sizeof s->transform,
        .name = d->name,
        .summary = d->summary,
        .manual = d->manual,
        .params = s->params,
        .depths = d->depths,
        .channels = d->channels,
        .state_bytes = no_bytes,
        .prepare = d->prepares ? no_prepare : NULL,
        .partial_bytes = d->gathers ? no_bytes : NULL,
        .gather = d->gathers ? no_gather : NULL,
        .merge = d->gathers ? no_merge : NULL,
        .process = no_process,
    };
    if (tl_transform_check(&s->transform, &problem) != TELAR_OK)
        return tl_fail(error, TELAR_INPUT, 0, "%s", problem.text);
    return TELAR_OK;
}
