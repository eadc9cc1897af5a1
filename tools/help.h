/* help: what --help prints, within 80 columns, from the tables of commands and options. */
#pragma once

#include "command.h"

char *mh_help_program(void);                     /* g_free() */
char *mh_help_command(const MhCommand *command); /* g_free() */
