/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/png_input.h"

#include "base/status.h"
#include "png/framing.h"
#include "png/other_formats.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes room for n more bytes in a record. Returns false if there is no memory. */
static bool make_room(struct tl_log *log, size_t n)
{
    const size_t capacity = 2 * (log->n + n);
    unsigned char *grown;

    if (n <= log->capacity - log->n)
        return true;
    grown = realloc(log->bytes, capacity);
    if (!grown)
        return false;
    log->bytes = grown;
    log->capacity = capacity;
    return true;
}

/* Returns how many bytes of the record are still to be read. */
static size_t unread(const struct tl_log *log)
{
    return log->n - log->read_again;
}

/* Reads from the record again. Returns 0 when all of it has been read. */
static size_t read_log(struct tl_log *log, unsigned char *bytes, size_t n)
{
    n = n < unread(log) ? n : unread(log);
    if (n > 0)
        memcpy(bytes, log->bytes + log->read_again, n);
    log->read_again += n;
    return n;
}

/* What comes next, n bytes at most. 0 at the end of the file, -1 and errno on failure. */
static ssize_t read_some(struct tl_png_input *input, unsigned char *bytes, size_t n)
{
    ssize_t got;

    if (input->next < 0 && unread(&input->log) > 0)
        return (ssize_t)read_log(&input->log, bytes, n);
    do
        got = input->next < 0 ? read(input->fd, bytes, n)
                              : pread(input->fd, bytes, n, (off_t)input->next);
    while (got < 0 && errno == EINTR);
    if (got > 0 && input->next >= 0)
        input->next += got;
    return got;
}

static telar_status open_path(struct tl_png_input *input, const char *path,
                              struct telar_error *error)
{
    struct stat st;

    if (!input->owned) {
        if (fstat(input->fd, &st) != 0)
            return tl_fail(error, TELAR_INPUT, errno,
                           "standard input cannot be read; give a file name");
    } else {
        input->fd = tl_descriptor_open(AT_FDCWD, path, O_RDONLY | O_NOCTTY, 0);
        if (input->fd < 0 || fstat(input->fd, &st) != 0)
            return tl_fail(error, TELAR_INPUT, errno,
                           "%s: cannot be opened; check the name and its permissions", input->name);
    }
    if (S_ISDIR(st.st_mode))
        return tl_fail(error, TELAR_INPUT, 0, "%s: is a directory; name a PNG file", input->name);
    if (S_ISREG(st.st_mode)) {
        input->file_bytes = (uint64_t)st.st_size;
        input->next = lseek(input->fd, 0, SEEK_CUR);
    }
    return TELAR_OK;
}

static telar_status no_png(const struct tl_png_input *input, struct telar_error *error)
{
    const unsigned char *bytes = input->buffer;
    char command[TL_CONVERSION_BYTES];
    const char *what;

    if (input->end == 0)
        return tl_fail(error, TELAR_INPUT, 0, "%s: is empty; give a PNG file", input->name);
    if (input->end < TL_SIGNATURE_BYTES && memcmp(bytes, tl_png_signature, input->end) == 0)
        return tl_fail(error, TELAR_INPUT, 0,
                       "%s: is truncated after %zu bytes; get a complete copy", input->name,
                       input->end);
    what = tl_other_format_find(bytes, input->end, input->owned ? input->name : "-", command);
    if (what)
        return tl_fail(error, TELAR_INPUT, 0,
                       "%s: is %s file, whatever its name says; convert it to PNG first: %s",
                       input->name, what, command);
    if (input->end >= 4 && (memcmp(bytes, "\x89PNG", 4) == 0 || memcmp(bytes, "\tPNG", 4) == 0))
        return tl_fail(error, TELAR_INPUT, 0,
                       "%s: was a PNG, but its signature is damaged, as by a transfer as text; get "
                       "it again as binary",
                       input->name);
    return tl_fail(error, TELAR_INPUT, 0,
                   "%s: is not a PNG (its signature is missing); give a PNG file", input->name);
}

static telar_status take_signature(struct tl_png_input *input, struct telar_error *error)
{
    ssize_t got = 1;

    while (input->end < TL_SIGNATURE_BYTES && got > 0) {
        got = read_some(input, input->buffer + input->end, sizeof input->buffer - input->end);
        if (got < 0)
            return tl_fail(error, TELAR_INPUT, errno, "%s: cannot be read", input->name);
        input->end += (size_t)got;
    }
    if (input->end < TL_SIGNATURE_BYTES
        || memcmp(input->buffer, tl_png_signature, TL_SIGNATURE_BYTES) != 0)
        return no_png(input, error);
    input->begin = input->position = TL_SIGNATURE_BYTES;
    return TELAR_OK;
}

telar_status tl_png_input_open(struct tl_png_input *input, const char *path,
                               struct telar_error *error)
{
    telar_status status;

    input->owned = strcmp(path, "-") != 0;
    input->fd = input->owned ? -1 : STDIN_FILENO;
    input->file_bytes = input->position = 0;
    input->begin = input->end = 0;
    input->next = -1;
    input->errnum = 0;
    tl_shorten_path(input->owned ? path : "standard input", input->name);
    status = open_path(input, path, error);
    return status == TELAR_OK ? take_signature(input, error) : status;
}

telar_status tl_png_input_read(struct tl_png_input *input, unsigned char *bytes, size_t n,
                               struct telar_error *error)
{
    while (n > 0) {
        size_t ready = input->end - input->begin;
        ssize_t got;

        if (ready > n)
            ready = n;
        memcpy(bytes, input->buffer + input->begin, ready);
        input->begin += ready;
        input->position += ready;
        bytes += ready;
        n -= ready;
        if (n == 0)
            break;
        got = read_some(input, input->buffer, sizeof input->buffer);
        if (got < 0)
            return tl_fail(error, TELAR_INPUT, errno, "%s: cannot be read", input->name);
        if (got == 0)
            return tl_fail(error, TELAR_INPUT, 0,
                           "%s: is truncated: it ends after %" PRIu64
                           " bytes, before the PNG does; get a complete copy",
                           input->name, input->position);
        input->begin = 0;
        input->end = (size_t)got;
    }
    return TELAR_OK;
}

size_t tl_png_input_peek(struct tl_png_input *input, const unsigned char **bytes)
{
    if (input->begin == input->end) {
        ssize_t got = read_some(input, input->buffer, sizeof input->buffer);

        input->begin = 0;
        input->end = got > 0 ? (size_t)got : 0;
        input->errnum = got < 0 ? errno : 0;
    }
    *bytes = input->buffer + input->begin;
    return input->end - input->begin;
}

void tl_png_input_skip(struct tl_png_input *input, size_t n)
{
    input->begin += n;
    input->position += n;
}

/* Reads a pipe until n bytes of the record are unread, or the pipe ends. */
static telar_status read_ahead(struct tl_png_input *input, size_t n, struct telar_error *error)
{
    struct tl_log *log = &input->log;
    ssize_t got = 1;

    if (n > unread(log) && !make_room(log, n - unread(log)))
        return tl_fail(error, TELAR_HOST, ENOMEM, "%s: no memory to read it", input->name);
    while (unread(log) < n && got != 0) {
        got = read(input->fd, log->bytes + log->n, n - unread(log));
        if (got < 0 && errno != EINTR)
            return tl_fail(error, TELAR_INPUT, errno, "%s: cannot be read", input->name);
        log->n += got > 0 ? (size_t)got : 0;
    }
    return TELAR_OK;
}

telar_status tl_png_input_look_ahead(struct tl_png_input *input, uint64_t n, bool *follow,
                                     struct telar_error *error)
{
    const uint64_t ready = input->end - input->begin, missing = n > ready ? n - ready : 0;
    unsigned char last;
    telar_status status;

    if (input->next >= 0) {
        *follow =
            missing == 0 || pread(input->fd, &last, 1, input->next + (int64_t)(missing - 1)) == 1;
        return TELAR_OK;
    }
    status = read_ahead(input, missing, error);
    *follow = unread(&input->log) >= missing;
    return status;
}

static void release_log(struct tl_png_input *input)
{
    free(input->log.bytes);
    input->log = (struct tl_log){0};
}

void tl_png_input_resume(struct tl_png_input *input, uint64_t position, const unsigned char *bytes,
                         size_t n)
{
    const uint64_t known = input->position + (input->end - input->begin);
    const uint64_t passed = position + n - known;

    assert(n <= sizeof input->buffer);
    if (input->next >= 0)
        input->next += (int64_t)passed;
    else
        input->log.read_again += passed < unread(&input->log) ? passed : unread(&input->log);
    if (n > 0)
        memmove(input->buffer, bytes, n);
    input->begin = 0;
    input->end = n;
    input->position = position;
}

void tl_png_input_close(struct tl_png_input *input)
{
    release_log(input);
    if (input->owned && input->fd >= 0)
        close(input->fd);
    input->fd = -1;
}
