/* mbox-index: the messages of an mbox, as the scanner tells of them, made into a mailbox.
 *
 * Give mbox_index_events() and the index to a scanner, feed it the file, then finish.
 */
#pragma once

#include "mailbox.h"
#include "mbox-scan.h"
#include "mbox-metadata.h"
#include "mbox-source.h"

typedef struct {
    MboxDialect dialect; /* not AUTO */
    MboxUnquote unquote;
    MboxUidlMode uidl;
    GTimeZone *local;
    int64_t file_time;                                          /* for messages without any date */
    void (*boundary)(void *user, const MboxBoundary *boundary); /* may be NULL */
    void *user;
} MboxIndexOptions;

typedef struct MboxIndex MboxIndex;

/* Fills @mailbox, which is new. @findings may be NULL. All must outlive the index. */
MboxIndex *mbox_index_new(const MboxIndexOptions *options, MhMailbox *mailbox,
                          MhFindings *findings);
void mbox_index_free(MboxIndex *index); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MboxIndex, mbox_index_free)

/* Called by the scanner, with the index as user. */
MboxScanEvents mbox_index_events(void);

/* Leaves out the message that has ended last: a piece of it could not be read. Behind it only
 * messages are taken in whose number does not depend on it. */
void mbox_index_drop_last(MboxIndex *index);

/* After the last message: UIDs, UIDLs, findings about the whole. */
void mbox_index_finish(MboxIndex *index);

/* The marks of all messages seen. */
const MboxMarks *mbox_index_marks(const MboxIndex *index);

/* Adds what the header and the From_ line of one message show to @marks. */
void mbox_index_mark(MboxMarks *marks, MhSpan header, const MboxFromLine *from);

/* Whose headers a dialect hides. */
MboxHiding mbox_index_hiding(MboxDialect dialect);
