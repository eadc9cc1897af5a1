#include "folder-judge.h"

#include "housekeeping-name.h"
#include "magic-guess.h"
#include "mbox/mbox-head.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Most mailboxes are told by their first page; the others are looked at longer and longer, as far
 * as mbox-scan looks for the first message behind something else. In a home, where most files are
 * no mailboxes, the last look is left out. */
static const size_t looks[] = {4096, 65536, MBOX_HEAD_BYTES};
#define LOOKS_IN_HOME 2

typedef struct {
    const MhFolderSurveyOptions *options;
    const char *name, *path;
    MhFindings *findings;
} Case;

static const char *
last_component(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash != NULL ? slash + 1 : name;
}

/* Reads the first @want bytes. Fewer only at the end of the file; -1 on error. */
static ssize_t
read_head(int fd, uint8_t *head, size_t want)
{
    size_t len = 0;
    while (len < want) {
        ssize_t got = TEMP_FAILURE_RETRY(pread(fd, head + len, want - len, (off_t)len));
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

/* In a folder directory a mailbox may have a damaged start: what is behind it is carried. */
static bool
is_mailbox(const Case *file, MhSpan head, uint64_t size)
{
    if (file->options->is_mbox != NULL)
        return file->options->is_mbox(head, size, file->options->data);
    MboxHeadKind kind = mbox_head_judge(head, size, NULL);
    return kind == MBOX_HEAD_MBOX || (kind == MBOX_HEAD_DAMAGED && !file->options->is_home);
}

/* What seems to be a mailbox with a damaged start may be one inside an archive. */
static bool
is_packed(const Case *file, MhSpan head, uint64_t size)
{
    if (mbox_head_judge(head, size, NULL) != MBOX_HEAD_DAMAGED)
        return false;
    MhGuess guess = mh_magic_guess(head, file->findings);
    g_free(guess.text);
    return guess.kind == MH_GUESS_COMPRESSED;
}

static void
judge_empty(const Case *file, MhJudgement *out)
{
    const MhFolderSurveyOptions *options = file->options;
    const char *name = last_component(file->name);
    const char *what = mh_housekeeping_file(name);
    bool subscribed =
        options->is_subscribed != NULL && options->is_subscribed(file->path, options->data);
    if (subscribed || (what == NULL && name[0] != '.' && !options->is_home)) {
        out->kind = MH_FOUND_MAILBOX;
        out->empty = true;
        return;
    }
    out->kind = MH_FOUND_NO_MAIL;
    out->finding = MH_FINDING_SURVEY_NOT_MAIL;
    out->expected = what != NULL;
    out->reason = g_strdup(what != NULL ? what : "an empty file");
}

/* Words for a file that is no mailbox, and the weight of that. */
static void
judge_other(const Case *file, MhSpan head, uint64_t size, MhJudgement *out)
{
    const char *what = mh_housekeeping_file(last_component(file->name));
    size_t offset = 0;
    MboxHeadKind kind = mbox_head_judge(head, size, &offset);
    MhGuess guess = mh_magic_guess(head, file->findings);
    g_autofree char *text = guess.text;
    bool dedicated = !file->options->is_home;

    out->kind = MH_FOUND_NO_MAIL;
    out->finding = MH_FINDING_SURVEY_NOT_MAIL;
    out->is_message = kind == MBOX_HEAD_MESSAGE;
    if (kind == MBOX_HEAD_MBX || kind == MBOX_HEAD_MMDF ||
        (dedicated && guess.kind == MH_GUESS_COMPRESSED && what == NULL)) {
        out->kind = MH_FOUND_OTHER_MAIL;
        out->finding = MH_FINDING_SURVEY_OTHER_FORMAT;
        out->reason = g_strdup(kind == MBOX_HEAD_MBX    ? "c-client's mbx format"
                               : kind == MBOX_HEAD_MMDF ? "an MMDF mailbox"
                                                        : text);
    } else if (what != NULL) {
        out->expected = true;
        out->reason = g_strdup(what);
    } else if (kind == MBOX_HEAD_DAMAGED || kind == MBOX_HEAD_MBOX) {
        out->kind = MH_FOUND_OTHER_MAIL;
        out->finding = MH_FINDING_SURVEY_DAMAGED_START;
        out->reason = g_strdup_printf("a message begins only at byte %zu", offset);
    } else if (dedicated && (out->is_message || guess.kind == MH_GUESS_MAIL)) {
        out->kind = MH_FOUND_OTHER_MAIL;
        out->finding = MH_FINDING_SURVEY_OTHER_FORMAT;
        out->reason = g_strdup("a single message, without a 'From ' line");
    } else {
        out->reason = g_strdup(*text != '\0' ? text : "no 'From ' line at its start");
    }
}

/* Reads as much of the file as it takes to know it. @out_known says whether it is a mailbox. The
 * length of what was read, or -1. */
static ssize_t
look(const Case *file, int fd, uint64_t size, uint8_t *bytes, bool *out_known)
{
    size_t most = file->options->is_home ? LOOKS_IN_HOME : G_N_ELEMENTS(looks);
    ssize_t len = 0;
    *out_known = false;
    for (size_t i = 0; i < most && !*out_known; i++) {
        len = read_head(fd, bytes, looks[i]);
        *out_known = len > 0 && is_mailbox(file, mh_span(bytes, (size_t)len), size);
        if (len < (ssize_t)looks[i])
            break;
    }
    return len;
}

/* The file is open and regular. 0 or an errno. */
static int
judge_open(const Case *file, int fd, const struct stat *st, MhJudgement *out)
{
    bool known;
    g_autofree uint8_t *bytes = g_malloc(MBOX_HEAD_BYTES);
    uint64_t size = (uint64_t)st->st_size;
    ssize_t len = look(file, fd, size, bytes, &known);
    if (len < 0)
        return errno;
    MhSpan head = mh_span(bytes, (size_t)len);
    if (known && mh_housekeeping_is_pop_copy(last_component(file->name))) {
        out->kind = MH_FOUND_OTHER_MAIL;
        out->finding = MH_FINDING_SURVEY_POP_COPY;
        out->reason = g_strdup("a POP3 server's working copy, with mail in it");
    } else if (known && !is_packed(file, head, size)) {
        out->kind = MH_FOUND_MAILBOX;
    } else if (mbox_head_judge(head, size, NULL) == MBOX_HEAD_EMPTY) {
        judge_empty(file, out);
    } else {
        judge_other(file, head, size, out);
    }
    return 0;
}

MhJudgement
mh_folder_judge(int dirfd, const char *name, MhLinks links, const char *path,
                const MhFolderSurveyOptions *options, MhFindings *findings)
{
    g_autoptr(GError) error = NULL;
    Case file = {.options = options, .name = name, .path = path, .findings = findings};
    MhJudgement out = {.kind = MH_FOUND_ERROR, .finding = MH_FINDING_SURVEY_UNREADABLE};
    struct stat st;
    if (options->is_known != NULL && mh_stat(dirfd, name, links, &st, NULL)) {
        out.stamp = mh_stamp_of(&st);
        if (options->is_known(path, &out.stamp, options->data)) {
            if (st.st_size > 0)
                out.kind = MH_FOUND_MAILBOX;
            else /* where it stands counts, too */
                judge_empty(&file, &out);
            return out;
        }
    }
    int fd = mh_open_file(dirfd, name, links, &st, &error);
    if (fd >= 0) {
        out.stamp = mh_stamp_of(&st);
        int failed = judge_open(&file, fd, &st, &out);
        if (failed != 0)
            mh_set_errno(&error, failed, "cannot read it");
        close(fd);
    }
    if (error != NULL) {
        out.gone = g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT);
        out.in_doubt = !mh_says_what_is_there(error);
        out.reason = g_strdup(error->message);
        /* in a home, what its owner cannot read is not the owner's mail */
        out.finding = options->is_home && !out.in_doubt ? MH_FINDING_SURVEY_NOT_MAIL
                                                        : MH_FINDING_SURVEY_UNREADABLE;
    }
    return out;
}
