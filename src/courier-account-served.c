/* Folders of a Maildir that is converted again where it stands: since the first time the new server
 * may have made some, and renamed others. */
#include "courier-account-private.h"
#include "in-place.h"
#include "maildir/maildir-folder.h"
#include "maildir/maildir-old-names.h"
#include "safe-file.h"

#include <string.h>
#include <sys/stat.h>

/* What a failed look says is @unknown. */
static bool
has_file(const MhCourierSurvey *survey, const char *dir, const char *file, bool unknown)
{
    struct stat st;
    bool there;
    g_autofree char *path = g_build_filename(dir, file, NULL);
    return mh_stat_if_there(survey->root_fd, path, MH_LINKS_REFUSE, &st, &there, NULL) ? there
                                                                                       : unknown;
}

/* Has the account been converted, and is the directory none that was renamed then? */
static bool
may_be_new_servers(const MhCourierSurvey *survey, const char *dir)
{
    return survey->survey->in_place && strcmp(dir, ".") != 0 &&
           g_hash_table_lookup(survey->renamed, dir) == NULL &&
           has_file(survey, ".", MH_IN_PLACE_FILE, false);
}

/* Only what is certain: such a folder is left alone. */
bool
mh_courier_survey_is_new_servers(const MhCourierSurvey *survey, const char *dir)
{
    return may_be_new_servers(survey, dir) && g_str_is_ascii(dir) &&
           has_file(survey, dir, MAILDIR_UIDLIST_FILE, false) &&
           !has_file(survey, dir, MAILDIR_OLD_NAMES_FILE, true) &&
           !has_file(survey, dir, "mailhaul." MAILDIR_UIDLIST_FILE, true) &&
           !has_file(survey, dir, "courierimapuiddb", true);
}

bool
mh_courier_survey_has_new_name(const MhCourierSurvey *survey, const char *dir)
{
    return strchr(dir, '&') != NULL && may_be_new_servers(survey, dir) &&
           has_file(survey, dir, MAILDIR_OLD_NAMES_FILE, true);
}
