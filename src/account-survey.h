/* account-survey: what there is to move of one account, whatever format it is in.
 *
 * The rest of the engine works on this alone; a new kind of source is one more function that
 * fills it.
 */
#pragma once

#include "carry.h"
#include "settings.h"
#include "watch.h"

typedef struct {
    char **components; /* the folder as the old server named it, bytes; empty for the INBOX */
    char *path;        /* what it is read from, printable */
    char *target;      /* its directory in the target tree; "." is the INBOX */
    char *directory;   /* in place: its directory as it is now; may differ from target */
    char *name_map;    /* its name had to change: a line for the name map; NULL: it had not */
    char *error;       /* it is there but cannot be read, and why; NULL otherwise */
    char *acl;         /* the text of its access list at the target; NULL: none of its own */
    bool acl_unread;   /* it may have one all the same, which could not be read */
    uint64_t size_bytes;
    char *key;      /* bytes: its name for memory.h; NULL: it is not remembered */
    GArray *stamps; /* of MhStamp: what it is read from, looked at after @watch began and
                       before it is opened; mh_watch_settle()d */
    bool left;      /* not looked into in this run; see MhAccountSurvey.left */
    bool locked;    /* somebody has locked it, or has left a lock behind */
    MhSourceOpen open;
    void *data; /* of open */
    GDestroyNotify data_free;
} MhSurveyMailbox;

typedef struct {
    const char *format;       /* "mbox", "courier" */
    GPtrArray *mailboxes;     /* of MhSurveyMailbox, the INBOX first */
    GPtrArray *not_mail;      /* of MhNotMail */
    GPtrArray *subscriptions; /* of char *: directories at the target without their first dot,
                                 whether such a folder exists or not; "INBOX" */
    bool has_subscriptions;   /* the source has a list, even if it is empty */
    const char *prefix;       /* what clients of the new server write before a name */
    const char *separator;    /* and between its levels */
    char escape;              /* maildir-folder-name.h */
    bool utf8;                /* directories are in UTF-8: the new server is Courier */
    bool folds_case;          /* the target takes upper and lower case for the same */
    bool in_place;            /* the target is the source: no message file may come or go */
    uint64_t quota_bytes, quota_messages; /* 0: no limit */
    MhWatch *watch;                       /* every place that was looked at; NULL: not known */
    GPtrArray *unsure; /* of char *: directories at the target of what is there, but cannot
                          be said to be a mailbox: what was carried into them stays */
    GPtrArray *left;   /* of char *: the same, of what this run was not asked for, or cannot do */
    bool incomplete;   /* there may be mailboxes that were not found */
    GArray *roots;     /* of MhSurveyRoot: where the mail is */
    int64_t subscriptions_changed_ns; /* when a list of them last changed */
    bool subscriptions_unread; /* a list could not be read: there may be more, and none is gone */
    GArray *fds;               /* of int: directories that stay open as long as the survey */
} MhAccountSurvey;

/* A directory that holds mail: one that is empty all of a sudden may be an unmounted one. */
typedef struct {
    char *path;       /* printable */
    int fd;           /* the survey's; -1: it is not there */
    bool has_inbox;   /* it holds the INBOX, and perhaps those of others */
    bool has_folders; /* it holds the other folders */
} MhSurveyRoot;

MhAccountSurvey *mh_account_survey_new(const char *format);
void mh_account_survey_free(MhAccountSurvey *survey); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhAccountSurvey, mh_account_survey_free)

/* The directory for a name that was planned (name-plan.h). g_free(). */
char *mh_account_survey_directory(const MhAccountSurvey *survey, const char *planned);

/* @components is copied. The result belongs to the survey. */
MhSurveyMailbox *mh_account_survey_add(MhAccountSurvey *survey, char **components,
                                       const char *path);
void mh_account_survey_add_root(MhAccountSurvey *survey, const char *path, int fd, bool has_inbox,
                                bool has_folders);
/* A survey with what of the target matters for names: the new server, and the root @fd, -1 when it
 * is not there. */
MhAccountSurvey *mh_account_survey_begin(const char *format, MhServer server, int fd,
                                         MhFindings *findings);
/* Keeps @fd open until the survey is freed. */
void mh_account_survey_keep_fd(MhAccountSurvey *survey, int fd);

/* The folder as clients of the new server name it, with its prefix: "INBOX.Sent", "Sent/2004".
 * g_free(). */
char *mh_survey_mailbox_new_name(const MhAccountSurvey *survey, const MhSurveyMailbox *mailbox);

/* Is that another name than the old server's clients had? */
bool mh_survey_mailbox_is_renamed(const MhAccountSurvey *survey, const MhSurveyMailbox *mailbox);

/* The folder's name for people: components with '/' between, "INBOX" for none. g_free(). */
char *mh_survey_mailbox_name(const MhSurveyMailbox *mailbox);
