/* SPDX-License-Identifier: MIT */
/* Tests pipelines: which transforms may be added, and which texts are accepted. */
#include <config.h>

#include "support/suite.h"

#include "transform/pipeline.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <telar/pipeline.h>

static const struct telar_param tuned_params[] = {
    {"sigma", "a length in pixels", 0.25, 100, 2, false},
    {"times", "a count", 1, 9, 3, true},
    {NULL, NULL, 0, 0, 0, false},
};

static void process_nothing(const struct telar_context *context, const struct telar_source *source,
                            const struct telar_result *result)
{
}

/* A valid transform. The tests change copies of it. */
static const struct telar_transform tuned = {
    .abi = TELAR_TRANSFORM_ABI,
    .struct_size = sizeof(struct telar_transform),
    .name = "tuned",
    .summary = "for this test",
    .manual = "Nothing.\n",
    .params = tuned_params,
    .process = process_nothing,
};

static size_t some_bytes(const struct telar_context *context)
{
    return 64;
}

static void gather_nothing(const struct telar_context *context, const struct telar_source *source,
                           const struct telar_region *region, void *partial)
{
}

static void merge_nothing(const struct telar_context *context, const void *partials,
                          size_t stride_bytes, uint32_t count, void *state)
{
}

static void prepare_nothing(const struct telar_context *context, void *state) {}

static void check_refused(const struct telar_transform *transform, const double *params,
                          const char *says)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    ck_assert_int_eq(telar_pipeline_add(pipeline, transform, params, &error), TELAR_USAGE);
    ck_assert_msg(strstr(error.text, says) != NULL, "\"%s\" does not say \"%s\"", error.text, says);
    ck_assert_uint_eq(telar_pipeline_length(pipeline), 0);
    telar_pipeline_free(pipeline);
}

START_TEST(adds_a_valid_transform)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error = {.status = TELAR_HOST};
    struct telar_transform whole = tuned;

    whole.state_bytes = whole.partial_bytes = some_bytes;
    whole.gather = gather_nothing;
    whole.merge = merge_nothing;
    whole.prepare = prepare_nothing;
    ck_assert_int_eq(telar_pipeline_add(pipeline, &tuned, NULL, &error), TELAR_OK);
    ck_assert_int_eq(error.status, TELAR_OK);
    ck_assert_int_eq(telar_pipeline_add(pipeline, &whole, (double[]){0.25, 9}, NULL), TELAR_OK);
    ck_assert_uint_eq(telar_pipeline_length(pipeline), 2);
    ck_assert_ptr_eq(pipeline->step[0].transform, &tuned);
    ck_assert_double_eq(pipeline->step[0].params[0], 2);
    ck_assert_double_eq(pipeline->step[0].params[1], 3);
    ck_assert_double_eq(pipeline->step[1].params[0], 0.25);
    ck_assert_double_eq(pipeline->step[1].params[1], 9);
    telar_pipeline_free(pipeline);
    telar_pipeline_free(NULL);
}
END_TEST

#define SPOILT(...) (&(struct telar_transform){__VA_ARGS__})
#define HEAD                                                                                       \
    .abi = TELAR_TRANSFORM_ABI, .struct_size = sizeof(struct telar_transform), .summary = "s",     \
    .manual = "m\n"

START_TEST(refuses_an_invalid_transform)
{
    const struct telar_param nameless_summary[] = {{"a", NULL, 0, 1, 0, false},
                                                   {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param twins[] = {
        {"a", "s", 0, 1, 0, false}, {"a", "s", 0, 1, 0, false}, {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param outside[] = {{"a", "s", 0, 1, 2, false}, {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param endless[] = {{"a", "s", 0, INFINITY, 2, false},
                                          {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param broken[] = {{"a", "s", 0, 1, 0.5, true}, {NULL, NULL, 0, 0, 0, false}};
    const struct telar_param nine[] = {
        {"a", "s", 0, 1, 0, false},   {"b", "s", 0, 1, 0, false}, {"c", "s", 0, 1, 0, false},
        {"d", "s", 0, 1, 0, false},   {"e", "s", 0, 1, 0, false}, {"f", "s", 0, 1, 0, false},
        {"g", "s", 0, 1, 0, false},   {"h", "s", 0, 1, 0, false}, {"i", "s", 0, 1, 0, false},
        {NULL, NULL, 0, 0, 0, false},
    };

    check_refused(SPOILT(.abi = 99, .struct_size = sizeof(struct telar_transform)), NULL,
                  "another version");
    check_refused(SPOILT(.abi = TELAR_TRANSFORM_ABI, .struct_size = 8), NULL, "another version");
    check_refused(SPOILT(HEAD, .process = process_nothing), NULL, "name must be");
    check_refused(SPOILT(HEAD, .name = "", .process = process_nothing), NULL, "name must be");
    check_refused(SPOILT(HEAD, .name = "Blur", .process = process_nothing), NULL, "name must be");
    check_refused(
        SPOILT(HEAD, .name = "abcdefghijklmnopqrstuvwxyz-012345", .process = process_nothing), NULL,
        "name must be");
    check_refused(SPOILT(.abi = TELAR_TRANSFORM_ABI, .struct_size = sizeof(struct telar_transform),
                         .name = "x", .process = process_nothing),
                  NULL, "summary or manual");
    check_refused(SPOILT(HEAD, .name = "x"), NULL, "process is missing");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .gather = gather_nothing),
                  NULL, "together");
    check_refused(
        SPOILT(HEAD, .name = "x", .process = process_nothing, .partial_bytes = some_bytes), NULL,
        "together");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .gather = gather_nothing,
                         .merge = merge_nothing, .partial_bytes = some_bytes),
                  NULL, "need state_bytes");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .prepare = prepare_nothing),
                  NULL, "state_bytes");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = nameless_summary),
                  NULL, "malformed");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = twins), NULL,
                  "same name");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = outside), NULL,
                  "its range");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = endless), NULL,
                  "its range");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = broken), NULL,
                  "not whole");
    check_refused(SPOILT(HEAD, .name = "x", .process = process_nothing, .params = nine), NULL,
                  "TELAR_PARAMS_MAX");
}
END_TEST

START_TEST(refuses_values_out_of_range)
{
    check_refused(&tuned, (double[]){0, 3}, "from 0.25 to 100");
    check_refused(&tuned, (double[]){101, 3}, "from 0.25 to 100");
    check_refused(&tuned, (double[]){NAN, 3}, "out of range");
    check_refused(&tuned, (double[]){INFINITY, 3}, "out of range");
    check_refused(&tuned, (double[]){2, 3.5}, "whole number");
}
END_TEST

static void check_text(const char *text, const char *says)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", &error), TELAR_OK);
    ck_assert_msg(telar_pipeline_parse(pipeline, text, &error) == TELAR_USAGE, "%s", text);
    ck_assert_int_eq(error.status, TELAR_USAGE);
    ck_assert_msg(strstr(error.text, says) != NULL, "\"%s\" gives \"%s\", not \"%s\"", text,
                  error.text, says);
    ck_assert_uint_eq(telar_pipeline_length(pipeline), 1);
    telar_pipeline_free(pipeline);
}

START_TEST(reads_decimal_numbers_and_nothing_else)
{
    const char *const bad[] = {"nan", "inf", "-inf", "0x2", "2x", "2 ",    " 2",      "1e999",
                               "2;0", "2=3", "--2",  "e1",  ".",  "1.2.3", "\xd9\xa2"};
    const struct {
        const char *text;
        double value;
    } good[] = {{"2", 2},       {"+2.50", 2.5}, {".5", 0.5},      {"3.", 3},
                {"25e-1", 2.5}, {"1E1", 10},    {"0000000002", 2}};
    char text[100];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(text, sizeof text, "blur:sigma=%s", bad[i]);
        check_text(text, "is not a number");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        telar_pipeline *pipeline = telar_pipeline_new();

        snprintf(text, sizeof text, "blur:sigma=%s", good[i].text);
        ck_assert_msg(telar_pipeline_parse(pipeline, text, NULL) == TELAR_OK, "%s", text);
        ck_assert_double_eq(pipeline->step[0].params[0], good[i].value);
        telar_pipeline_free(pipeline);
    }
}
END_TEST

/* In a locale that writes 2,5 the text still uses 2.5. The caller's locale stays as it was. */
START_TEST(the_locale_has_no_influence)
{
    const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "es_ES.UTF-8"};
    telar_pipeline *pipeline = telar_pipeline_new();
    size_t i = 0;

    while (i < sizeof names / sizeof *names && !setlocale(LC_ALL, names[i]))
        i++;
    ck_assert_int_eq(telar_pipeline_parse(pipeline, "blur:sigma=2.5", NULL), TELAR_OK);
    ck_assert_double_eq(pipeline->step[0].params[0], 2.5);
    ck_assert_int_eq(telar_pipeline_parse(pipeline, "blur:sigma=2,5", NULL), TELAR_USAGE);
    check_text("blur:sigma=0.25", "sigma=0.25 is out of range; it goes from 0.3 to 300");
    if (i < sizeof names / sizeof *names)
        ck_assert_str_eq(localeconv()->decimal_point, ",");
    telar_pipeline_free(pipeline);
}
END_TEST

START_TEST(at_most_sixteen_steps_are_accepted)
{
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    for (int i = 0; i < TELAR_PIPELINE_MAX; i++)
        ck_assert_int_eq(telar_pipeline_parse(pipeline, "copy", &error), TELAR_OK);
    ck_assert_int_eq(telar_pipeline_parse(pipeline, "copy", &error), TELAR_USAGE);
    ck_assert_int_eq(telar_pipeline_add(pipeline, &tuned, NULL, &error), TELAR_USAGE);
    ck_assert_ptr_nonnull(strstr(error.text, "16"));
    ck_assert_uint_eq(telar_pipeline_length(pipeline), TELAR_PIPELINE_MAX);
    telar_pipeline_free(pipeline);
}
END_TEST

START_TEST(errors_in_a_text_are_named)
{
    check_text("", "no name");
    check_text(":", "no name");
    check_text(":sigma=2", "no name");
    check_text("invret", "unknown transform \"invret\"; did you mean \"invert\"?");
    check_text("zzz", "there are copy, invert");
    check_text("negate", "unknown transform \"negate\"; did you mean \"invert\"?");
    check_text("grayscale", "did you mean \"gray\"?");
    check_text("resize:w=3", "unknown transform \"resize\"; telar keeps the rows and columns");
    check_text("blur:0", "sigma=0 is out of range");
    check_text("blur:2,3", "sigma is given twice");
    check_text("blur:2,sigma=3", "sigma is given twice");
    check_text("blur:2x", "blur has no parameter \"2x\"; it has sigma");
    check_text("invert:2", "invert has no parameters");
    check_text(" copy", "did you mean \"copy\"?");
    check_text("blurr:sigma=2", "unknown transform \"blurr\"; did you mean \"blur\"?");
    check_text("blur:", "a parameter is missing; write blur:KEY=VALUE");
    check_text("blur:,", "a parameter is missing");
    check_text("blur:sigma=2,", "a parameter is missing");
    check_text("blur:,,sigma=2", "a parameter is missing");
    check_text("blur:=2", "a parameter is missing");
    check_text("blur:sgma=2", "blur has no parameter \"sgma\"; did you mean \"sigma\"?");
    check_text("blur:radius=2", "blur has no parameter \"radius\"; it has sigma");
    check_text("blur:Sigma=2", "did you mean \"sigma\"?");
    check_text("blur:sigma", "sigma has no value; write sigma=2, for example");
    check_text("blur:sigma=", "sigma has no value");
    check_text("blur:sigma=2,sigma=2", "sigma is given twice");
    check_text("blur:sigma=0", "sigma=0 is out of range; it goes from 0.3 to 300");
    check_text("blur:sigma=-2", "out of range");
    check_text("blur:sigma=1e9", "out of range");
    check_text("blur:sigma=2\n", "is not a number");
    check_text("blur,invert", "give -t once for each transform");
    check_text("blur:sigma=2 invert", "give -t once for each transform");
    check_text("blur:sigma=2,gamma:gamma=2", "give -t once for each transform");
    check_text("invert:", "invert has no parameters");
    check_text("invert:x=1", "invert has no parameters");
    check_text("a-name-that-is-much-longer-than-any-name-may-be-and-goes-on-and-on",
               "unknown transform \"a-name");
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        adds_a_valid_transform,      refuses_an_invalid_transform,
        refuses_values_out_of_range, at_most_sixteen_steps_are_accepted,
        errors_in_a_text_are_named,  reads_decimal_numbers_and_nothing_else,
        the_locale_has_no_influence, NULL,
    };

    return run_suite("pipeline", tests);
}
