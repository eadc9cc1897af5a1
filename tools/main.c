#include "version.h"

#include <glib.h>

int
main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    g_print("mailhaul %s\n", MAILHAUL_VERSION);
    return 0;
}
