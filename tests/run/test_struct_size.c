/* SPDX-License-Identifier: MIT */
/* Tests structs of the caller that may grow, for programs of the first release, of this one, and of
 * a later one. A struct with bytes behind its present end stands for a later program. */
#include <config.h>

#include "support/suite.h"

#include "support/runs.h"

#include <stdio.h>
#include <telar/telar.h>

/* The sizes of version 0.1, as in tests/structure/abi.c. */
enum {
    OPTIONS_FIRST = 120,
    LIMITS_FIRST = 24,
    MEASURE_FIRST = 8,
    TRANSFORM_FIRST = 112,
    MORE = 16
};

/* A struct of a later version: today's members, and more members behind them. */
#define LATER(type)                                                                                \
    union {                                                                                        \
        struct type known;                                                                         \
        unsigned char byte[sizeof(struct type) + MORE];                                            \
    }

/* Sets the size of a later struct, and its last byte, which is behind the known end. */
#define MAKE_LATER(later, size_at, value)                                                          \
    do {                                                                                           \
        *(size_at) = sizeof(later);                                                                \
        (later).byte[sizeof(later) - 1] = (value);                                                 \
    } while (0)

static telar_status run(const struct telar_options *options, struct telar_error *error)
{
    telar_image *source = picture_new(5, 4, 3, 8), *result = NULL;
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_status status;

    ck_assert_int_eq(telar_pipeline_parse(pipeline, "invert", NULL), TELAR_OK);
    status = telar_run(source, &result, pipeline, options, NULL, error);
    ck_assert(!result == (status != TELAR_OK));
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
    return status;
}

static void check_usage(telar_status status, const struct telar_error *error, const char *text)
{
    ck_assert_int_eq(status, TELAR_USAGE);
    ck_assert_msg(strstr(error->text, text), "%s", error->text);
}

START_TEST(options_of_every_known_size_are_accepted)
{
    static const uint32_t right[] = {0, OPTIONS_FIRST, sizeof(struct telar_options)};
    static const uint32_t wrong[] = {1, OPTIONS_FIRST - 1, 5000, UINT32_MAX};
    struct telar_options options = {.engine = TELAR_SERIAL};
    struct telar_error error;

    for (size_t i = 0; i < LENGTH(right); i++) {
        options.struct_size = right[i];
        ck_assert_int_eq(run(&options, &error), TELAR_OK);
    }
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        options.struct_size = wrong[i];
        check_usage(run(&options, &error), &error, "TELAR_OPTIONS_INIT");
    }
}
END_TEST

START_TEST(a_later_program_may_use_known_members_only)
{
    LATER(telar_options) options = {.known = {.engine = TELAR_SERIAL}};
    LATER(telar_limits) limits = {.known = {.max_pixels = 1}};
    LATER(telar_measure) measure = {.known = {.warm = true}};
    struct telar_error error;

    options.known.limits = &limits.known;
    options.known.measure = &measure.known;
    for (unsigned set = 0; set < 8; set++) {
        MAKE_LATER(options, &options.known.struct_size, set & 1 ? 1 : 0);
        MAKE_LATER(limits, &limits.known.struct_size, set & 2 ? 1 : 0);
        MAKE_LATER(measure, &measure.known.struct_size, set & 4 ? 1 : 0);
        if (set == 0)
            ck_assert_int_eq(run(&options.known, &error), TELAR_OK);
        else
            check_usage(run(&options.known, &error), &error, "does not know");
    }
}
END_TEST

START_TEST(limits_and_settings_have_a_size_too)
{
    struct telar_limits limits = {.struct_size = LIMITS_FIRST};
    struct telar_measure measure = {.struct_size = MEASURE_FIRST};
    const struct telar_options options = {TELAR_OPTIONS_INIT, .engine = TELAR_SERIAL,
                                          .limits = &limits, .measure = &measure};
    struct telar_info info;
    telar_image *image;
    struct telar_error error;

    ck_assert_int_eq(run(&options, &error), TELAR_OK);
    limits.struct_size = LIMITS_FIRST - 1;
    check_usage(run(&options, &error), &error, "TELAR_LIMITS_INIT");
    check_usage(telar_info_read("/none/such", &limits, &info, &error), &error, "telar_limits");
    check_usage(telar_image_read("/none/such", &limits, &image, &error), &error, "telar_limits");
    ck_assert_ptr_null(image);
    limits.struct_size = 0;
    measure.struct_size = 3;
    check_usage(run(&options, &error), &error, "TELAR_MEASURE_INIT");
}
END_TEST

START_TEST(a_report_has_its_size)
{
    const struct telar_options options = {TELAR_OPTIONS_INIT, .engine = TELAR_SERIAL};
    telar_image *source = picture_new(5, 4, 3, 8), *result;
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_pool *pool;
    telar_report *report;

    ck_assert_int_eq(telar_run(source, &result, pipeline, &options, &report, NULL), TELAR_OK);
    ck_assert_uint_eq(report->struct_size, sizeof *report);
    telar_report_free(report);
    telar_image_free(result);
    ck_assert_int_eq(telar_pool_new(telar_image_geometry(source), pipeline, &options, &pool, NULL),
                     TELAR_OK);
    ck_assert_int_eq(telar_pool_run(pool, source, &result, &report, NULL), TELAR_OK);
    ck_assert_uint_eq(report->struct_size, sizeof *report);
    telar_report_free(report);
    telar_image_free(result);
    telar_pool_free(pool);
    telar_pipeline_free(pipeline);
    telar_image_free(source);
}
END_TEST

static void do_nothing(const struct telar_context *context, const struct telar_source *source,
                       const struct telar_result *result)
{
    (void)context;
    (void)source;
    (void)result;
}

START_TEST(a_transform_of_another_release_is_accepted)
{
    LATER(telar_transform)
    later = {.known = {.abi = TELAR_TRANSFORM_ABI,
                       .struct_size = TRANSFORM_FIRST,
                       .name = "x",
                       .summary = "s",
                       .manual = "m",
                       .process = do_nothing}};
    telar_pipeline *pipeline = telar_pipeline_new();
    struct telar_error error;

    ck_assert_int_eq(telar_pipeline_add(pipeline, &later.known, NULL, NULL), TELAR_OK);
    MAKE_LATER(later, &later.known.struct_size, 0);
    ck_assert_int_eq(telar_pipeline_add(pipeline, &later.known, NULL, NULL), TELAR_OK);
    MAKE_LATER(later, &later.known.struct_size, 1);
    check_usage(telar_pipeline_add(pipeline, &later.known, NULL, &error), &error, "version");
    later.known.struct_size = TRANSFORM_FIRST - 8;
    check_usage(telar_pipeline_add(pipeline, &later.known, NULL, &error), &error, "version");
    later.known.struct_size = UINT32_MAX;
    check_usage(telar_pipeline_add(pipeline, &later.known, NULL, &error), &error, "version");
    telar_pipeline_free(pipeline);
}
END_TEST

/* telar_version() returns the version of configure.ac. */
START_TEST(the_headers_have_the_version_of_the_library)
{
    char text[64];

    snprintf(text, sizeof text, "%d.%d.%d", TELAR_VERSION_MAJOR, TELAR_VERSION_MINOR,
             TELAR_VERSION_PATCH);
    ck_assert_str_eq(text, telar_version());
    ck_assert_str_eq(text, PACKAGE_VERSION);
    ck_assert_int_eq(TELAR_VERSION_MAKE(1, 2, 3), 1002003);
    ck_assert_int_eq(TELAR_VERSION, TELAR_VERSION_MAJOR * 1000000 + TELAR_VERSION_MINOR * 1000
                                        + TELAR_VERSION_PATCH);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        options_of_every_known_size_are_accepted,
        a_later_program_may_use_known_members_only,
        limits_and_settings_have_a_size_too,
        a_report_has_its_size,
        a_transform_of_another_release_is_accepted,
        the_headers_have_the_version_of_the_library,
        NULL,
    };

    return run_suite("struct_size", tests);
}
