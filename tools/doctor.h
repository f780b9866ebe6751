/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - what `telar doctor` finds out about the host.
 */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H

enum level { LEVEL_OK, LEVEL_WARN, LEVEL_BAD };

/* One finding: what was examined, what was found, and, unless it is ok, the remedy. */
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

/* Examines everything and fills *findings. */
void doctor_examine(struct findings *findings);

#endif
