/* finding: something odd in the input, and what was made of it.
 *
 * A finding is never an error: reading went on. Findings are collected while a mailbox is read,
 * counted in the report, and never printed from inside a parser. A hostile mailbox can cause
 * millions; each code keeps only its first MH_FINDINGS_KEPT records, the counts stay exact.
 */
#pragma once

#include "bytes.h"

typedef enum {
    MH_WEIGHT_NOTE,     /* worth knowing; nothing was changed or lost */
    MH_WEIGHT_REPAIRED, /* the input was wrong; what was meant was carried */
    MH_WEIGHT_LOSS,     /* something could not be carried: exit status 1 */
} MhWeight;

/* The one table of findings: code, weight, and the sentence an admin reads. The code's lower-case
 * name with '-' for '_' is what JSON shows. Detail (a name, a number) follows after a colon. */
#define MH_FINDING_TABLE(X)                                                                        \
    /* mbox: where messages begin and end */                                                       \
    X(MBOX_BOUNDARY_DOUBTFUL, NOTE, "a line 'From ' could be read either way")                     \
    X(MBOX_LEADING_BLANKS, NOTE, "blank lines before the first message")                           \
    X(MBOX_LEADING_GARBAGE, LOSS, "text before the first message belongs to none")                 \
    X(MBOX_NUL_HOLE, REPAIRED, "a hole of NULs between messages was passed over")                  \
    X(MBOX_HEADER_TOO_LONG, NOTE, "a header is too long; its rest was taken as body")              \
    X(MBOX_HEADER_UNFINISHED, NOTE, "the file ends within a header")                               \
    X(MBOX_NO_FINAL_NEWLINE, NOTE, "the file ends within a line")                                  \
    X(MBOX_LENGTH_IGNORED, NOTE, "a Content-Length that does not fit was not believed")            \
    X(MBOX_CUT_SHORT, NOTE, "the last message should be longer: the file may be cut short")        \
    /* mbox: metadata headers */                                                                   \
    /* mbox: UIDs */                                                                               \
    X(MBOX_UIDS_NONE, NOTE, "the file holds no UID state: its messages are numbered anew")         \
    X(MBOX_UID_REPLACED, REPAIRED,                                                                 \
      "an X-UID that the old server would not believe was replaced as it would have done")         \
    X(MBOX_UIDLAST_MISSING, REPAIRED,                                                              \
      "the last UID is missing from the UID base: all messages are numbered anew")                 \
    X(MBOX_UIDVALIDITY_NEW, LOSS,                                                                  \
      "the X-UIDs contradict each other: the old server would number the mailbox anew")            \
    X(MBOX_UIDS_EXHAUSTED, LOSS, "the UIDs have come to their end: the mailbox is numbered anew")  \
    /* mbox: dates */                                                                              \
    X(MBOX_DATE_FROM_HEADER, NOTE,                                                                 \
      "no usable date in the separator line: taken from the Date header")                          \
    X(MBOX_DATE_FROM_RECEIVED, NOTE,                                                               \
      "no usable date in the separator line: taken from a Received header")                        \
    X(MBOX_DATE_FROM_FILE, REPAIRED, "a message has no usable date: given the file's")             \
    X(MBOX_ZONE_DOUBTFUL, NOTE, "local dates do not fit the mail's headers: see --timezone")       \
    X(MBOX_DATE_OUT_OF_RANGE, REPAIRED,                                                            \
      "a date lies outside 1970 to 2106: the nearest possible one is given")                       \
    /* mbox: locks and files */                                                                    \
    X(MBOX_LOCK_LACKING, NOTE, "a lock could not be had here; read without it")                    \
    X(MBOX_LOCK_STALE, NOTE, "a lock that nobody holds any more; migrate removes it")              \
    X(MBOX_EXPUNGED, NOTE, "mail that the client had deleted and not yet compacted was left out")  \
    X(MBOX_KEYWORD_DROPPED, LOSS, "a keyword could not be carried")                                \
    X(MBOX_KEYWORDS_VOID, NOTE, "keywords not in the file's list: the server showed none")         \
    X(MBOX_UIDL_UNFIT, NOTE, "an X-UIDL header was no POP3 UIDL: repeated or not printable")       \
    /* maildir: state files of the target */                                                       \
    X(MAILDIR_UIDLIST_STOPPED, LOSS,                                                               \
      "the UID list is damaged; messages listed from here on lose their UIDs")                     \
    X(MAILDIR_UIDLIST_DUPLICATE, REPAIRED,                                                         \
      "the UID list names a file twice; its later UID counts")                                     \
    X(MAILDIR_UIDLIST_FIELD, REPAIRED, "a field in the UID list was not valid and was left out")   \
    X(MAILDIR_UIDLIST_GUID, REPAIRED,                                                              \
      "the UID list's GUID was all zero, which crashes servers; left out")                         \
    X(MAILDIR_UIDLIST_NEXT, NOTE, "the UID list's next UID was too low and was raised")            \
    X(MAILDIR_KEYWORDS_LINE, NOTE, "a line of the target's keyword table does not count")          \
    X(MAILDIR_SUBSCRIPTION, NOTE, "a line of the subscriptions names no folder")                   \
    /* courier: UID and UIDL lists */                                                              \
    X(COURIER_UIDS_NONE, NOTE, "no UID list: no IMAP client has opened this folder")               \
    X(COURIER_UIDS_LOST, LOSS, "the UID list is unreadable: every message gets a new UID")         \
    X(COURIER_UIDVALIDITY_INVALID, LOSS, "no client may be given this UIDVALIDITY")                \
    X(COURIER_UIDNEXT_INVALID, REPAIRED, "the next UID in the list is not above all its UIDs")     \
    X(COURIER_UIDDB_LINE, NOTE, "a line of the UID list that Courier ignores")                     \
    X(COURIER_UIDDB_ODD, NOTE, "odd text in the UID list, read as Courier reads it")               \
    X(COURIER_UIDDB_UNENDED, NOTE, "the last line of the UID list has no end")                     \
    X(COURIER_UIDDB_NAME_REPEATED, NOTE, "names repeated in the UID list: one line counts")        \
    X(COURIER_UID_INVALID, REPAIRED, "no client may be given this UID: a new one is due")          \
    X(COURIER_UID_REPEATED, REPAIRED, "two messages have one UID: the second gets a new one")      \
    X(COURIER_UIDS_EXHAUSTED, LOSS, "no UIDs are left for new messages")                           \
    X(COURIER_FILE_TWICE, REPAIRED, "two files in cur/ claim one UID: the second gets a new one")  \
    X(COURIER_LISTED_IN_NEW, NOTE, "a message has a UID but is in new/: it gets another one")      \
    X(COURIER_POP3_LIST_NONE, NOTE, "no POP3 size list: no UIDLs are on record")                   \
    X(COURIER_POP3_LIST_LOST, LOSS, "the last POP3 server did not read this list: UIDLs are lost") \
    X(COURIER_POP3_LINE, NOTE, "a line of the POP3 size list that Courier ignores")                \
    X(COURIER_POP3_ODD, NOTE, "odd text in the POP3 size list, read as Courier reads it")          \
    X(COURIER_POP3_NAME_REPEATED, NOTE, "names repeated in the POP3 size list: the last counts")   \
    X(COURIER_POP3_INFO_DIFFERS, NOTE, "only one of list and file has a ':': UIDL by base name")   \
    X(COURIER_UIDL_REPEATED, NOTE, "two messages have the same UIDL, as the old server showed")    \
    X(COURIER_UIDL_UNUSABLE, LOSS, "a UIDL that the POP3 protocol cannot carry")                   \
    X(COURIER_NOT_A_FILE, LOSS, "an entry among the messages that is no file")                     \
    X(COURIER_MESSAGE_LINK, NOTE, "a message that is a link to another file of the Maildir")       \
    X(COURIER_SHARED_UNREADABLE, LOSS, "a message that others share cannot be read by the user")   \
    X(COURIER_MESSAGE_LINK_OUT, LOSS, "a message that is a link out of the Maildir or to nothing") \
    X(COURIER_FILE_LINKED_TWICE, REPAIRED, "one file under two names of one message")              \
    X(COURIER_NAME_UNUSABLE, REPAIRED, "a file name that the target cannot keep")                  \
    X(COURIER_NAME_SIZE_WRONG, REPAIRED, "',S=' or ',W=' in a file name is not the size")          \
    /* courier: keywords */                                                                        \
    X(COURIER_KEYWORD_ENTRY, NOTE, "a file among the keyword updates that Courier ignores")        \
    X(COURIER_KEYWORD_LINE, NOTE, "a line of the keyword list that Courier ignores")               \
    X(COURIER_KEYWORD_INDEX, NOTE, "a keyword number that names no keyword")                       \
    X(COURIER_KEYWORD_BLANK, NOTE, "text behind an empty line of a keyword update is ignored")     \
    X(COURIER_KEYWORD_CHANGED, NOTE, "a keyword with characters that Courier shows as '_'")        \
    X(COURIER_KEYWORD_LOST, LOSS, "too many keywords, or one too long: not carried")               \
    X(COURIER_KEYWORDS_UNREADABLE, LOSS, "keywords that cannot be read")                           \
    /* courier: subscriptions, access control, quota */                                            \
    X(COURIER_SUBSCRIPTION_DEAD, NOTE, "a subscription that never showed to a client")             \
    X(COURIER_SUBSCRIPTION_SHARED, LOSS, "a subscription to another user's folder")                \
    X(COURIER_ACL_LINE, NOTE, "a line of an access list that Courier ignores")                     \
    X(COURIER_ACL_RIGHT, NOTE, "a letter in an access list that is no right")                      \
    X(ACCESS_UNREADABLE, LOSS, "an access list that cannot be read")                               \
    X(ACCESS_LOST, LOSS, "an entry of an access list that the target cannot hold")                 \
    X(ACCESS_STAYS, LOSS, "the target has an access list, and the source has none: it stays")      \
    X(COURIER_QUOTA_INVALID, NOTE, "the quota's first line holds no limit")                        \
    X(COURIER_QUOTA_UNREADABLE, LOSS, "the quota cannot be read")                                  \
    /* folder names */                                                                             \
    X(FOLDER_NAME_LATIN1, REPAIRED, "a folder name was not UTF-8 and was read as Latin-1")         \
    X(FOLDER_NAME_COMPOSED, NOTE, "a folder name was put into Unicode's composed form")            \
    X(FOLDER_NAME_NOT_MUTF7, REPAIRED,                                                             \
      "a folder name was not modified UTF-7 and was taken for plain text")                         \
    X(COURIER_FOLDERS_MIXED, NOTE, "folder names in UTF-8 and in modified UTF-7 in one tree")      \
    X(COURIER_FOLDERS_AMBIGUOUS, NOTE, "only '&-' tells modified UTF-7 from plain names here")     \
    X(COURIER_FOLDER_ODD_MUTF7, NOTE, "a folder name in modified UTF-7, but not as it is written") \
    X(COURIER_FOLDER_LITERAL, NOTE, "a folder name that is no modified UTF-7: taken as it is")     \
    X(COURIER_FOLDER_LATIN1, REPAIRED, "a folder name that is not UTF-8: taken as Latin-1")        \
    X(COURIER_FOLDER_OCTAL, NOTE, "a folder name with '\\ooo': IMAP clients see just that")        \
    X(COURIER_FOLDER_SPLIT, NOTE, "a folder name that decodes to '.' or '/' within a component")   \
    X(FOLDER_NAME_MAPPED, NOTE, "a folder gets the name that the name map gives it")               \
    X(FOLDER_NAME_COLLISION, REPAIRED, "two folders would have one name; one is renamed")          \
    X(FOLDER_NAME_INBOX, REPAIRED,                                                                 \
      "a folder is called INBOX beside the INBOX, or stands below such a name")                    \
    X(FOLDER_NAME_CUT, REPAIRED, "a folder name is too long for the target and is shortened")      \
    X(FOLDER_NAME_REPLACED, LOSS, "a folder name has characters that the target cannot hold")      \
    X(FOLDER_NAME_CASE, NOTE, "two folder names differ in nothing but upper and lower case")       \
    X(COURIER_FOLDER_UNUSABLE, NOTE, "an entry that Courier lists as a folder but cannot open")    \
    X(COURIER_FOLDER_LINK, NOTE, "a folder that is a link to another one: carried as its own")     \
    X(COURIER_FOLDER_LINK_OUT, LOSS, "a folder that is a link out of the Maildir")                 \
    X(COURIER_NESTED_MAILDIR, NOTE, "a Maildir that Courier does not show, for want of a dot")     \
    X(COURIER_SHARED, NOTE, "folders shared by others")                                            \
    X(COURIER_SHARED_LEFT, LOSS, "folders shared by others cannot be copied in this way")          \
    X(COURIER_SHARED_AWAY, LOSS, "a folder that others share is not where its links lead")         \
    X(COURIER_USER_SETUP, NOTE, "something the user or webmail set up: not carried")               \
    /* survey: what was found and is not mail */                                                   \
    X(MAGIC_DATABASE, NOTE, "libmagic has no database; kinds of files are not described")          \
    X(SURVEY_NOT_MAIL, NOTE, "a file among the folders is no mailbox")                             \
    X(SURVEY_OTHER_FORMAT, LOSS, "mail in a format that is not carried from here")                 \
    X(SURVEY_DAMAGED_START, LOSS,                                                                  \
      "a mailbox does not begin with a 'From ' line; it is not carried")                           \
    X(SURVEY_POP_COPY, LOSS,                                                                       \
      "mail lies in a POP3 server's working copy, left by a broken session")                       \
    X(SURVEY_ALIAS, NOTE, "a symbolic link is a second name of something that is carried")         \
    X(SURVEY_LINK_OUTSIDE, LOSS, "a symbolic link leads out of the folder directory; not carried") \
    X(SURVEY_LINK_DEAD, NOTE, "a symbolic link leads nowhere")                                     \
    X(SURVEY_UNREADABLE, LOSS, "a file or directory cannot be read")                               \
    X(SURVEY_LAYOUT_NAME, NOTE, "a folder's name leaves out what a mail program adds on disk")     \
    X(SURVEY_LIMIT, LOSS, "there is more than a survey takes in")                                  \
    X(SUBSCRIPTION_ELSEWHERE, NOTE, "a subscription names no folder of the folder directory")      \
    /* sync */                                                                                     \
    X(KEYWORD_RENAMED, REPAIRED, "a keyword is no IMAP atom and gets a name that is one")          \
    X(KEYWORD_WITHOUT_LETTER, LOSS, "a folder has more than 26 keywords: one is not carried")      \
    X(UID_TAKEN, LOSS, "messages could not keep their UID: the target has mail of its own there")  \
    X(TARGET_LIST_UNUSABLE, REPAIRED, "the target's UID list cannot be read and is made anew")     \
    X(TARGET_CHANGED, NOTE, "the target changed meanwhile; the next run brings the rest")          \
    X(KEPT_GONE, NOTE, "messages that have gone at the source were kept, as asked")                \
    X(SUBSCRIPTIONS_UNREADABLE, LOSS, "the list of subscriptions cannot be read")                  \
    X(SUBSCRIBED_MISSING, NOTE, "a folder is subscribed that does not exist; kept")                \
    X(SUBSCRIPTION_LOST, LOSS, "a subscription has a name that the target cannot hold")            \
    X(UIDL_COUNT, LOSS, "the saved UIDL listing does not match the mailbox; it was not used")      \
    X(UIDL_MOVED, LOSS,                                                                            \
      "POP3 UIDLs were other messages' before: the saved listing may be too old")                  \
    X(UIDL_UNSAYABLE, LOSS, "POP3 UIDLs that Courier's list cannot hold: new ones are given")      \
    X(LATE_DELETED, NOTE, "messages were carried before and deleted since; they stay deleted")     \
    X(FOLDER_GONE, NOTE, "a folder has gone at the source: what was carried of it goes")           \
    X(FOLDER_UNSURE, LOSS, "a folder's file is no mailbox now: what was carried of it stays")      \
    X(FOLDER_LEFT, LOSS, "a shared folder is not followed in this run: what was copied stays")     \
    X(FOREIGN_STAYS, NOTE, "mail that mailhaul did not bring stays")                               \
    X(GIVEN_BACK, NOTE, "a Maildir that was converted where it stands is Courier's alone again")   \
    X(KEYWORDS_NOT_TAKEN_BACK, LOSS,                                                               \
      "keywords that were set on the new server do not come back to Courier")                      \
    X(SOURCE_ACTIVE, NOTE, "a mailbox was written to in the last minute: its server is at work")   \
    X(SOURCE_AHEAD, NOTE, "a mailbox is dated in the future: this machine's clock may be wrong")   \
    X(NO_INBOX, NOTE, "there is no INBOX file at the source")                                      \
    /* the machine we run on */                                                                    \
    X(CONFINEMENT_LACKING, NOTE,                                                                   \
      "the system lacks a confinement: the worker was held by its user's rights alone")            \
    X(PART_FAILED, REPAIRED,                                                                       \
      "a worker that helped with the account died: another did what it had to do")                 \
    X(FILE_SYSTEM_TIMES, NOTE,                                                                     \
      "a file system whose times this machine does not keep: new changes are read twice")          \
    X(FILE_SYSTEM_CASE, NOTE, "the target's file system takes upper and lower case for the same")  \
    X(NOT_LINKED, REPAIRED, "messages that should be linked had to be copied")

typedef enum {
#define MH_FINDING_ENUM(code, weight, text) MH_FINDING_##code,
    MH_FINDING_TABLE(MH_FINDING_ENUM)
#undef MH_FINDING_ENUM
        MH_FINDING_COUNT
} MhFindingCode;

/* How many records of one code a collection keeps. */
#define MH_FINDINGS_KEPT 50

typedef struct {
    MhFindingCode code;
    bool has_offset;
    uint64_t offset;  /* byte offset or line number in the file, as the code says */
    uint32_t message; /* 1 is the first message of the mailbox; 0: not about one message */
    char *detail;     /* printable UTF-8; NULL when there is none */
} MhFinding;

typedef struct MhFindings MhFindings;

MhFindings *mh_findings_new(void);
void mh_findings_free(MhFindings *findings); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhFindings, mh_findings_free)

/* All four take NULL @findings and then do nothing. @detail_format may be NULL. Bytes from
 * outside go through mh_printable() before they become detail. */
void mh_findings_add(MhFindings *findings, MhFindingCode code, const char *detail_format, ...)
    G_GNUC_PRINTF(3, 4);
void mh_findings_add_at(MhFindings *findings, MhFindingCode code, uint64_t offset, uint32_t message,
                        const char *detail_format, ...) G_GNUC_PRINTF(5, 6);
/* Of a message whose place in the file is not known. */
void mh_findings_add_of(MhFindings *findings, MhFindingCode code, uint32_t message,
                        const char *detail_format, ...) G_GNUC_PRINTF(4, 5);
/* Counts @more findings of @code without records of their own. */
void mh_findings_add_count(MhFindings *findings, MhFindingCode code, uint64_t more);
/* Adds all of @other, which stays as it is. */
void mh_findings_merge(MhFindings *findings, const MhFindings *other);

/* How often @code was met; how many findings there are of @weight. */
uint64_t mh_findings_count(const MhFindings *findings, MhFindingCode code);
uint64_t mh_findings_weigh(const MhFindings *findings, MhWeight weight);
/* The kept records, in the order they came. Borrowed. */
size_t mh_findings_kept(const MhFindings *findings);
const MhFinding *mh_findings_get(const MhFindings *findings, size_t index);

const char *mh_finding_name(MhFindingCode code); /* "mbox-boundary-doubtful" */
const char *mh_finding_text(MhFindingCode code);
MhWeight mh_finding_weight(MhFindingCode code);
const char *mh_weight_name(MhWeight weight); /* "note", "repaired", "loss" */
bool mh_finding_from_name(const char *name, MhFindingCode *out_code);
