/* SPDX-License-Identifier: MIT */
/*
 * faults.h - the faults of a PNG file that leave every pixel certain. Layer: png; over framing.
 *
 * A list has each pair of chunk name and fault once. The list is plain data without pointers, so a
 * process in a sandbox can hand it over.
 */
#ifndef TL_FAULTS_H
#define TL_FAULTS_H

#include <stdbool.h>
#include <stdint.h>
#include <telar/png.h>

/* The kinds of faults in a file. A struct tl_faults has them by number. */
enum tl_fault {
    TL_FAULT_NONE,
    TL_FAULT_CRC,       /* the CRC of an ancillary chunk is wrong */
    TL_FAULT_LENGTH,    /* the chunk is too short or too long */
    TL_FAULT_CONTENTS,  /* a value is out of its range */
    TL_FAULT_TWICE,     /* a file may have one, and has another before */
    TL_FAULT_PLACE,     /* the chunk stands where it must not */
    TL_FAULT_COLOR,     /* a picture of this colour type must not have the chunk */
    TL_FAULT_CRITICAL,  /* an unknown critical chunk behind the image data */
    TL_FAULT_COLORS,    /* PLTE has more colours than the bit depth can name */
    TL_FAULT_MORE_ROWS, /* the image data has more bytes than the rows */
    TL_FAULT_MORE_DATA, /* bytes follow the end of the compressed image data */
    TL_FAULT_END_DATA,  /* IEND has data */
    TL_FAULT_LIMIT,     /* valid, but the kept chunks would be over the limit */
    TL_FAULT_PROFILE,   /* valid, but a profile says more of the same */
    TL_FAULT_FULL,      /* the list is full: there are more faults */
    TL_FAULT_COUNT,
};

/* The faults of a file, in the order of the file. The scan of its chunks writes it. */
struct tl_faults {
    uint32_t n;
    struct tl_fault_note {
        unsigned char chunk[4]; /* the name, four letters */
        uint8_t fault;          /* enum tl_fault */
    } note[TELAR_WARNINGS_MAX];
};

/* Adds a fault, unless the list has the pair already. The last place says that the list is full.
 * Async-signal-safe. */
void tl_faults_add(struct tl_faults *faults, const unsigned char *chunk, enum tl_fault fault);

/* Returns whether a list that another process wrote makes sense: names of letters, known faults. */
bool tl_faults_valid(const struct tl_faults *faults);

/* Returns what a fault is, as the end of a sentence: "its CRC is wrong". A constant string. */
const char *tl_fault_text(enum tl_fault fault);

/* Returns whether the PNG specification forbids the fault. TL_FAULT_LIMIT and TL_FAULT_PROFILE are
 * allowed. */
bool tl_fault_forbidden(enum tl_fault fault);

/* Writes the faults as warnings for the caller of the library. */
void tl_faults_tell(const struct tl_faults *faults, struct telar_warnings *warnings);

#endif
