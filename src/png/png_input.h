/* SPDX-License-Identifier: MIT */
/*
 * input.h - the bytes of a PNG file, in order, from a descriptor. Layer: codec; over file and
 * status.
 */
#ifndef TL_INPUT_H
#define TL_INPUT_H

#include <telar/status.h>

#include "base/descriptor.h"

enum { TL_PNG_INPUT_BUFFER_BYTES = 65536 };

/*
 * A regular file is read at places that are told, never from where the descriptor happens to be:
 * processes that are forked share that, and what one of them has read must not be missing for
 * another.
 */
struct tl_png_input {
    int fd;
    bool owned;                     /* whether fd is to be closed; standard input is not */
    char name[TL_SHORT_PATH_BYTES]; /* for messages */
    uint64_t file_bytes;            /* 0 when it is no regular file */
    uint64_t position;              /* bytes handed out so far */
    int64_t first, next; /* of a regular file: where it began, and where the bytes behind the buffer
                            begin; -1: no such place */
    struct tl_log {
        bool keep; /* of what is no regular file: what is read is written down */
        unsigned char *bytes;
        size_t n, capacity, limit; /* more than the limit: nothing of it is kept */
        size_t read_again;         /* how much of it has been read once more */
    } log;
    int errnum;        /* why tl_png_input_peek could not read on; 0: it could, or the file ends */
    size_t begin, end; /* what is read but not handed out: buffer[begin, end) */
    unsigned char buffer[TL_PNG_INPUT_BUFFER_BYTES];
};

/*
 * Opens a file ("-": standard input) and takes the PNG signature off it. TELAR_INPUT: it cannot be
 * opened, is a directory, is empty, or is no PNG; the text says what it is instead where that can
 * be told. tl_png_input_close() it in any case.
 */
telar_status tl_png_input_open(struct tl_png_input *input, const char *path,
                               struct telar_error *error);

/* Gives exactly n bytes. TELAR_INPUT: they cannot be read, or the file ends before. */
telar_status tl_png_input_read(struct tl_png_input *input, unsigned char *bytes, size_t n,
                               struct telar_error *error);

/*
 * Says where the next bytes lie that are at hand, and how many: reads on when there are none. 0:
 * the file ends here, or cannot be read, and errnum says why. tl_png_input_skip takes n of them.
 * Async-signal-safe.
 */
size_t tl_png_input_peek(struct tl_png_input *input, const unsigned char **bytes);
void tl_png_input_skip(struct tl_png_input *input, size_t n);

/*
 * What comes from now on, and what has come already, can be read again, from the signature on: of a
 * regular file always, of a pipe up to `limit` bytes, which are written down until
 * tl_png_input_forget says that nobody will.
 */
void tl_png_input_remember(struct tl_png_input *input, size_t limit);
void tl_png_input_forget(struct tl_png_input *input);

/* Goes back to behind the signature. False: too much has come through a pipe. Async-signal-safe. */
bool tl_png_input_rewind(struct tl_png_input *input);

/*
 * Reads on where a copy of the input, in another process, has come to: after `position` bytes of
 * the file, of which it has read n more. n is at most TL_PNG_INPUT_BUFFER_BYTES; for 0 `bytes` may
 * be NULL.
 */
void tl_png_input_resume(struct tl_png_input *input, uint64_t position, const unsigned char *bytes,
                         size_t n);

void tl_png_input_close(struct tl_png_input *input);

#endif
