/* SPDX-License-Identifier: MIT */
/*
 * The completion files of bash, zsh and fish, written from the tables of all commands. Names of
 * transforms are asked of telar when the user presses the key.
 */
#include <config.h>

#include "cli/cli.h"
#include "cli/option.h"

#include <string.h>

/* The words joined by blanks. */
static void put_words(const char *const words[])
{
    for (; *words; words++)
        printf("%s%s", *words, words[1] ? " " : "");
}

/*
 * The first sentence of a text, for a string between single quotes. `quote` is how the shell writes
 * a single quote there; each of the characters in `escaped` gets a backslash.
 */
static void put_summary(const char *text, const char *quote, const char *escaped)
{
    for (; *text && *text != '.' && *text != '\n' && *text != ';'; text++)
        if (*text == '\'')
            fputs(quote, stdout);
        else
            printf(strchr(escaped, *text) ? "\\%c" : "%c", *text);
}

static void put_for_zsh(const char *text)
{
    put_summary(text, "'\\''", "[]:"); /* a colon or a bracket would end the text */
}

static void put_for_fish(const char *text)
{
    put_summary(text, "\\'", "");
}

static bool is_shown(const struct cli_option *option)
{
    return option->help != NULL;
}

/* ---- bash ---- */

static const char bash_begin[] =
    "# bash completion for telar(1)\n"
    "# _telar_list WORDS: the last entry of a list with commas.\n"
    "_telar_list()\n"
    "{\n"
    "    local before=\n"
    "    [[ $cur == *,* ]] && before=${cur%,*},\n"
    "    COMPREPLY=($(compgen -P \"$before\" -W \"$1\" -- \"${cur##*,}\"))\n"
    "}\n"
    "_telar_transforms()\n"
    "{\n"
    "    COMPREPLY=($(compgen -W \"$(telar transforms 2>/dev/null | cut -d' ' -f1)\" -- \"$cur\")\n"
    "        $(compgen -f -X '!*.so' -- \"$cur\") $(compgen -d -S / -- \"$cur\"))\n"
    "}\n"
    "_telar()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local command=${COMP_WORDS[1]}\n"
    "    COMPREPLY=()\n"
    "    # bash makes three words of --name=value\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=\n"
    "    elif [[ $option == = ]]; then\n"
    "        option=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n";

static void bash_argument(const struct command *command, const struct cli_option *option)
{
    printf("    '%s --%s'", command->name, option->name);
    if (option->letter)
        printf(" | '%s -%c'", command->name, option->letter);
    printf(")\n        ");
    if (option->words) {
        printf("_telar_list '");
        put_words(option->words);
        printf("'");
    } else if (option->complete == COMPLETE_TRANSFORMS) {
        printf("_telar_transforms");
    } else if (option->complete != COMPLETE_NOTHING) {
        printf("COMPREPLY=($(compgen -%c -- \"$cur\"))",
               option->complete == COMPLETE_FILES ? 'f' : 'd');
    } else {
        printf(":");
    }
    printf("\n        return ;;\n");
}

static void bash_options(const struct command *command)
{
    printf("    %s) options='", command->name);
    for (const struct cli_option *option = command->options; option->name; option++)
        if (is_shown(option))
            printf("--%s%s ", option->name, option_has_argument(option) ? "=" : "");
    printf("--help' ;;\n");
}

static void print_bash(const struct command *const commands[])
{
    fputs(bash_begin, stdout);
    printf("    if [[ $COMP_CWORD == 1 || $COMP_CWORD == 2 && $command == help ]]; then\n"
           "        COMPREPLY=($(compgen -W '");
    for (int i = 0; commands[i]; i++)
        printf("%s ", commands[i]->name);
    printf("help --help --version' -- \"$cur\"))\n"
           "        return\n"
           "    fi\n"
           "    case \"$command $option\" in\n");
    for (int i = 0; commands[i]; i++)
        for (const struct cli_option *option = commands[i]->options; option->name; option++)
            if (is_shown(option) && option_has_argument(option))
                bash_argument(commands[i], option);
    printf("    esac\n"
           "    local options=\n"
           "    case $command in\n");
    for (int i = 0; commands[i]; i++)
        bash_options(commands[i]);
    printf("    esac\n"
           "    if [[ $cur == -* ]]; then\n"
           "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
           "        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace\n"
           "        return\n"
           "    fi\n"
           "    compopt -o filenames\n"
           "    case $command in\n");
    for (int i = 0; commands[i]; i++)
        if (commands[i]->operands == COMPLETE_TRANSFORMS)
            printf("    %s) _telar_transforms ;;\n", commands[i]->name);
        else if (commands[i]->operands == COMPLETE_FILES)
            printf("    %s) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n", commands[i]->name);
    printf("    esac\n"
           "}\n"
           "complete -F _telar telar\n");
}

/* ---- zsh ---- */

/* What zsh does for an argument: the last part of a specification of _arguments. */
static void zsh_argument(const struct cli_option *option)
{
    printf(":%s:", option->name);
    if (option->words) {
        printf(option->argument ? "_sequence compadd - " : "(");
        put_words(option->words);
        printf(option->argument ? "" : ")");
    } else if (option->complete == COMPLETE_TRANSFORMS) {
        printf("_telar_transforms");
    } else if (option->complete != COMPLETE_NOTHING) {
        printf(option->complete == COMPLETE_FILES ? "_files" : "_files -/");
    }
}

static void zsh_option(const struct cli_option *option)
{
    bool argument = option_has_argument(option);

    printf("        ");
    if (option->complete == COMPLETE_TRANSFORMS)
        printf("'*'"); /* may be given again */
    else if (option->letter)
        printf("'(-%c --%s)'", option->letter, option->name);
    if (option->letter)
        printf("{-%c%s,--%s%s}'[", option->letter, argument ? "+" : "", option->name,
               argument ? "=" : "");
    else
        printf("'--%s%s[", option->name, argument ? "=" : "");
    put_for_zsh(option->help);
    printf("]");
    if (argument)
        zsh_argument(option);
    printf("' \\\n");
}

static void zsh_command(const struct command *command)
{
    printf("    %s)\n        _arguments -s \\\n", command->name);
    for (const struct cli_option *option = command->options; option->name; option++)
        if (is_shown(option))
            zsh_option(option);
    printf("        '(-h --help)'{-h,--help}'[show the options]'%s\n        ;;\n",
           command->operands == COMPLETE_FILES        ? " \\\n        '*:file:_files'"
           : command->operands == COMPLETE_TRANSFORMS ? " \\\n        '*:name:_telar_transforms'"
                                                      : "");
}

static void print_zsh(const struct command *const commands[])
{
    printf("#compdef telar\n"
           "_telar_transforms()\n"
           "{\n"
           "    compadd - ${(f)\"$(telar transforms 2>/dev/null | cut -d' ' -f1)\"}\n"
           "    _files -g '*.so'\n"
           "}\n"
           "local state line\n"
           "local -a commands\n"
           "commands=(\n");
    for (int i = 0; commands[i]; i++) {
        printf("    '%s:", commands[i]->name);
        put_for_zsh(commands[i]->summary);
        printf("'\n");
    }
    printf("    'help:show the options of a command'\n"
           ")\n"
           "_arguments -C '(- *)--help[list the commands]' '(- *)--version[show the version]' \\\n"
           "    '1:command:->command' '*::argument:->argument'\n"
           "case $state in\n"
           "command) _describe command commands; return ;;\n"
           "esac\n"
           "case $words[1] in\n"
           "    help) _describe command commands ;;\n");
    for (int i = 0; commands[i]; i++)
        zsh_command(commands[i]);
    printf("esac\n");
}

/* ---- fish ---- */

static void fish_option(const struct command *command, const struct cli_option *option)
{
    printf("complete -c telar -n '__fish_seen_subcommand_from %s'", command->name);
    if (option->letter)
        printf(" -s %c", option->letter);
    printf(" -l %s", option->name);
    if (option->words) {
        printf(" -x -a '");
        put_words(option->words);
        printf("'");
    } else if (option->complete == COMPLETE_TRANSFORMS) {
        printf(" -r -a '(telar transforms | cut -d\" \" -f1)'");
    } else if (option->complete == COMPLETE_DIRECTORIES) {
        printf(" -x -a '(__fish_complete_directories)'");
    } else if (option_has_argument(option)) {
        printf(option->complete == COMPLETE_FILES ? " -r" : " -x");
    }
    printf(" -d '");
    put_for_fish(option->help);
    printf("'\n");
}

static void print_fish(const struct command *const commands[])
{
    printf("# fish completion for telar(1)\n"
           "complete -c telar -n __fish_use_subcommand -f\n"
           "complete -c telar -n __fish_use_subcommand -l help -d 'list the commands'\n"
           "complete -c telar -n __fish_use_subcommand -l version -d 'show the version'\n"
           "complete -c telar -n __fish_use_subcommand -a help -d 'show the options of a command'\n"
           "complete -c telar -n '__fish_seen_subcommand_from help' -x -a '");
    for (int i = 0; commands[i]; i++)
        printf("%s%s", i ? " " : "", commands[i]->name);
    printf("'\n");
    for (int i = 0; commands[i]; i++) {
        printf("complete -c telar -n __fish_use_subcommand -a %s -d '", commands[i]->name);
        put_for_fish(commands[i]->summary);
        printf("'\n");
        for (const struct cli_option *option = commands[i]->options; option->name; option++)
            if (is_shown(option))
                fish_option(commands[i], option);
        printf("complete -c telar -n '__fish_seen_subcommand_from %s' -s h -l help -d 'show the "
               "options'\n",
               commands[i]->name);
        if (commands[i]->operands == COMPLETE_TRANSFORMS)
            printf("complete -c telar -n '__fish_seen_subcommand_from %s' -a '(telar transforms | "
                   "cut -d\" \" -f1)'\n",
                   commands[i]->name);
        else if (commands[i]->operands == COMPLETE_NOTHING)
            printf("complete -c telar -n '__fish_seen_subcommand_from %s' -f\n", commands[i]->name);
    }
}

int print_completion(const char *shell, const struct command *const commands[])
{
    if (strcmp(shell, "bash") == 0)
        print_bash(commands);
    else if (strcmp(shell, "zsh") == 0)
        print_zsh(commands);
    else if (strcmp(shell, "fish") == 0)
        print_fish(commands);
    else
        return usage_error("--completion: '%s' is none of bash, zsh, fish", shell);
    return finish_output(TELAR_OK);
}
