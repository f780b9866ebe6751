/* SPDX-License-Identifier: MIT */
/*
 * other_names.h - names that transforms have in other programs, for suggestions. Layer: the lowest.
 */
#ifndef TL_OTHER_NAMES_H
#define TL_OTHER_NAMES_H

/*
 * What telar has for a name from another program. `here` is the name of telar's transform. It is
 * NULL for an operation that changes the rows and columns of a picture, which telar does not do.
 */
struct tl_other_name {
    const char *there, *here;
};

/* Returns the entry for exactly this name, a constant, or NULL. Any thread may call it. */
const struct tl_other_name *tl_other_name_find(const char *name);

#endif
