/* SPDX-License-Identifier: MIT */
/*
 * atomic_output.h - output files that are complete, or as they were before. Layer: png; over base
 * and isolate. The only place that creates, renames and removes files.
 */
#ifndef TL_ATOMIC_OUTPUT_H
#define TL_ATOMIC_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <telar/output.h>
#include <telar/status.h>

/*
 * An output file that takes its name only when it is complete. "-" is standard output, which is
 * written directly.
 *
 * The file is made without a name where the filesystem can (O_TMPFILE), else as
 * ".NAME.telar-XXXXXX" beside the path. If the path exists, the new file gets its permission bits,
 * access control list, user attributes and, as far as allowed, its owner. Other hard links to the
 * old file keep the old contents. A write-protected file is refused. A symbolic link is followed:
 * the file that it names is replaced and the link stays. A link to nowhere is refused. Anything but
 * a regular file (a pipe, /dev/full) is written directly.
 */
struct tl_atomic_output;

/* What the caller wants of an output besides the path. The caller fills it; {0} is right. */
struct tl_output_wishes {
    struct telar_temporary
        *temporary;       /* gets the file's name while it is not its own; NULL: none */
    bool no_clobber;      /* refuse a path that exists, at the beginning and the end */
    const char *preserve; /* a file whose modification time, permission bits and access control
                             list the output gets; NULL: none */
};

/*
 * Opens an output. `wishes` may be NULL. TELAR_OUTPUT: the file cannot be created there, or could
 * not take its name at the end; the text names the path. *output is NULL on error.
 */
telar_status tl_atomic_output_open(const char *path, const struct tl_output_wishes *wishes,
                                   struct tl_atomic_output **output, struct telar_error *error);

/*
 * Writes n bytes, also after EINTR and short writes. TELAR_OUTPUT: not all could be written, EPIPE
 * included; SIGPIPE is not raised.
 */
telar_status tl_atomic_output_write(struct tl_atomic_output *output, const void *bytes, size_t n,
                                    struct telar_error *error);

/*
 * Calls fsync and close, and puts the file in the place of the old one, in this order. On error the
 * old file is as it was. Releases the output.
 */
telar_status tl_atomic_output_commit(struct tl_atomic_output *output, struct telar_error *error);

/*
 * Returns what the new file cannot have of the file that it replaces: "access control list", "2
 * user attributes", "permissions", several with commas; "" for nothing. Belongs to the output.
 */
const char *tl_atomic_output_lost(const struct tl_atomic_output *output);

/* Returns whether written bytes are out at once and cannot be taken back: for a pipe, a device or
 * standard output. */
bool tl_atomic_output_is_direct(const struct tl_atomic_output *output);

/* Gives up: the path is as it was, and no file stays behind. Releases the output. NULL is allowed.
 */
void tl_atomic_output_abandon(struct tl_atomic_output *output);

#endif
