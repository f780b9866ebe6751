/* SPDX-License-Identifier: MIT */
/* The names of an output file: none or a temporary one while bytes are written, then its own. The
 * only file that creates, links and renames files. */
#include <config.h>

#include "base/descriptor.h"
#include "base/random.h"
#include "png/atomic_output_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    NAME_TRIES = 100,
    NAME_SHOWN = TELAR_TEMPORARY_BYTES - 32, /* of the target's name within the temporary one */
};

/* A signal handler may look at any moment: the name is there before it is said to be, and is not
 * changed after. */
static void tell_name(struct tl_atomic_output *o)
{
    o->temporary->directory = o->directory;
    atomic_signal_fence(memory_order_seq_cst);
    o->temporary->exists = 1;
}

void tl_atomic_output_forget_name(struct tl_atomic_output *o)
{
    o->temporary->exists = 0;
    atomic_signal_fence(memory_order_seq_cst);
}

/* Writes ".NAME.telar-XXXXXX". The letters need not be secret: whoever makes a file of that name is
 * met with O_EXCL. */
static void choose_name(struct tl_atomic_output *o)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    uint64_t random = tl_random_number();
    char tail[7] = "";

    for (size_t i = 0; i < sizeof tail - 1; i++, random >>= 5)
        tail[i] = letters[random % 32];
    snprintf(o->temporary->name, sizeof o->temporary->name, ".%.*s.telar-%s", NAME_SHOWN, o->name,
             tail);
}

int tl_atomic_output_create_named(struct tl_atomic_output *o, mode_t mode)
{
    for (int try = 0; try < NAME_TRIES; try++) {
        int fd;

        choose_name(o);
        tell_name(o);
        fd =
            tl_descriptor_open(o->directory, o->temporary->name, O_WRONLY | O_CREAT | O_EXCL, mode);
        if (fd >= 0)
            return fd;
        tl_atomic_output_forget_name(o);
        if (errno != EEXIST)
            break;
    }
    return -1;
}

/* Needs no privilege, but /proc (open(2), O_TMPFILE). */
static int link_as(struct tl_atomic_output *o, const char *name)
{
    char self[64];

    snprintf(self, sizeof self, "/proc/self/fd/%d", o->fd);
    return linkat(AT_FDCWD, self, o->directory, name, AT_SYMLINK_FOLLOW);
}

static int link_nameless(struct tl_atomic_output *o)
{
    for (int try = 0; try < NAME_TRIES; try++) {
        choose_name(o);
        tell_name(o);
        if (link_as(o, o->temporary->name) == 0)
            return 0;
        tl_atomic_output_forget_name(o);
        if (errno != EEXIST)
            break;
    }
    return -1;
}

int tl_atomic_output_create_nameless(struct tl_atomic_output *o, mode_t mode)
{
    if (access("/proc/self/fd", X_OK) != 0) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return tl_descriptor_open(o->directory, ".", O_RDWR | O_TMPFILE, mode);
}

/*
 * Gives the named file its name if no file has it. Where links and renameat2 are refused, an empty
 * file that only this process can have made reserves the name.
 */
static int take_free_name(struct tl_atomic_output *o)
{
    const char *temporary = o->temporary->name;
    int fd;

    if (linkat(o->directory, temporary, o->directory, o->name, 0) == 0)
        return unlinkat(o->directory, temporary, 0);
    if (!tl_is_refusal(errno))
        return -1;
    if (renameat2(o->directory, temporary, o->directory, o->name, RENAME_NOREPLACE) == 0)
        return 0;
    if (!tl_is_refusal(errno))
        return -1;
    fd = tl_descriptor_open(o->directory, o->name, O_WRONLY | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -1;
    close(fd);
    if (renameat(o->directory, temporary, o->directory, o->name) == 0)
        return 0;
    fd = errno;
    unlinkat(o->directory, o->name, 0);
    errno = fd;
    return -1;
}

static int replace_name(struct tl_atomic_output *o)
{
    return renameat(o->directory, o->temporary->name, o->directory, o->name);
}

int tl_atomic_output_take_name(void *output)
{
    struct tl_atomic_output *o = output;
    const bool nameless = !o->temporary->exists;
    int failure;

    if (nameless && o->no_clobber)
        return link_as(o, o->name) == 0 ? 0 : errno;
    if (nameless && link_nameless(o) != 0)
        return errno;
    failure = (o->no_clobber ? take_free_name(o) : replace_name(o)) == 0 ? 0 : errno;
    if (!failure)
        tl_atomic_output_forget_name(o);
    else if (nameless) /* under an emulator the caller does not see the name in this memory */
        telar_temporary_remove(o->temporary);
    return failure;
}
