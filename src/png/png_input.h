/* SPDX-License-Identifier: MIT */
/*
 * png_input.h - the bytes of a PNG file, in order, from a descriptor. Layer: png; over base and
 * framing.
 */
#ifndef TL_PNG_INPUT_H
#define TL_PNG_INPUT_H

#include <telar/status.h>

#include "base/descriptor.h"

enum { TL_PNG_INPUT_BUFFER_BYTES = 65536 };

/*
 * An input. Written by the functions below. A regular file is read with pread, at offsets kept
 * here. Forked processes share the offset of a descriptor, so using that one would make one process
 * miss what another has read.
 */
struct tl_png_input {
    int fd;
    bool owned;                     /* fd is to be closed; false for standard input */
    char name[TL_SHORT_PATH_BYTES]; /* for messages */
    uint64_t file_bytes;            /* 0 when it is no regular file */
    uint64_t position;              /* bytes handed out so far */
    int64_t next;                   /* offset in a regular file of what follows the buffer; -1 in a
                                       pipe */
    struct tl_log {                 /* of a pipe: bytes that were read ahead */
        unsigned char *bytes;
        size_t n, capacity;
        size_t read_again; /* bytes of the record up to here have been read */
    } log;
    int errnum;        /* why tl_png_input_peek could not read on; 0: it could, or the file ends */
    size_t begin, end; /* what is read but not handed out: buffer[begin, end) */
    unsigned char buffer[TL_PNG_INPUT_BUFFER_BYTES];
};

/*
 * Opens a file ("-": standard input) and reads its PNG signature. tl_png_input_close() must follow,
 * after a failure too. TELAR_INPUT: the file cannot be opened, is a directory, is empty, or is no
 * PNG; the text says what it is instead if its first bytes tell.
 */
telar_status tl_png_input_open(struct tl_png_input *input, const char *path,
                               struct telar_error *error);

/* Reads exactly n bytes. TELAR_INPUT: they cannot be read, or the file ends before. */
telar_status tl_png_input_read(struct tl_png_input *input, unsigned char *bytes, size_t n,
                               struct telar_error *error);

/*
 * Sets *bytes to the next bytes in the buffer and returns how many there are; fills the buffer if
 * it is empty. Returns 0 at the end of the file, or if it cannot be read: then errnum is not 0.
 * Async-signal-safe.
 */
size_t tl_png_input_peek(struct tl_png_input *input, const unsigned char **bytes);

/* Takes n of the bytes that tl_png_input_peek has shown. Async-signal-safe. */
void tl_png_input_skip(struct tl_png_input *input, size_t n);

/*
 * Sets *follow to whether at least n more bytes can be read. Reads a pipe as far as this takes, and
 * keeps the bytes for later. TELAR_INPUT: the pipe cannot be read. TELAR_HOST: no memory for the
 * bytes of a pipe. Takes no memory when the same bytes were read before.
 */
telar_status tl_png_input_look_ahead(struct tl_png_input *input, uint64_t n, bool *follow,
                                     struct telar_error *error);

/*
 * Goes on where a copy of the input, in another process, has ended: behind `position` bytes of the
 * file. The copy has read n more, which `bytes` holds. n is at most TL_PNG_INPUT_BUFFER_BYTES; for
 * 0 `bytes` may be NULL.
 */
void tl_png_input_resume(struct tl_png_input *input, uint64_t position, const unsigned char *bytes,
                         size_t n);

/* Closes the descriptor, unless it is standard input. */
void tl_png_input_close(struct tl_png_input *input);

#endif
