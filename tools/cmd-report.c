/* cmd-report: the site at a glance, as text, JSON or a page. */
#include "command.h"
#include "report.h"

#include <stdio.h>

int
mh_cmd_report(const MhCommandContext *context, GError **error)
{
    static char *(*const writers[])(const MhSiteReport *) = {[MH_REPORT_TEXT] = mh_report_text,
                                                             [MH_REPORT_JSON] = mh_report_json,
                                                             [MH_REPORT_HTML] = mh_report_html};
    g_autoptr(MhSiteReport) report = mh_site_report_load(context->settings->state, error);
    if (report == NULL)
        return MH_EXIT_FAILED;
    g_autofree char *text = writers[context->settings->format](report);
    fputs(text, stdout);
    return MH_EXIT_DONE;
}
