/* folder-judge: what is this one file? The part of folder-survey that opens files. */
#pragma once

#include "folder-survey.h"

typedef struct {
    MhFoundKind kind; /* never MH_FOUND_ALIAS or MH_FOUND_INBOX */
    MhStamp stamp;
    bool empty;
    bool gone;             /* it was there when its directory was listed, and is not now */
    bool in_doubt;         /* it could not be looked at, and that says nothing of what it is */
    bool is_message;       /* begins with a header: one message without a separator */
    bool expected;         /* a mail program's own file: listed, but not worth a finding */
    MhFindingCode finding; /* when it is no mailbox */
    char *reason;          /* g_free(); NULL for a mailbox */
} MhJudgement;

/* Judges the regular file @name below @dirfd; @path is its path below the folder directory. */
MhJudgement mh_folder_judge(int dirfd, const char *name, MhLinks links, const char *path,
                            const MhFolderSurveyOptions *options, MhFindings *findings);
