/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "run/decode_isolated.h"

#include "base/host.h"
#include "base/status.h"
#include "isolate/child.h"
#include "isolate/helper.h"
#include "png/decoder.h"

#include <errno.h>
#include <inttypes.h>

/* Chunks that are kept beyond this are too many for a sandbox. Only what is written takes memory.
 */
enum { FOUND_BYTES = 64 << 20 };

/* What the helper is asked. The pointers are valid in it because it is forked. */
struct request {
    struct tl_decoder *decoder;
    const struct tl_job *job;
    struct tl_found *found; /* shared with the helper */
};

/* ---- in the helper ---- */

/* Maps the segment for reading, and its source for writing. Returns where the source begins. */
static unsigned char *map_source(const struct tl_job *job, int segment_fd, int readonly_fd)
{
    const struct tl_shape shape = tl_job_shape(job);
    const uint64_t begin = job->table.buffer[job->source].offset;
    const struct tl_extent source = {begin, shape.bytes - begin};
    unsigned char *base = tl_segment_map(readonly_fd, &shape, false);

    if (!base || !tl_segment_map_extent(base, segment_fd, &source)
        || !tl_segment_unprotect(base, &source))
        return NULL;
    return base + source.offset;
}

static void serve(const void *request, const struct tl_helper_descriptors *descriptors)
{
    const struct request *r = request;
    void *memory = tl_private_map(tl_decoder_memory_bytes(r->decoder));
    unsigned char *data = NULL;

    if (memory)
        data = map_source(r->job, descriptors->others[0], descriptors->others[1]);
    if (!data)
        tl_helper_no_memory();
    tl_decoder_move(r->decoder, descriptors->input);
    tl_helper_enter(true);
    tl_decoder_read_inside(r->decoder, memory, data, r->job->source_stride, r->found, FOUND_BYTES);
    tl_helper_answer(NULL, 0);
}

/* ---- in the coordinator ---- */

static telar_status explain(const struct tl_helper_failure *failure, pid_t pid, const char *name,
                            struct telar_error *error)
{
    static const telar_status statuses[] = {
        [TL_HELPER_LATE] = TELAR_TIMEOUT,    [TL_HELPER_ENDED] = TELAR_WORKER,
        [TL_HELPER_NONSENSE] = TELAR_WORKER, [TL_HELPER_NO_MEMORY] = TELAR_HOST,
        [TL_HELPER_NO_SANDBOX] = TELAR_HOST, [TL_HELPER_VIOLATION] = TELAR_WORKER,
    };
    const telar_status status = statuses[failure->how];
    const char *why = failure->how == TL_HELPER_LATE
                          ? "took longer than the time limit allows for all its bands"
                          : failure->why;

    tl_fail(error, status, failure->errnum, "%s: the process that decodes it (pid %" PRId64 ") %s",
            name, (int64_t)pid, why);
    if (error && error->status == status)
        error->pid = pid;
    return status;
}

/* Returns when the helper must have answered: the time limit is for each band. */
static uint64_t deadline(const struct tl_orders *orders, const struct tl_job *job)
{
    uint64_t allowed_ns;

    if (!orders->timeout_ms
        || __builtin_mul_overflow((uint64_t)job->n_bands, orders->timeout_ms * UINT64_C(1000000),
                                  &allowed_ns)
        || allowed_ns >= UINT64_MAX / 2)
        return UINT64_MAX;
    return tl_now_ns() + allowed_ns;
}

static telar_status decode(const struct request *request, const struct tl_orders *orders,
                           const struct tl_segment *segment, struct telar_error *error)
{
    const struct tl_helper_order order = {
        .serve = serve,
        .request = request,
        .descriptors = {tl_decoder_descriptor(request->decoder),
                        {segment->fd, segment->readonly_fd}},
        .sandbox = orders->sandbox,
    };
    const uint64_t deadline_ns = deadline(orders, request->job);
    struct tl_helper helper = TL_HELPER_NONE;
    struct tl_helper_failure failure;
    telar_status status = tl_child_check_reaping(error);

    if (status != TELAR_OK)
        return status;
    if (!tl_helper_start(&helper, &order))
        return tl_fail(error, TELAR_HOST, errno, "cannot make a worker process");
    if (!tl_helper_receive(&helper, NULL, 0, deadline_ns, &failure))
        return explain(&failure, helper.pid, orders->name, error);
    tl_helper_end(&helper);
    return TELAR_OK;
}

telar_status tl_decode_isolated(struct tl_decoder *decoder, const struct tl_orders *orders,
                                const struct tl_job *job, const struct tl_segment *segment,
                                struct telar_error *error)
{
    const struct request request = {decoder, job, tl_shared_map(FOUND_BYTES)};
    telar_status status;

    if (!request.found)
        return tl_fail(error, TELAR_HOST, errno, "%s: no memory to decode it in a sandbox",
                       orders->name);
    status = decode(&request, orders, segment, error);
    if (status == TELAR_OK)
        status = tl_decoder_take_found(decoder, request.found, FOUND_BYTES, error);
    tl_private_unmap(request.found, FOUND_BYTES);
    return status;
}
