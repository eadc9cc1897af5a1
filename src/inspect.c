#include "inspect.h"

#include "confine.h"
#include "magic-guess.h"
#include "mbox-options.h"
#include "printable.h"

#include <fcntl.h>
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
        !source->class->index(source, inspection->mailbox, inspection->findings, error))
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

MhInspection *
mh_inspect(const MhSettings *settings, const char *path)
{
    MhInspection *inspection = g_new0(MhInspection, 1);
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autoptr(GError) error = NULL;
    inspection->path = mh_printable_string(path);
    inspection->mailbox = mh_mailbox_new();
    inspection->findings = mh_findings_new();
    inspection->boundaries = g_ptr_array_new_with_free_func(boundary_free);
    int dirfd = mh_open_root(directory, &error);
    if (dirfd >= 0) {
        ask_magic(inspection, dirfd, name);
        read_mbox(inspection, settings, dirfd, name, &error);
        close(dirfd);
    }
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
    g_ptr_array_unref(inspection->boundaries);
    g_free(inspection);
}
