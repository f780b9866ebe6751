/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "transform/transform.h"

#include "base/name.h"
#include "base/other_names.h"
#include "base/status.h"
#include "base/struct_size.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* in the order of the manual */
static const struct telar_transform *const built_in[] = {
    &tl_transform_copy,  &tl_transform_invert, &tl_transform_gray,  &tl_transform_threshold,
    &tl_transform_gamma, &tl_transform_blur,   &tl_transform_sobel, &tl_transform_equalize,
};

/* 1 to 4 channels: one bit each */
static const uint32_t ALL_CHANNELS = 0x1e;

enum {
    BUILT_IN = sizeof built_in / sizeof *built_in,
    FIRST_BYTES = offsetof(struct telar_transform, process) + sizeof(void (*)(void)), /* 0.1.0 */
};

const struct telar_transform *telar_transform_at(size_t index)
{
    return index < BUILT_IN ? built_in[index] : NULL;
}

const struct telar_transform *telar_transform_find(const char *name)
{
    for (size_t i = 0; i < BUILT_IN; i++)
        if (strcmp(built_in[i]->name, name) == 0)
            return built_in[i];
    return NULL;
}

const char *telar_transform_suggest(const char *name)
{
    const struct tl_other_name *other = tl_other_name_find(name);
    const char *nearest = NULL;
    size_t shortest = SIZE_MAX;

    if (other)
        return other->here;
    for (size_t i = 0; i < BUILT_IN; i++) {
        size_t distance = tl_name_distance(name, built_in[i]->name);

        if (distance < shortest) {
            shortest = distance;
            nearest = built_in[i]->name;
        }
    }
    return nearest;
}

telar_status tl_transform_takes(const struct telar_transform *t, const struct telar_geometry *image,
                                struct telar_error *error)
{
    uint32_t depth = image->depth == 8 ? TELAR_DEPTH_8 : TELAR_DEPTH_16;

    if (t->depths && !(t->depths & depth))
        return tl_fail(
            error, TELAR_INPUT, 0,
            "%s works on %d bits a sample only, and the image has %u; convert the image first",
            t->name, t->depths == TELAR_DEPTH_8 ? 8 : 16, image->depth);
    if (t->channels && !(t->channels & 1u << image->channels))
        return tl_fail(error, TELAR_INPUT, 0,
                       "%s does not work on images of %u channel%s; convert the image first",
                       t->name, image->channels, image->channels == 1 ? "" : "s");
    return TELAR_OK;
}

static bool name_valid(const char *name)
{
    size_t length = name ? strlen(name) : 0;

    return length > 0 && length < TL_NAME_BYTES
           && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

uint32_t tl_transform_params(const struct telar_transform *transform)
{
    uint32_t n = 0;

    while (transform->params && transform->params[n].name)
        n++;
    assert(n <= TELAR_PARAMS_MAX);
    return n;
}

/* Returns the rule that a parameter breaks, or NULL. */
static const char *param_problem(const struct telar_param *params, uint32_t index)
{
    const struct telar_param *p = &params[index];

    if (!name_valid(p->name) || !p->summary)
        return "a parameter's name or summary is missing or malformed";
    for (uint32_t i = 0; i < index; i++)
        if (strcmp(params[i].name, p->name) == 0)
            return "two parameters have the same name";
    if (!isfinite(p->least) || !isfinite(p->most)
        || !(p->least <= p->initial && p->initial <= p->most))
        return "a parameter's default is not in its range";
    if (p->whole && floor(p->initial) != p->initial)
        return "the default of a whole parameter is not whole";
    return NULL;
}

static const char *params_problem(const struct telar_param *params)
{
    const char *problem = NULL;

    for (uint32_t i = 0; params && params[i].name && !problem; i++)
        problem = i < TELAR_PARAMS_MAX ? param_problem(params, i)
                                       : "it has more than TELAR_PARAMS_MAX parameters";
    return problem;
}

/* Returns the rule that the callbacks break, or NULL. */
static const char *callbacks_problem(const struct telar_transform *t)
{
    if (!t->process)
        return "process is missing";
    if (!t->gather != !t->merge || !t->gather != !t->partial_bytes)
        return "gather, merge and partial_bytes must be given together";
    if ((t->prepare || t->merge) && !t->state_bytes)
        return "prepare and merge need state_bytes";
    return NULL;
}

telar_status tl_transform_check(const struct telar_transform *t, struct telar_error *error)
{
    const char *problem;

    /* No member behind these two is read before they are checked. A member that is added later may
     * be read only if struct_size reaches to its end. */
    if (t->abi != TELAR_TRANSFORM_ABI
        || !tl_struct_size_fits(t, t->struct_size, FIRST_BYTES, sizeof *t))
        return tl_fail(
            error, TELAR_USAGE, 0,
            "a transform was built for another version (abi %u, %u bytes; this one has %d, %zu); "
            "build it again",
            t->abi, t->struct_size, TELAR_TRANSFORM_ABI, sizeof *t);
    if (!name_valid(t->name))
        return tl_fail(error, TELAR_USAGE, 0,
                       "a transform's name must be 1 to %d of a-z, 0-9, _ and -",
                       TL_NAME_BYTES - 1);
    problem = t->summary && t->manual ? callbacks_problem(t) : "summary or manual is missing";
    if (!problem)
        problem = params_problem(t->params);
    if (!problem && (t->depths > (TELAR_DEPTH_8 | TELAR_DEPTH_16) || (t->channels & ~ALL_CHANNELS)))
        problem = "depths or channels name what no image has";
    return problem ? tl_fail(error, TELAR_USAGE, 0, "the transform \"%s\" cannot be used: %s",
                             t->name, problem)
                   : TELAR_OK;
}
