/* uidlist-text: a UID list as the text that is written for it. */
#pragma once

#include "maildir/maildir-uidlist-writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A file of @text that has no name. */
static inline int
uidlist_text_file(MhSpan text)
{
    FILE *file = tmpfile();
    if (file == NULL || fwrite(text.data, 1, text.len, file) != text.len || fflush(file) != 0)
        abort();
    int fd = dup(fileno(file));
    fclose(file);
    return fd;
}

static inline GBytes *
uidlist_text(const MaildirUidlist *list)
{
    int fd = uidlist_text_file(mh_span(NULL, 0));
    MaildirUidlistWriter writer;
    maildir_uidlist_writer_begin(&writer, fd, maildir_uidlist_uids(list), list, NULL);
    for (size_t i = 0; i < maildir_uidlist_length(list); i++) {
        MaildirUidlistEntry entry;
        if (!maildir_uidlist_get(list, i, &entry))
            abort();
        maildir_uidlist_writer_keep(&writer, &entry, entry.uid);
    }
    if (!maildir_uidlist_writer_finish(&writer, NULL))
        abort();
    size_t len = (size_t)lseek(fd, 0, SEEK_END);
    char *text = g_malloc(len + 1);
    if (pread(fd, text, len, 0) != (ssize_t)len)
        abort();
    close(fd);
    return g_bytes_new_take(text, len);
}
