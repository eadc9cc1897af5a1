/* uidlist-text: a UID list as the text that is written for it, without the GUID that the writer
 * gives to a list that has none. */
#pragma once

#include "maildir/maildir-uidlist-writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of @text that has no name. */
static inline int
uidlist_text_file(MhSpan text)
{
    FILE *file = tmpfile();
    if (file == NULL || (text.len > 0 && fwrite(text.data, text.len, 1, file) != 1) ||
        fflush(file) != 0)
        abort();
    int fd = dup(fileno(file));
    fclose(file);
    return fd;
}

/* Cuts the field G off the header at the start of @text. */
static inline void
uidlist_text_without_guid(GString *text)
{
    const char *field = strstr(text->str, " G");
    if (field == NULL || strlen(field) < 34)
        abort();
    g_string_erase(text, field - text->str, 34);
}

/* What the writer has put into @fd, which is closed. */
static inline GString *
uidlist_text_finish(MaildirUidlistWriter *writer, int fd)
{
    if (!maildir_uidlist_writer_finish(writer, NULL))
        abort();
    size_t len = (size_t)lseek(fd, 0, SEEK_END);
    GString *text = g_string_new(NULL);
    g_string_set_size(text, len);
    if (pread(fd, text->str, len, 0) != (ssize_t)len)
        abort();
    close(fd);
    return text;
}

static inline GBytes *
uidlist_text(const MaildirUidlist *list)
{
    int fd = uidlist_text_file(mh_span(NULL, 0));
    MaildirUidlistWriter writer;
    maildir_uidlist_writer_begin(&writer, fd, maildir_uidlist_uids(list), list,
                                 maildir_uidlist_source(list), NULL);
    for (size_t i = 0; i < maildir_uidlist_length(list); i++) {
        MaildirUidlistEntry entry;
        if (!maildir_uidlist_get(list, i, &entry))
            abort();
        maildir_uidlist_writer_keep(&writer, &entry, entry.uid);
    }
    GString *text = uidlist_text_finish(&writer, fd);
    if (maildir_uidlist_guid(list).len == 0)
        uidlist_text_without_guid(text);
    return g_string_free_to_bytes(text);
}
