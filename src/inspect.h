/* inspect: what is this file or Courier Maildir? Format, dialect, messages, UIDs, keywords,
 * findings. */
#pragma once

#include "mailbox.h"
#include "outcome.h"
#include "settings.h"

typedef struct {
    uint64_t offset;
    char *line;   /* printable */
    char *reason; /* the evidence */
    bool is_separator;
    uint32_t message;
} MhInspectBoundary;

/* One folder of a Courier Maildir. */
typedef struct {
    char *name;  /* as clients of the old server saw it, printable: "INBOX.Sent" */
    char *path;  /* its directory, printable */
    char *error; /* why it cannot be read; NULL otherwise */
    MhMailbox *mailbox;
    MhFindings *findings;
} MhInspectFolder;

typedef struct {
    char *path;         /* printable */
    char *kind;         /* what libmagic says; NULL when it was not asked */
    const char *format; /* "mbox", "courier"; NULL: not a mailbox */
    const char *dialect;
    char *error;        /* why it cannot be read; NULL otherwise */
    MhMailbox *mailbox; /* of an mbox */
    MhFindings *findings;
    GPtrArray *folders;    /* of MhInspectFolder, of a Maildir: the INBOX first */
    GPtrArray *not_mail;   /* of MhNotMail: what else lies in it */
    size_t subscriptions;  /* folders that are subscribed */
    GPtrArray *boundaries; /* of MhInspectBoundary: lines that could be read otherwise */
} MhInspection;

/* From here on this process can read these files, and change nothing (confine.h). */
void mh_inspect_confine(const char *const *paths, size_t count);

/* Never NULL. Nothing is written, no lock is taken. */
MhInspection *mh_inspect(const MhSettings *settings, const char *path);
void mh_inspection_free(MhInspection *inspection); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhInspection, mh_inspection_free)
