/* SPDX-License-Identifier: MIT */
/*
 * inflate.c - the calls: takes the state of a stream and its buffers, runs the steps, saves the
 * state.
 */
#include <config.h>

#include "flate/inflate_state.h"

#include "flate/checksum.h"

#include <assert.h>
#include <string.h>

void tl_inflate_save_output(struct tl_inflate_call *r)
{
    struct tl_inflate *s = r->s;
    const size_t n = (size_t)(r->out - r->out_begin);
    unsigned char *const end = s->history + TL_INFLATE_WINDOW;

    if (n == 0)
        return;
    s->adler = tl_adler32(s->adler, r->out_begin, n);
    if (n < TL_INFLATE_WINDOW) {
        memmove(s->history, s->history + n, TL_INFLATE_WINDOW - n);
        memcpy(end - n, r->out_begin, n);
    } else {
        memcpy(s->history, r->out - TL_INFLATE_WINDOW, TL_INFLATE_WINDOW);
    }
    s->n_history =
        n < TL_INFLATE_WINDOW - s->n_history ? s->n_history + (uint32_t)n : TL_INFLATE_WINDOW;
    r->out_begin = r->out;
}

void tl_inflate_copy_match(const struct tl_inflate *s, unsigned char *out, size_t at,
                           size_t distance, size_t n)
{
    for (; n > 0 && at < distance; n--, at++)
        *out++ = s->history[TL_INFLATE_WINDOW - (distance - at)];
    for (; n > 0; n--, out++)
        *out = out[-(ptrdiff_t)distance];
}

void tl_inflate_begin(struct tl_inflate *inflate, bool raw)
{
    /* Tables, history and code lengths are written before anything reads them. */
    memset(inflate, 0, offsetof(struct tl_inflate, lengths));
    inflate->is_raw = raw;
    inflate->step = raw ? TL_BLOCK : TL_HEAD;
    inflate->window = TL_INFLATE_WINDOW;
    inflate->adler = 1;
}

static struct tl_inflate_call begin_call(struct tl_inflate *inflate,
                                         const struct tl_inflate_input *in,
                                         const struct tl_inflate_output *out)
{
    /*
     * Stands in for NULL buffers, because arithmetic on NULL is undefined. No byte of it is used.
     */
    static unsigned char none[1];
    const unsigned char *const input = in->n > 0 ? in->bytes : none;
    unsigned char *const output = out->n > 0 ? out->bytes : none;

    assert(in->used <= in->n && (out->used < out->n || out->n == 0));
    return (struct tl_inflate_call){
        .s = inflate,
        .bits = inflate->bits,
        .n_bits = inflate->n_bits,
        .in_begin = input + in->used,
        .in = input + in->used,
        .in_end = input + in->n,
        .out_begin = output,
        .out = output + out->used,
        .out_end = output + out->n,
    };
}

/* Saves the state of the call. A full output buffer goes into the history. */
static tl_inflate_state end_call(struct tl_inflate_call *r, struct tl_inflate_input *in,
                                 struct tl_inflate_output *out)
{
    struct tl_inflate *s = r->s;

    in->used += (size_t)(r->in - r->in_begin);
    out->used = out->n > 0 ? (size_t)(r->out - out->bytes) : 0;
    s->bits = r->bits;
    s->n_bits = r->n_bits;
    if (r->out == r->out_end && r->out_begin != r->out)
        tl_inflate_save_output(r);
    return s->step == TL_ENDED     ? TL_INFLATE_END
           : s->step == TL_REFUSED ? TL_INFLATE_BAD
                                   : TL_INFLATE_MORE;
}

tl_inflate_state tl_inflate_run(struct tl_inflate *inflate, struct tl_inflate_input *in,
                                struct tl_inflate_output *out)
{
    struct tl_inflate_call r = begin_call(inflate, in, out);

    while (tl_inflate_step(&r)) {
    }
    return end_call(&r, in, out);
}

int tl_inflate_run_two(struct tl_inflate *const inflate[2], struct tl_inflate_input *const in[2],
                       struct tl_inflate_output *const out[2])
{
    struct tl_inflate_call a = begin_call(inflate[0], in[0], out[0]),
                           b = begin_call(inflate[1], in[1], out[1]);
    bool a_goes_on;

    while ((a_goes_on = tl_inflate_reach_symbols(&a)) && tl_inflate_reach_symbols(&b))
        tl_inflate_two_quickly(&a, &b);
    end_call(&a, in[0], out[0]);
    end_call(&b, in[1], out[1]);
    return a_goes_on ? 1 : 0;
}

bool tl_inflate_between_blocks(const struct tl_inflate *inflate)
{
    return inflate->step == TL_BLOCK && !inflate->is_final && inflate->n_bits == 0;
}
