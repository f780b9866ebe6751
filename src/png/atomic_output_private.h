/* SPDX-License-Identifier: MIT */
/* atomic_output_private.h - an output file that is being written, for the files atomic_output*.c.
 */
#ifndef TL_PNG_ATOMIC_OUTPUT_PRIVATE_H
#define TL_PNG_ATOMIC_OUTPUT_PRIVATE_H

#include "base/descriptor.h"
#include "png/atomic_output.h"
#include "png/file_attributes.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <telar/output.h>

/* An output file. Only the process that opened it closes it. */
struct tl_atomic_output {
    int fd;           /* where the bytes go */
    int directory;    /* of the target; -1 when written directly */
    bool owned;       /* whether fd is to be closed; standard output is not */
    bool direct;      /* no temporary file: standard output, a pipe, a device */
    bool no_clobber;  /* no file may be replaced */
    struct stat old;  /* the target as it was; st_mode 0: there was none */
    struct stat kept; /* INPUT, whose time and permissions are kept; st_mode 0: nothing is */
    char *path;       /* of the target, links resolved; NULL when written directly */
    const char *name; /* the last part of it */
    struct telar_temporary *temporary; /* the file's present name in directory, if it has one */
    struct telar_temporary own;        /* which that is when nobody else wants to know */
    char shown[TL_SHORT_PATH_BYTES];
    char lost[TL_LOST_BYTES]; /* what the new file cannot have of the old one */
};

/*
 * Creates the file under a temporary name in the target's directory, and tells the name to
 * o->temporary. Returns a descriptor, or -1 and leaves errno.
 */
int tl_atomic_output_create_named(struct tl_atomic_output *o, mode_t mode);

/* Creates the file without a name in the target's directory. Returns a descriptor, or -1 and leaves
 * errno. */
int tl_atomic_output_create_nameless(struct tl_atomic_output *o, mode_t mode);

/*
 * Gives the file its name: replaces the target, or with no_clobber takes a name that is free.
 * `output` is a struct tl_atomic_output. tl_child_call calls this in a process of its own. Returns
 * 0 or an errno; a file that had no name then has none again.
 */
int tl_atomic_output_take_name(void *output);

/* Notes that the file has no temporary name. Async-signal-safe. */
void tl_atomic_output_forget_name(struct tl_atomic_output *o);

#endif
