/* SPDX-License-Identifier: MIT */
/*
 * The program: finds the command, and makes the standard descriptors and signals what every command
 * expects.
 */
#include <config.h>

#include "cli/cli.h"
#include "cli/left_names.h"
#include "cli/option.h"
#include "cli/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* There are no options in front of a command; each command reads its own. */
static const struct command *const commands[] = {
    &run_command,   &info_command,        &transforms_command, &galaxy_command,
    &bench_command, &demo_faults_command, &doctor_command,     NULL,
};

enum { N_COMMANDS = sizeof commands / sizeof *commands - 1 };

static int help(void)
{
    printf("usage: telar COMMAND [OPTIONS] ...\n\n"
           "One picture in shared memory; many workers, each of which transforms its part.\n\n");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  %-12s%s\n", commands[i]->name, commands[i]->summary);
    printf("\ntelar COMMAND --help, or telar help COMMAND, shows the options of a command.\n"
           "telar --version shows the version.\n\n"
           "  telar galaxy g.png\n"
           "  telar run -e processes -j 4 -g 2x2 -t invert g.png out.png\n\n"
           "Exit code: 0 done, 1 part is missing, 2 usage, 3 input not accepted,\n"
           "4 host cannot, 5 a worker crashed, 6 time limit, 7 output not written\n");
    return finish_output(TELAR_OK);
}

static int unknown_command(const char *name)
{
    const char *names[N_COMMANDS + 1] = {NULL}, *near;

    if (name[0] == '-')
        return usage_error("no option '%s' before a command; telar --help lists the commands",
                           name);
    for (int i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i]->name;
    near = nearest_name(name, names);
    if (near)
        return usage_error("no command '%s'; did you mean '%s'?", name, near);
    return usage_error("no command '%s'; telar --help lists them", name);
}

/*
 * Occupies descriptors 0 to 2 if the caller closed them, so that no file of telar's gets one of
 * these numbers. Each is opened the wrong way round: reading standard output is an error.
 */
static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

static int run_command_of(int argc, char **argv)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[0], commands[i]->name) == 0)
            return commands[i]->run(argc, argv);
    return unknown_command(argv[0]);
}

/* telar help, also of itself: the same as --help. telar help COMMAND: the same as COMMAND --help.
 */
static int help_command(int argc, char **argv)
{
    static char option[] = "--help";

    if (argc > 2)
        return usage_error("help takes one COMMAND, not %d; telar --help lists them", argc - 1);
    if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0
        || strcmp(argv[1], "-h") == 0)
        return help();
    return run_command_of(2, (char *[]){argv[1], option, NULL});
}

/* --completion=SHELL is for the build: no help text names it. */
static int without_command(int argc, char **argv)
{
    static const char completion[] = "--completion=";

    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help();
    if (strcmp(argv[1], "help") == 0)
        return help_command(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("telar %s\n", telar_version());
        return finish_output(TELAR_OK);
    }
    if (strncmp(argv[1], completion, sizeof completion - 1) == 0)
        return print_completion(argv[1] + sizeof completion - 1, commands);
    left_names_remove();
    return run_command_of(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    pipe_guard();             /* a closed pipe is then a failed write */
    signal(SIGXFSZ, SIG_IGN); /* the same for a limit on the size of files */
    signal(SIGCHLD, SIG_DFL); /* a caller that ignored it would keep telar from joining workers */
    if (argc < 2)
        return usage_error("no command given; telar --help lists them");
    return without_command(argc, argv);
}
