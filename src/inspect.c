#include "inspect.h"

#include "confine.h"
#include "courier-account.h"
#include "in-place.h"
#include "magic-guess.h"
#include "mbox-options.h"
#include "printable.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* How much of a file libmagic is shown. */
#define HEAD_BYTES MH_GUESS_BYTES

static void
boundary_free(gpointer item)
{
    MhInspectBoundary *boundary = item;
    g_free(boundary->line);
    g_free(boundary->reason);
    g_free(boundary);
}

static void
take_boundary(void *user, const MboxBoundary *boundary)
{
    MhInspection *inspection = user;
    MhInspectBoundary *copy = g_new0(MhInspectBoundary, 1);
    copy->offset = boundary->offset;
    copy->line = mh_printable(boundary->line);
    copy->reason = g_strdup(boundary->reason);
    copy->is_separator = boundary->is_separator;
    copy->message = boundary->message;
    g_ptr_array_add(inspection->boundaries, copy);
}

static void
ask_magic(MhInspection *inspection, int dirfd, const char *name)
{
    uint8_t head[HEAD_BYTES];
    int fd = mh_open_file(dirfd, name, MH_LINKS_REFUSE, NULL, NULL);
    ssize_t len = fd >= 0 ? read(fd, head, sizeof head) : -1;
    if (fd >= 0)
        close(fd);
    if (len < 0)
        return;
    MhGuess guess = mh_magic_guess(mh_span(head, (size_t)len), inspection->findings);
    inspection->kind = guess.text;
}

static bool
read_mbox(MhInspection *inspection, const MhSettings *settings, int dirfd, const char *name,
          GError **error)
{
    MboxSourceOptions options;
    if (!mh_mbox_options_from_settings(settings, &options, error))
        return false;
    options.locks = MBOX_LOCK_NONE;
    options.boundary = take_boundary;
    options.user = inspection;
    g_autoptr(MhSource) source =
        mbox_source_open(dirfd, name, &options, inspection->findings, error);
    g_time_zone_unref(options.local);
    if (source == NULL ||
        !mh_source_index_whole(source, inspection->mailbox, inspection->findings, error))
        return false;
    inspection->format = "mbox";
    inspection->dialect = mbox_dialect_name(mbox_source_dialect(source));
    return true;
}

static void
allow(MhConfinement *confinement, const char *path, unsigned uses)
{
    int fd = open(path, O_PATH | O_CLOEXEC);
    mh_confinement_allow(confinement, fd, uses);
    if (fd >= 0)
        close(fd);
}

void
mh_inspect_confine(const char *const *paths, size_t count)
{
    g_autoptr(MhConfinement) confinement = mh_confinement_new();
    g_autoptr(MhFindings) findings = mh_findings_new(); /* of the machine, not of a file */
    for (size_t i = 0; i < count; i++) {
        g_autofree char *directory = g_path_get_dirname(paths[i]);
        allow(confinement, directory, MH_CONFINE_LIST);
        allow(confinement, paths[i], MH_CONFINE_READ);
    }
    mh_confinement_enter(confinement, findings);
}

/* ---- a Courier Maildir -------------------------------------------------------------------- */

static void
folder_free(gpointer item)
{
    MhInspectFolder *folder = item;
    g_free(folder->name);
    g_free(folder->path);
    g_free(folder->error);
    mh_mailbox_free(folder->mailbox);
    mh_findings_free(folder->findings);
    g_free(folder);
}

/* "INBOX.Sent"; a '.' that stands within a level is shown as it is. g_free(). */
static char *
name_of(const MhSurveyMailbox *mailbox)
{
    g_autofree char *levels = g_strjoinv(".", mailbox->components);
    g_autofree char *name = g_strconcat("INBOX", *levels != '\0' ? "." : "", levels, NULL);
    return mh_printable_string(name);
}

static void
read_folder(MhInspection *inspection, const MhSurveyMailbox *mailbox)
{
    g_autoptr(GError) error = NULL;
    MhInspectFolder *folder = g_new0(MhInspectFolder, 1);
    folder->name = name_of(mailbox);
    folder->path = g_strdup(mailbox->path);
    folder->mailbox = mh_mailbox_new();
    folder->findings = mh_findings_new();
    g_ptr_array_add(inspection->folders, folder);
    g_autoptr(MhSource) source = mailbox->open(mailbox->data, folder->findings, &error);
    if (source == NULL || !mh_source_index_whole(source, folder->mailbox, folder->findings, &error))
        folder->error = g_strdup(error->message);
}

static void
read_folders(MhInspection *inspection, const MhAccountSurvey *survey)
{
    for (guint i = 0; i < survey->mailboxes->len; i++)
        read_folder(inspection, survey->mailboxes->pdata[i]);
    for (guint i = 0; i < survey->not_mail->len; i++) {
        const MhNotMail *item = survey->not_mail->pdata[i];
        g_ptr_array_add(inspection->not_mail, mh_not_mail_new(item->path, item->reason));
    }
    inspection->subscriptions = survey->subscriptions->len;
}

/* As an account of one Maildir, which is nowhere to be carried to. What was converted where it
 * stands is its own target: only then are its folders known by the names that Courier gave them. */
static bool
read_courier(MhInspection *inspection, const MhSettings *settings, const char *path, int fd,
             GError **error)
{
    MhSettings here = *settings; /* strings stay the settings' */
    g_autofree char *whole = g_canonicalize_filename(path, NULL);
    g_auto(GStrv) parts = g_strsplit(whole, "%", -1);
    g_autofree char *inbox = g_strjoinv("%%", parts);
    g_autoptr(MhAccount) account = mh_account_new("inspect");
    g_autoptr(MhNameMap) names = mh_name_map_new();
    bool converted;
    if (!mh_in_place_look(fd, &converted, error))
        return false;
    MaildirTree target = {.fd = converted ? fd : -1, .build_fd = -1};
    MhJob job = {.settings = &here, .task = MH_TASK_CHECK, .names = names};
    here.inbox = inbox;
    g_autoptr(MhAccountSurvey) survey =
        mh_courier_account_survey(&job, account, &target, inspection->findings, error);
    if (survey == NULL)
        return false;
    if (survey->mailboxes->len == 0) {
        g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOTDIR,
                    "a directory and no Maildir: there is no cur in it");
        return false;
    }
    inspection->format = "courier";
    read_folders(inspection, survey);
    return true;
}

/* ---- either ------------------------------------------------------------------------------- */

static void
read_path(MhInspection *inspection, const MhSettings *settings, const char *path, GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    struct stat st;
    bool is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    int fd = mh_open_root(is_dir ? path : directory, error);
    if (fd < 0)
        return;
    if (is_dir) {
        read_courier(inspection, settings, path, fd, error);
    } else {
        ask_magic(inspection, fd, name);
        read_mbox(inspection, settings, fd, name, error);
    }
    close(fd);
}

MhInspection *
mh_inspect(const MhSettings *settings, const char *path)
{
    MhInspection *inspection = g_new0(MhInspection, 1);
    g_autoptr(GError) error = NULL;
    inspection->path = mh_printable_string(path);
    inspection->mailbox = mh_mailbox_new();
    inspection->findings = mh_findings_new();
    inspection->folders = g_ptr_array_new_with_free_func(folder_free);
    inspection->not_mail = g_ptr_array_new_with_free_func((GDestroyNotify)mh_not_mail_free);
    inspection->boundaries = g_ptr_array_new_with_free_func(boundary_free);
    read_path(inspection, settings, path, &error);
    if (error != NULL)
        inspection->error = g_strdup(error->message);
    return inspection;
}

void
mh_inspection_free(MhInspection *inspection)
{
    if (inspection == NULL)
        return;
    g_free(inspection->path);
    g_free(inspection->kind);
    g_free(inspection->error);
    mh_mailbox_free(inspection->mailbox);
    mh_findings_free(inspection->findings);
    g_ptr_array_unref(inspection->folders);
    g_ptr_array_unref(inspection->not_mail);
    g_ptr_array_unref(inspection->boundaries);
    g_free(inspection);
}
