/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - what `telar doctor` finds out about the host.
 */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H

enum level { LEVEL_OK, LEVEL_WARN, LEVEL_BAD };

/* One line: what was looked at, what was found, and, unless it is ok, what to do about it. */
struct finding {
    const char *name;
    enum level level;
    char text[512];
    const char *remedy;
};

enum { FINDINGS_MAX = 16 };

/* Begin with {0}. */
struct findings {
    int count;
    struct finding finding[FINDINGS_MAX];
};

/* Looks at everything. */
void doctor_examine(struct findings *findings);

#endif
