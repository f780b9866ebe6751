/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "isolate/shm_name.h"

#include "base/text_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <telar/shm_name.h>
#include <unistd.h>

/* What a name is made of. */
struct parts {
    uint64_t pid, start, random;
};

static void write_name(const struct parts *parts, char name[TL_SHM_NAME_BYTES])
{
    snprintf(name, TL_SHM_NAME_BYTES, "/telar-%" PRIu64 "-%" PRIu64 "-%016" PRIx64, parts->pid,
             parts->start, parts->random);
}

/* Reads the name of a file in /dev/shm. Returns false if the name has not exactly the form that
 * write_name gives. */
static bool read_name(const char *name, struct parts *parts)
{
    char again[TL_SHM_NAME_BYTES];

    if (sscanf(name, "telar-%" SCNu64 "-%" SCNu64 "-%" SCNx64, &parts->pid, &parts->start,
               &parts->random)
        != 3)
        return false;
    write_name(parts, again);
    return strcmp(name, again + 1) == 0;
}

/*
 * Returns when a process was started, in clock ticks since boot; 0 if there is no such process.
 * Field 2 of its stat, the program's name, may hold blanks and brackets, so fields are counted from
 * the last bracket.
 */
static uint64_t start_of(uint64_t pid)
{
    char path[64], text[1024];
    const char *at;
    uint64_t start = 0;

    snprintf(path, sizeof path, "/proc/%" PRIu64 "/stat", pid);
    if (!tl_text_file_read(path, text, sizeof text) || !(at = strrchr(text, ')')))
        return 0;
    for (int field = 2; field < 22 && at; field++)
        at = strchr(at + 1, ' ');
    return at && sscanf(at, "%" SCNu64, &start) == 1 ? start : 0;
}

void tl_shm_name_make(uint64_t random, char name[TL_SHM_NAME_BYTES])
{
    const uint64_t pid = (uint64_t)getpid();

    write_name(&(struct parts){pid, start_of(pid), random}, name);
}

/* Removes a name that a killed process of this user left. Only counts it if another user made it.
 * Another telar may remove the name first, which is no failure. */
static void remove_left(struct telar_shm_names *names, int directory, const char *name)
{
    char made[TL_SHM_NAME_BYTES];
    struct parts parts;
    struct stat st;

    if (!read_name(name, &parts) || fstatat(directory, name, &st, AT_SYMLINK_NOFOLLOW) != 0
        || !S_ISREG(st.st_mode) || st.st_size != 0 || start_of(parts.pid) == parts.start)
        return;
    write_name(&parts, made);
    if (st.st_uid != geteuid())
        names->left++;
    else if (shm_unlink(made) == 0)
        names->removed++;
}

struct telar_shm_names telar_shm_names_remove(void)
{
    struct telar_shm_names names = {0};
    struct dirent *entry;
    DIR *directory;

    if (start_of((uint64_t)getpid()) == 0 || !(directory = opendir("/dev/shm")))
        return names;
    while ((entry = readdir(directory)) != NULL)
        remove_left(&names, dirfd(directory), entry->d_name);
    closedir(directory);
    return names;
}
