/* SPDX-License-Identifier: MIT */
/*
 * output.h - the output file of a run: its compression, and its temporary name.
 */
#ifndef TELAR_OUTPUT_H
#define TELAR_OUTPUT_H

#ifdef __cplusplus
extern "C" {
#endif

/* How the output is compressed. The pixels are the same with each. */
typedef enum telar_compression {
    TELAR_FAST = 0, /* telar's own encoder, band by band, in the workers */
    TELAR_SMALL,    /* as fast, and by zlib's level 9 too: of each band the smaller result */
} telar_compression;

enum { TELAR_TEMPORARY_BYTES = 232 };

/*
 * The temporary output file. It has a name only briefly at the end of the run, or all the time if
 * the file system lacks O_TMPFILE. The caller owns the struct, sets it to {0} before the run, and
 * keeps it until the run ends. The library writes it, in the thread that runs. The struct keeps
 * this size in all versions with the same soname.
 */
struct telar_temporary {
    volatile int exists; /* not 0 while the name exists or is about to */
    int directory;       /* descriptor of the directory; valid while `exists` is not 0 */
    char name[TELAR_TEMPORARY_BYTES];
};

/*
 * Removes the temporary file, if it has a name. The run can then not be completed. temporary must
 * not be NULL. Meant for the handler of a signal that ends the program: async-signal-safe, errno is
 * kept, any thread may call it. Reports no error.
 */
void telar_temporary_remove(const struct telar_temporary *temporary);

#ifdef __cplusplus
}
#endif
#endif
