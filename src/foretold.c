#include "foretold.h"

#include "maildir/maildir-restore.h"
#include "sync-pairing.h"

#include <fcntl.h>
#include <sys/stat.h>

/* Has the new server been at work in the folder since it was converted? Under another UIDVALIDITY
 * nothing that it has told of will stay: it has come to a conversion that was killed, perhaps. */
static bool
was_served(const MhMailbox *source, const MaildirFolder *folder)
{
    struct stat st;
    uint32_t validity = source->uids.uidvalidity;
    return (validity == 0 || validity == folder->index.uids.uidvalidity) &&
           maildir_restore_has_new_list(folder->fd) &&
           fstatat(folder->fd, "dovecot.index.log", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
is_foretold_uid(const MhMailbox *source, const MhMessage *message)
{
    return source->foretold != 0 && message->uid >= source->foretold;
}

/* Is the UIDL one that the old server has not given yet? */
static bool
is_foretold_uidl(const MhMailbox *source, const char *uidl)
{
    MhSpan text = mh_span_from_string(uidl), number, validity;
    uint64_t value;
    return source->pop3_foretold != 0 && mh_span_starts_with(text, MH_SPAN_LITERAL("UID")) &&
           mh_span_split(mh_span_from(text, 3), '-', &number, &validity) &&
           mh_span_to_u64(number, UINT64_MAX, &value) && value >= source->pop3_foretold;
}

/* Of a message that the list has, what it says stays. Of any other it is not known whether the new
 * server has told this UIDL of one that has gone: there it makes one of the UID. */
static void
settle_uidl(MhMailbox *source, MhMessage *message)
{
    const char *uidl = mh_mailbox_uidl(source, message);
    if (uidl != NULL && is_foretold_uidl(source, uidl))
        mh_mailbox_set_uidl(source, message, mh_span(NULL, 0));
}

/* A UID of the list stays when the message has the one that it was carried with. */
static void
settle_uid(const MhMailbox *source, const MhUidState *uids, MhMessage *message,
           const MhTargetMessage *listed)
{
    if (!is_foretold_uid(source, message))
        return;
    if (listed != NULL)
        message->uid = listed->has_carried ? listed->carried_uid : 0;
    else if (message->uid < uids->uidnext)
        message->uid = 0;
}

/* Is it in a list of the old server's? */
static bool
is_listed_there(const MhMailbox *source, const MhMessage *message)
{
    const char *uidl = mh_mailbox_uidl(source, message);
    bool has_uid = message->uid != 0 && !is_foretold_uid(source, message);
    return has_uid ||
           (source->pop3_foretold != 0 && uidl != NULL && !is_foretold_uidl(source, uidl));
}

bool *
mh_foretold_settle(MhMailbox *source, const MaildirFolder *folder)
{
    MhSyncPairing pairs;
    if (!was_served(source, folder))
        return NULL;
    bool *own = g_new0(bool, mh_mailbox_length(source) + 1);
    mh_sync_pairing_init(&pairs, source, &folder->index);
    for (size_t i = 0; i < mh_mailbox_length(source); i++) {
        MhMessage *message = mh_mailbox_get(source, i);
        uint32_t at = pairs.target_of[i];
        const MhTargetMessage *there = at != 0 ? mh_target_index_get(&folder->index, at - 1) : NULL;
        const MhTargetMessage *listed = there != NULL && there->uid != 0 ? there : NULL;
        own[i] = listed != NULL && !listed->ours && !is_listed_there(source, message);
        settle_uidl(source, message);
        settle_uid(source, &folder->index.uids, message, listed);
    }
    mh_sync_pairing_clear(&pairs);
    return own;
}
