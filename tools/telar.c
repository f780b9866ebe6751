/* SPDX-License-Identifier: MIT */
/*
 * The program: finds the command, and makes the standard descriptors and signals what every command
 * expects.
 */
#include <config.h>

#include "cli/cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* One line of --help, and who does it. The commands parse their own options; there are no options
 * before a command. */
struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    {"run", "transform a PNG file by regions, on threads or processes", command_run},
    {"info", "what a PNG file is: rows, columns, channels, depth, chunks", command_info},
    {"transforms", "the transforms there are, and the manual of each", command_transforms},
    {"galaxy", "draw a synthetic photograph of a galaxy", command_galaxy},
    {"bench", "what isolation costs, measured on this host", command_bench},
    {"demo-faults", "a misbehaving transform under every rung of isolation", command_demo_faults},
    {"doctor", "what this host gives, and what to do about it", command_doctor},
};

enum { N_COMMANDS = sizeof commands / sizeof *commands };

static int help(void)
{
    printf("usage: telar COMMAND [OPTIONS] ...\n\n"
           "One image in shared memory, many workers, each weaving its own region.\n\n");
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  %-12s%s\n", commands[i].name, commands[i].summary);
    printf("\ntelar COMMAND --help, or telar help COMMAND, tells the options of one;\n"
           "telar --version tells the version.\n\n"
           "  telar galaxy g.png\n"
           "  telar run -e processes -j 4 -g 2x2 -t invert g.png out.png\n\n"
           "Exit code: 0 done, 1 part is missing, 2 usage, 3 input not accepted, 4 host cannot,\n"
           "5 a worker crashed, 6 time limit, 7 output not written\n");
    return finish_output(TELAR_OK);
}

/* A letter too many or two swapped is worth a suggestion; a wrong word is not, the list is short.
 */
static int unknown_command(const char *name)
{
    const char *names[N_COMMANDS + 1] = {NULL}, *near;

    if (name[0] == '-')
        return usage_error("no option '%s' before a command; telar --help lists the commands",
                           name);
    for (int i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    near = nearest_name(name, names);
    if (near)
        return usage_error("no command '%s'; did you mean '%s'?", name, near);
    return usage_error("no command '%s'; telar --help lists them", name);
}

/*
 * Occupies descriptors 0 to 2 where the caller closed them, the wrong way round, so that using one
 * is an error and none is given to a file of ours.
 */
static void fill_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1)
            (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

static int run_command(int argc, char **argv)
{
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[0], commands[i].name) == 0)
            return commands[i].run(argc, argv);
    return unknown_command(argv[0]);
}

/* help, or help COMMAND: what --help says. */
static int help_command(int argc, char **argv)
{
    static char option[] = "--help";

    return argc < 2 ? help() : run_command(2, (char *[]){argv[1], option, NULL});
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error like others: exit 7 */
    signal(SIGXFSZ, SIG_IGN); /* and so is a limit on the size of files */
    signal(SIGCHLD,
           SIG_DFL); /* who ignored it and started telar would keep it from joining its workers */
    if (argc < 2)
        return usage_error("no command given; telar --help lists them");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help();
    if (strcmp(argv[1], "help") == 0)
        return help_command(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("telar %s\n", telar_version());
        return finish_output(TELAR_OK);
    }
    return run_command(argc - 1, argv + 1);
}
