/* SPDX-License-Identifier: MIT */
/*
 * file_attributes.h - owner, permissions, access control list and user attributes of a new file
 * that takes the place of another. Layer: png; over base.
 */
#ifndef TL_FILE_ATTRIBUTES_H
#define TL_FILE_ATTRIBUTES_H

#include <stdbool.h>
#include <sys/stat.h>

enum { TL_LOST_BYTES = 128 };

/* The files whose attributes a new file gets. The caller fills it. Paths are followed. */
struct tl_file_model {
    const char *old;          /* owner, group and user attributes; NULL: no file is replaced */
    const struct stat *owner; /* of `old` */
    const char *rights;       /* access control list; NULL: the new file keeps what it inherited */
    mode_t mode;              /* permission bits of `rights` */
};

/*
 * Gives the new file `fd`, which this process owns and whose mode is 0600, the attributes of the
 * model. Writes into `lost` which of them it cannot have here, "" for none. An attribute that is
 * lost never gives rights to anybody who had none: the group's and the others' rights shrink.
 * Returns 0, or -1 with errno when the file would have more rights than the model.
 */
int tl_file_attributes_take(int fd, const struct tl_file_model *model, char lost[TL_LOST_BYTES]);

/*
 * Returns whether a system call failed with `errnum` because the file system, the kernel or a
 * sandbox does not offer it, so that another way may do.
 */
bool tl_is_refusal(int errnum);

#endif
