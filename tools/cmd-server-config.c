/* cmd-server-config: prints settings under which the new server shows what the old one showed. */
#include "command.h"

#include "config-error.h"
#include "server-config.h"

#include <stdio.h>

int
mh_cmd_server_config(const MhCommandContext *context, GError **error)
{
    g_autoptr(GError) why = NULL;
    g_autofree char *text = mh_server_config(context->settings, &why);
    if (text != NULL) {
        fputs(text, stdout);
        return MH_EXIT_DONE;
    }
    int status = g_error_matches(why, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX) ? MH_EXIT_USAGE
                                                                               : MH_EXIT_CONFIG;
    g_propagate_error(error, g_steal_pointer(&why));
    return status;
}
