/* SPDX-License-Identifier: MIT */
/*
 * struct_size.h - structs of the caller that a later version may make longer.
 *
 * Such a struct begins with the number of bytes that the caller's headers gave it. The library
 * knows the size in version 0.1 and its own size, and reads no byte beyond the caller's.
 */
#ifndef TL_STRUCT_SIZE_H
#define TL_STRUCT_SIZE_H

#include <stddef.h>
#include <stdint.h>
#include <telar/status.h>

/* One struct as the library knows it. Constant data beside the code that reads the struct. */
struct tl_struct_shape {
    const char *name;  /* of the struct, for messages */
    const char *macro; /* the macro that sets struct_size, for messages */
    uint32_t first;    /* bytes up to the end of the last member of version 0.1 */
    uint32_t own;      /* bytes of it in this library */
};

/* A shape whose last member in version 0.1 is `member`. */
#define TL_STRUCT_SHAPE(type, member, macro)                                                       \
    {                                                                                              \
        "struct " #type, #macro, offsetof(struct type, member) + sizeof((struct type *)0)->member, \
            sizeof(struct type)                                                                    \
    }

/*
 * Copies `from`, which begins with its struct_size, to `into`, and sets what it does not have to
 * zeros. `from` may be NULL: all zeros. TELAR_USAGE: no version of the struct had this size, or a
 * byte beyond this library's own struct is not 0. *into is all zeros then.
 */
telar_status tl_struct_size_take(const struct tl_struct_shape *shape, const void *from, void *into,
                                 struct telar_error *error);

/*
 * Returns whether a struct of `size` bytes can be read with the members that the library knows:
 * the size is at least `first`, not absurd, and all bytes beyond `own` are 0.
 */
bool tl_struct_size_fits(const void *from, uint32_t size, uint32_t first, uint32_t own);

#endif
