#include "account-survey.h"

#include "courier-target.h"
#include "file-system.h"
#include "maildir/maildir-folder-name.h"
#include "printable.h"

#include <string.h>
#include <unistd.h>

static void
mailbox_free(gpointer item)
{
    MhSurveyMailbox *mailbox = item;
    if (mailbox->data_free != NULL)
        mailbox->data_free(mailbox->data);
    g_strfreev(mailbox->components);
    g_free(mailbox->path);
    g_free(mailbox->key);
    g_array_unref(mailbox->stamps);
    g_free(mailbox->target);
    g_free(mailbox->directory);
    g_free(mailbox->error);
    g_free(mailbox->acl);
    g_free(mailbox->name_map);
    g_free(mailbox);
}

static void
fd_clear(gpointer fd)
{
    close(*(int *)fd);
}

static void
root_clear(gpointer root)
{
    g_free(((MhSurveyRoot *)root)->path);
}

MhAccountSurvey *
mh_account_survey_new(const char *format)
{
    MhAccountSurvey *survey = g_new0(MhAccountSurvey, 1);
    bool is_courier = strcmp(format, "courier") == 0;
    survey->format = format;
    /* The new server has no escape character for Courier's sites. Their names have no '.' within a
     * level and no '/', so that it would be of use for a '~' in front alone. */
    survey->prefix = is_courier ? "INBOX." : "";
    survey->separator = is_courier ? "." : "/";
    survey->escape = is_courier ? MAILDIR_ESCAPE_NONE : MAILDIR_ESCAPE_DEFAULT;
    survey->mailboxes = g_ptr_array_new_with_free_func(mailbox_free);
    survey->not_mail = g_ptr_array_new_with_free_func((GDestroyNotify)mh_not_mail_free);
    survey->subscriptions = g_ptr_array_new_with_free_func(g_free);
    survey->unsure = g_ptr_array_new_with_free_func(g_free);
    survey->left = g_ptr_array_new_with_free_func(g_free);
    survey->roots = g_array_new(FALSE, TRUE, sizeof(MhSurveyRoot));
    g_array_set_clear_func(survey->roots, root_clear);
    survey->fds = g_array_new(FALSE, FALSE, sizeof(int));
    g_array_set_clear_func(survey->fds, fd_clear);
    return survey;
}

void
mh_account_survey_free(MhAccountSurvey *survey)
{
    if (survey == NULL)
        return;
    g_ptr_array_unref(survey->mailboxes);
    g_ptr_array_unref(survey->not_mail);
    g_ptr_array_unref(survey->subscriptions);
    g_ptr_array_unref(survey->unsure);
    g_ptr_array_unref(survey->left);
    g_array_unref(survey->roots);
    g_array_unref(survey->fds);
    mh_watch_free(survey->watch);
    g_free(survey);
}

MhSurveyMailbox *
mh_account_survey_add(MhAccountSurvey *survey, char **components, const char *path)
{
    MhSurveyMailbox *mailbox = g_new0(MhSurveyMailbox, 1);
    mailbox->components = components != NULL ? g_strdupv(components) : g_new0(char *, 1);
    mailbox->path = mh_printable_string(path);
    mailbox->stamps = g_array_new(FALSE, TRUE, sizeof(MhStamp));
    g_ptr_array_add(survey->mailboxes, mailbox);
    return mailbox;
}

void
mh_account_survey_add_root(MhAccountSurvey *survey, const char *path, int fd, bool has_inbox,
                           bool has_folders)
{
    MhSurveyRoot root = {.path = mh_printable_string(path),
                         .fd = fd,
                         .has_inbox = has_inbox,
                         .has_folders = has_folders};
    g_array_append_val(survey->roots, root);
}

void
mh_account_survey_keep_fd(MhAccountSurvey *survey, int fd)
{
    g_array_append_val(survey->fds, fd);
}

char *
mh_survey_mailbox_name(const MhSurveyMailbox *mailbox)
{
    if (mailbox->components[0] == NULL)
        return g_strdup("INBOX");
    g_autofree char *joined = g_strjoinv("/", mailbox->components);
    return mh_printable_string(joined);
}

char *
mh_survey_mailbox_new_name(const MhAccountSurvey *survey, const MhSurveyMailbox *mailbox)
{
    MhSpan directory = mh_span_from_string(mailbox->target);
    if (survey->utf8 && strcmp(mailbox->target, ".") != 0)
        return g_strconcat(survey->prefix, mailbox->target + 1, NULL);
    g_auto(GStrv) levels = maildir_folder_name_to_path(directory, survey->escape, NULL);
    if (levels == NULL)
        return g_strdup("INBOX");
    g_autofree char *joined = g_strjoinv(survey->separator, levels);
    return g_strconcat(survey->prefix, joined, NULL);
}

bool
mh_survey_mailbox_is_renamed(const MhAccountSurvey *survey, const MhSurveyMailbox *mailbox)
{
    if (mailbox->components[0] == NULL)
        return false;
    g_autofree char *name = mh_survey_mailbox_new_name(survey, mailbox);
    g_autofree char *joined = g_strjoinv(survey->separator, mailbox->components);
    g_autofree char *before = g_strconcat(survey->prefix, joined, NULL);
    return strcmp(name, before) != 0;
}

char *
mh_account_survey_directory(const MhAccountSurvey *survey, const char *planned)
{
    if (*planned == '\0')
        return g_strdup(".");
    return survey->utf8 ? mh_courier_directory(planned) : g_strdup(planned);
}

/* Its separator, no escapes, UTF-8. */
static void
name_for_courier(MhAccountSurvey *survey)
{
    survey->prefix = "INBOX.";
    survey->separator = ".";
    survey->escape = MAILDIR_ESCAPE_NONE;
    survey->utf8 = true;
}

MhAccountSurvey *
mh_account_survey_begin(const char *format, MhServer server, int fd, MhFindings *findings)
{
    MhAccountSurvey *survey = mh_account_survey_new(format);
    if (server == MH_SERVER_COURIER)
        name_for_courier(survey);
    survey->folds_case = fd >= 0 && mh_file_system_folds_case(fd);
    if (survey->folds_case)
        mh_findings_add(findings, MH_FINDING_FILE_SYSTEM_CASE, NULL);
    survey->watch = mh_watch_new();
    return survey;
}
