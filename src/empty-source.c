#include "empty-source.h"

static bool
empty_index(MhSource *source, MhMailbox *out, MhFindings *findings, GError **error)
{
    (void)source, (void)out, (void)findings, (void)error;
    return true;
}

static bool
empty_copy(MhSource *source, const MhMessage *message, int fd, GError **error)
{
    (void)source, (void)message, (void)fd, (void)error;
    g_assert_not_reached();
}

static bool
empty_check(MhSource *source, GError **error)
{
    (void)source, (void)error;
    return true;
}

static void
empty_free(MhSource *source)
{
    g_free(source);
}

static const MhSourceClass empty_class = {
    .index = empty_index,
    .copy = empty_copy,
    .open_message = NULL,
    .check = empty_check,
    .free = empty_free,
};

MhSource *
mh_empty_source_open(void *user, MhFindings *findings, GError **error)
{
    (void)user, (void)findings, (void)error;
    MhSource *source = g_new0(MhSource, 1);
    source->class = &empty_class;
    return source;
}
