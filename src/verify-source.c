#include "verify-source.h"

#include <errno.h>

/* How often a source that keeps changing is read. */
#define READS_MAX 5

static MhVerifySource *
read_once(const MhCarrySource *where, MhFindings *findings, MhVerifyTold told, void *user,
          GError **error)
{
    g_autoptr(MhSource) from = where->open(where->open_user, findings, error);
    if (from == NULL)
        return NULL;
    g_autoptr(MhVerifySource) source = g_new0(MhVerifySource, 1);
    source->mailbox = mh_mailbox_new();
    source->bytes = g_array_new(FALSE, FALSE, sizeof(MhVerifyBytes));
    if (!mh_source_index_whole(from, source->mailbox, findings, error) ||
        (where->read != NULL && !where->read(source->mailbox, findings, where->read_user, error)))
        return NULL;
    for (size_t i = 0; i < mh_mailbox_length(source->mailbox); i++) {
        MhVerifyBytes bytes;
        if (!mh_verify_count_message(from, mh_mailbox_get(source->mailbox, i), &bytes, error))
            return NULL;
        g_array_append_val(source->bytes, bytes);
        if (told != NULL && !told(bytes.size_bytes, user)) {
            g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_INTR, "stopped as asked");
            return NULL;
        }
    }
    if (!from->class->check(from, error))
        return NULL;
    source->stamp = from->stamp;
    return g_steal_pointer(&source);
}

MhVerifySource *
mh_verify_source_read(const MhCarrySource *where, MhFindings *findings, MhVerifyTold told,
                      void *user, GError **error)
{
    for (int reads = 1;; reads++) {
        g_autoptr(GError) failure = NULL;
        g_autoptr(MhFindings) found = mh_findings_new();
        MhVerifySource *source = read_once(where, found, told, user, &failure);
        if (source != NULL || reads == READS_MAX ||
            !g_error_matches(failure, G_FILE_ERROR, G_FILE_ERROR_AGAIN)) {
            mh_findings_merge(findings, found);
            if (source == NULL)
                g_propagate_error(error, g_steal_pointer(&failure));
            return source;
        }
    }
}

void
mh_verify_source_free(MhVerifySource *source)
{
    if (source == NULL)
        return;
    mh_mailbox_free(source->mailbox);
    if (source->bytes != NULL)
        g_array_unref(source->bytes);
    g_free(source);
}
