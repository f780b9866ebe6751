/* SPDX-License-Identifier: MIT */
/*
 * escapes - makes every attempt to escape from a worker, at every rung of isolation, and prints the
 * results.
 *
 *     escapes                      prints the table
 *     escapes --mdoc               prints it as in the manual: refusals by this host alone count as
 * open escapes --one NAME RUNG      prints one cell: open, refused ERRNO, stopped CALL, or lost WHY
 *
 * Each cell is one run in its own process. The run's transform makes the attempt and writes the
 * result into its pixels. Open cells at lower rungs are no faults, because those rungs promise
 * less.
 */
#include <config.h>

#include "dev/escapes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <telar/telar.h>
#include <unistd.h>

enum { COLUMNS = 64, CELL_BYTES = 160 };

static const struct rung {
    const char *name;
    telar_engine engine;
    telar_isolation isolation;
} rungs[] = {
    {"threads", TELAR_THREADS, TELAR_ISOLATION_DEFAULT},
    {"shared", TELAR_PROCESSES, TELAR_SHARED},
    {"guarded", TELAR_PROCESSES, TELAR_GUARDED},
    {"sandboxed", TELAR_PROCESSES, TELAR_SANDBOXED},
};

enum { N_RUNGS = sizeof rungs / sizeof *rungs };

/* ---- one attempt ---- */

static const struct attempt *attempt; /* the attempt that this process makes */
static struct scene scene;
static int target; /* the word at which attempts on the coordinator's memory aim */

/*
 * Memory that both workers share, apart from telar. Each writes its process id, which an attempt on
 * its sibling needs.
 */
static volatile struct meeting {
    int pid[2];
} * meeting;

/*
 * Waits until both workers have their region, so that one worker cannot get both. Busy-waits,
 * because the sandbox allows few system calls.
 */
static void meet(uint32_t region)
{
    meeting->pid[region] = getpid();
    for (long i = 0; i < 2000000000 && !meeting->pid[1 - region]; i++)
        ;
    scene.sibling = meeting->pid[1 - region];
}

/*
 * Makes the attempt in the first region. Writes the result into the first pixels: 1 for open, or 2
 * and errno.
 */
static void attempt_process(const struct telar_context *context, const struct telar_source *source,
                            const struct telar_result *result)
{
    unsigned char *pixel = result->data;
    long got;

    memset(pixel, 0, COLUMNS);
    meet(result->region.r0);
    if (result->region.r0 != 0)
        return;
    scene.source = source->data;
    scene.result = result->data;
    errno = 0;
    got = escape_try(attempt, &scene);
    pixel[1] = (unsigned char)errno;
    pixel[0] = got < 0 && got >= -4095 ? 2 : 1;
}

static const struct telar_transform escape = {TELAR_TRANSFORM_ABI, sizeof(struct telar_transform),
                                              .name = "escape",    .summary = "tries to get out",
                                              .manual = "",        .process = attempt_process};

/* Returns true if the kernel refused the call, rather than only finding its arguments invalid. */
static bool refused(int errnum)
{
    static const int refusals[] = {EPERM,           EACCES,          ENOSYS,
                                   ENOMEM,          ENODEV,          EAFNOSUPPORT,
                                   EPROTONOSUPPORT, ESOCKTNOSUPPORT, EOPNOTSUPP};

    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i] == errnum)
            return true;
    return false;
}

static void tell_pixels(const unsigned char *pixel)
{
    if (pixel[0] == 2 && refused(pixel[1]))
        printf("refused %s\n", strerrorname_np(pixel[1]));
    else
        printf("%s\n", pixel[0] ? "open" : "lost: it was not made");
}

/*
 * Two of telar's messages show a violation: "... tried the system call socket, which its sandbox
 * forbids" and "... was killed by SIGSYS ...".
 */
static void tell_failure(const char *text)
{
    const char *begin = strstr(text, "system call "), *end = begin ? strchr(begin, ',') : NULL;

    if (strstr(text, "SIGSYS"))
        printf("stopped SIGSYS\n");
    else if (strstr(text, "SIGSEGV"))
        printf("stopped SIGSEGV\n");
    else if (end)
        printf("stopped %.*s\n", (int)(end - begin) - 12, begin + 12);
    else
        printf("lost: %s\n", text);
}

/* Makes a temporary directory with one file in it and changes to it. */
static bool enter_scratch(char *directory)
{
    FILE *file;

    if (!mkdtemp(directory) || chdir(directory) != 0)
        return false;
    file = fopen("scratch", "w");
    return file && fclose(file) == 0;
}

static void leave_scratch(const char *directory)
{
    static const char *const made[] = {"scratch", "made", "link", "symbolic", "directory", "fifo"};

    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (chdir(directory) == 0)
            remove(made[i]);
    if (chdir("/") == 0)
        remove(directory);
}

/* Runs telar with the escape transform at one rung and prints the cell. */
static int run_one(const struct rung *rung)
{
    const struct telar_geometry geometry = {2, COLUMNS, 1, 8};
    const struct telar_options options = {
        .engine = rung->engine, .isolation = rung->isolation, .workers = 2, .plan = {2, 1}};
    telar_pipeline *pipeline = telar_pipeline_new();
    telar_image *source = NULL, *result = NULL;
    struct telar_error error = {.text = "no memory"};
    telar_status status = telar_image_new(&geometry, &source, &error);

    scene = (struct scene){.sandboxed = rung->isolation == TELAR_SANDBOXED,
                           .coordinator = getpid(),
                           .target = &target};
    if (pipeline && status == TELAR_OK)
        status = telar_pipeline_add(pipeline, &escape, NULL, &error);
    if (pipeline && status == TELAR_OK)
        status = telar_run(source, &result, pipeline, &options, NULL, &error);
    if (status == TELAR_OK && result)
        tell_pixels(telar_image_row(result, 0));
    else if (status == TELAR_WORKER)
        tell_failure(error.text);
    else
        printf("absent: %s\n", error.text);
    telar_image_free(result);
    telar_image_free(source);
    telar_pipeline_free(pipeline);
    return 0;
}

static int one(const char *name, const char *rung_name)
{
    char directory[] = "/tmp/telar-escapes-XXXXXX";
    int status = TELAR_USAGE;

    meeting = (void *)syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE,
                              MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < n_escapes; i++)
        if (strcmp(escapes[i].name, name) == 0)
            attempt = &escapes[i];
    if (!attempt || !enter_scratch(directory)) {
        fprintf(stderr, "escapes: there is no attempt '%s', or no directory for it\n", name);
        return status;
    }
    for (int i = 0; i < N_RUNGS; i++)
        if (strcmp(rungs[i].name, rung_name) == 0)
            status = run_one(&rungs[i]);
    leave_scratch(directory);
    return status;
}

/* ---- the whole table ---- */

/*
 * Fills one cell by running this program again, because an attempt can end the program at rung
 * threads.
 */
static void fill_cell(const char *program, const char *name, const char *rung,
                      char cell[CELL_BYTES])
{
    char command[512];
    FILE *output;

    snprintf(command, sizeof command, "%s --one \"%s\" %s </dev/null 2>/dev/null", program, name,
             rung);
    output = popen(command, "r");
    if (!output || !fgets(cell, CELL_BYTES, output))
        snprintf(cell, CELL_BYTES, "lost");
    if (output)
        pclose(output);
    cell[strcspn(cell, "\n")] = '\0';
}

/* Returns the word for a cell. At rung sandboxed a refusal counts as stopped. */
static const char *judge(const char *cell, bool sandboxed, bool mdoc)
{
    static const char *const words[] = {"stopped", "refused", "absent", "open"};

    if (strncmp(cell, "refused", 7) == 0 && (sandboxed || mdoc))
        return sandboxed ? "stopped" : "open";
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strncmp(cell, words[i], strlen(words[i])) == 0)
            return words[i];
    return "lost";
}

/* Prints one line of the table. Returns false if rung sandboxed did not stop the attempt. */
static bool row(const char *program, const char *name, bool mdoc)
{
    char cell[N_RUNGS][CELL_BYTES];
    const char *word[N_RUNGS], *by;

    for (int i = 0; i < N_RUNGS; i++) {
        fill_cell(program, name, rungs[i].name, cell[i]);
        word[i] = judge(cell[i], rungs[i].isolation == TELAR_SANDBOXED, mdoc);
    }
    by = strchr(cell[N_RUNGS - 1], ' ');
    if (mdoc)
        printf(".It %s Ta %s Ta %s Ta %s Ta %s\n", name, word[0], word[1], word[2], word[3]);
    else
        printf("%-40s %-8s %-8s %-8s %-9s%s\n", name, word[0], word[1], word[2], word[3],
               by ? by : "");
    fflush(stdout);
    return strcmp(word[N_RUNGS - 1], "stopped") == 0;
}

static int table(const char *program, bool mdoc)
{
    int n_open = 0;

    if (!mdoc)
        printf("%-40s %-8s %-8s %-8s %-9s by\n", "attempt", "threads", "shared", "guarded",
               "sandboxed");
    for (int i = 0; i < n_escapes; i++)
        n_open += !row(program, escapes[i].name, mdoc);
    fprintf(stderr, "%d attempts, %d not stopped at sandboxed\n", n_escapes, n_open);
    return n_open ? TELAR_PARTIAL : TELAR_OK;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--one") == 0)
        return one(argv[2], argv[3]);
    if (argc == 1 || (argc == 2 && strcmp(argv[1], "--mdoc") == 0))
        return table(argv[0], argc == 2);
    fprintf(stderr, "usage: escapes [--mdoc | --one NAME RUNG]\n");
    return TELAR_USAGE;
}
