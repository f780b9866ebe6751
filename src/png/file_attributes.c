/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "png/file_attributes.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char access_list[] = "system.posix_acl_access", user_prefix[] = "user.";

enum {
    ATTRIBUTE_BYTES_MAX = 65536, /* of a value and of the list of names: limits of Linux */
    RIGHTS = S_IRWXU | S_IRWXG | S_IRWXO,
};

bool tl_is_refusal(int errnum)
{
    return errnum == EPERM || errnum == ENOENT || errnum == EACCES || errnum == EXDEV
           || errnum == EINVAL || errnum == ENOSYS || errnum == EOPNOTSUPP;
}

static void note_lost(char lost[TL_LOST_BYTES], const char *what)
{
    size_t used = strlen(lost);

    snprintf(lost + used, TL_LOST_BYTES - used, "%s%s", used ? ", " : "", what);
}

/* ---- user attributes ---- */

/* `value` has room for ATTRIBUTE_BYTES_MAX bytes. */
static bool copy_attribute(int fd, const char *from, const char *name, char *value)
{
    ssize_t n = getxattr(from, name, value, ATTRIBUTE_BYTES_MAX);

    return n >= 0 && fsetxattr(fd, name, value, (size_t)n, 0) == 0;
}

/* A file system without attributes lists none. */
static void copy_attributes(int fd, const char *from, char lost[TL_LOST_BYTES])
{
    char *names = malloc(2 * ATTRIBUTE_BYTES_MAX), *value = names + ATTRIBUTE_BYTES_MAX, text[48];
    ssize_t n = names ? listxattr(from, names, ATTRIBUTE_BYTES_MAX) : -1;
    unsigned missing = 0;

    for (char *name = names; n > 0 && name < names + n; name += strlen(name) + 1)
        if (strncmp(name, user_prefix, sizeof user_prefix - 1) == 0)
            missing += !copy_attribute(fd, from, name, value);
    free(names);
    snprintf(text, sizeof text, "%u user attribute%s", missing, missing == 1 ? "" : "s");
    if (missing > 0)
        note_lost(lost, text);
}

/* ---- access control lists: linux/posix_acl_xattr.h ---- */

struct list {
    unsigned char bytes[8192];
    ssize_t n; /* 0: there is none; -1: it cannot be read */
};

enum { HEAD_BYTES = 4, ENTRY_BYTES = 8 };
enum { TAG_USER = 0x02, TAG_OWNING_GROUP = 0x04, TAG_GROUP = 0x08, TAG_MASK = 0x10 };

static void read_list(const char *path, struct list *list)
{
    list->n = getxattr(path, access_list, list->bytes, sizeof list->bytes);
    if (list->n < 0 && (errno == ENODATA || errno == EOPNOTSUPP))
        list->n = 0;
}

/* Returns the permissions, three bits, that all entries with one of these tags have in common. */
static mode_t common_rights(const struct list *list, unsigned tags)
{
    mode_t common = 7;

    for (ssize_t at = HEAD_BYTES; at + ENTRY_BYTES <= list->n; at += ENTRY_BYTES)
        if (list->bytes[at] & tags)
            common &= list->bytes[at + 2];
    return common;
}

static void clear_owning_group(struct list *list)
{
    for (ssize_t at = HEAD_BYTES; at + ENTRY_BYTES <= list->n; at += ENTRY_BYTES)
        if (list->bytes[at] == TAG_OWNING_GROUP)
            list->bytes[at + 2] = list->bytes[at + 3] = 0;
}

/*
 * Returns the mode that a file has without its list. The group's bits of a file with a list are the
 * list's mask, so the group gets its own entry. A named user or group could have had less than
 * everybody else, so nobody gets more than any of them.
 */
static mode_t without_list(const struct list *list, mode_t mode)
{
    mode_t named = common_rights(list, TAG_USER | TAG_GROUP | TAG_MASK);
    mode_t group = common_rights(list, TAG_OWNING_GROUP);

    if (list->n < 0)
        return mode & S_IRWXU;
    if (common_rights(list, TAG_USER | TAG_GROUP) == 7)
        return (mode & (S_IRWXU | S_IRWXO)) | (group & named) << 3;
    return (mode & S_IRWXU) | (group & named) << 3 | (mode & S_IRWXO & named);
}

/* A list that was inherited from the directory must go. */
static int remove_list(int fd)
{
    if (fremovexattr(fd, access_list) == 0 || errno == ENODATA || errno == EOPNOTSUPP)
        return 0;
    return fgetxattr(fd, access_list, NULL, 0) < 0 ? 0 : -1;
}

/* Where modes cannot be set, the file's own mode will do if it gives nobody more. */
static int set_mode(int fd, mode_t mode, char lost[TL_LOST_BYTES])
{
    struct stat st;
    int refused;

    if (fchmod(fd, mode) == 0)
        return 0;
    refused = errno;
    if (!tl_is_refusal(refused) || fstat(fd, &st) != 0 || (st.st_mode & RIGHTS & ~mode)) {
        errno = refused;
        return -1;
    }
    if ((st.st_mode & RIGHTS) != mode)
        note_lost(lost, "permissions");
    return 0;
}

static int set_rights(int fd, const struct tl_file_model *model, bool group_kept,
                      char lost[TL_LOST_BYTES])
{
    mode_t mode = model->mode & RIGHTS;
    struct list list;

    read_list(model->rights, &list);
    if (!group_kept)
        clear_owning_group(&list);
    if (list.n > 0 && fsetxattr(fd, access_list, list.bytes, (size_t)list.n, 0) == 0)
        return 0;
    if (list.n > 0 && !tl_is_refusal(errno))
        return -1;
    if (list.n != 0) {
        note_lost(lost, "access control list");
        mode = without_list(&list, mode);
    }
    if (remove_list(fd) != 0)
        return -1;
    return set_mode(fd, group_kept ? mode : mode & ~(mode_t)S_IRWXG, lost);
}

/* ---- all of them ---- */

/*
 * Gives the file to the old owner and group, as far as that is allowed. Sets *group_kept to whether
 * the group is the old one: what the old group was allowed is not for another one.
 */
static int set_owner(int fd, const struct stat *old, bool *group_kept)
{
    struct stat st;

    *group_kept = true;
    if (fchown(fd, old->st_uid, old->st_gid) == 0)
        return 0;
    if (!tl_is_refusal(errno))
        return -1;
    if (fchown(fd, (uid_t)-1, old->st_gid) == 0)
        return 0;
    if (!tl_is_refusal(errno))
        return -1;
    *group_kept = fstat(fd, &st) == 0 && st.st_gid == old->st_gid;
    return 0;
}

/* User attributes come first: the new mode may take away the right to set them. */
int tl_file_attributes_take(int fd, const struct tl_file_model *model, char lost[TL_LOST_BYTES])
{
    bool group_kept = true;

    lost[0] = '\0';
    if (model->old) {
        copy_attributes(fd, model->old, lost);
        if (set_owner(fd, model->owner, &group_kept) != 0)
            return -1;
    }
    return model->rights ? set_rights(fd, model, group_kept, lost) : 0;
}
