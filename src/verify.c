#include "verify.h"

#include "keyed-hash.h"
#include "printable.h"
#include "verify-private.h"

#include <string.h>
#include <sys/stat.h>

static void
add(const MhVerify *verify, MhDifferenceCode code, MhDifferenceClass class, const char *detail)
{
    mh_differences_add(verify->differences, code, class, 0, 0, detail != NULL ? "%s" : NULL,
                       detail);
}

/* ---- owners and modes --------------------------------------------------------------------- */

/* A directory with that bit gives what is made in it its group, and a file system can, too. What
 * was there before a conversion in place has the group that it had. */
static bool
has_good_group(const MhVerifyFile *file, const MhVerifyRules *rules, bool is_older)
{
    bool shared = S_ISDIR(file->mode) && (file->mode & S_ISGID) != 0;
    return shared || is_older || file->gid == rules->gid || file->gid == rules->root_gid;
}

void
mh_verify_file(const MhVerifyFile *file, const MhVerifyRules *rules, MhDifferences *differences)
{
    mode_t mode = file->mode & 07777;
    mode_t wanted = S_ISDIR(file->mode) ? rules->dir_mode : rules->file_mode;
    bool is_older = file->mode_is_open || (rules->in_place && !file->is_state);
    if (S_ISLNK(file->mode))
        return;
    if (rules->check_owner && (file->uid != rules->uid || !has_good_group(file, rules, is_older)))
        mh_differences_add(differences, MH_DIFFERENCE_OWNER, MH_DIFFERENCE_DAMAGE, 0, 0,
                           "'%s' belongs to %u:%u, not to %u:%u", file->name, (unsigned)file->uid,
                           (unsigned)file->gid, (unsigned)rules->uid, (unsigned)rules->gid);
    bool good = is_older ? (mode & 0400) != 0 : (mode & ~(mode_t)S_ISGID) == wanted;
    good |= file->servers_mode != 0 && mode == file->servers_mode;
    if (!good)
        mh_differences_add(differences, MH_DIFFERENCE_MODE, MH_DIFFERENCE_DAMAGE, 0, 0,
                           "'%s' has %04o, not %04o", file->name, (unsigned)mode, (unsigned)wanted);
}

/* What has gone at the source may have been a link to it. */
static void
compare_files(const MhVerify *verify)
{
    bool may_have_gone = verify->newer || verify->rules->keep_expunged;
    for (guint i = 0; i < verify->target->files->len; i++)
        mh_verify_file(verify->target->files->pdata[i], verify->rules, verify->differences);
    for (guint i = 0; i < verify->target->messages->len; i++) {
        const MhVerifyMessage *message = mh_verify_target_get(verify->target, i);
        MhVerifyFile file = message->owner;
        file.mode_is_open |= verify->pairing->of_target[i] == MH_VERIFY_ALONE && may_have_gone;
        if (message->ours)
            mh_verify_file(&file, verify->rules, verify->differences);
    }
    for (guint i = 0; i < verify->target->leftovers->len; i++)
        mh_differences_add(verify->differences, MH_DIFFERENCE_LEFTOVER, MH_DIFFERENCE_NOTE, 0, 0,
                           "'%s'", (const char *)verify->target->leftovers->pdata[i]);
}

/* ---- the lists ---------------------------------------------------------------------------- */

static void
compare_list(const MhVerify *verify)
{
    const MhVerifyTarget *target = verify->target;
    if (!target->has_list) {
        add(verify, MH_DIFFERENCE_UID_LIST, MH_DIFFERENCE_DAMAGE, target->list_error);
        return;
    }
    for (size_t i = 0; i < mh_findings_kept(target->findings); i++) {
        const MhFinding *finding = mh_findings_get(target->findings, i);
        bool keywords = finding->code == MH_FINDING_MAILDIR_KEYWORDS_LINE;
        if (finding->code == MH_FINDING_MAILDIR_UIDLIST_NEXT && target->in_use)
            continue; /* Dovecot appends lines and leaves the header as it is */
        mh_differences_add(verify->differences,
                           keywords ? MH_DIFFERENCE_KEYWORD_TABLE : MH_DIFFERENCE_UID_LIST,
                           MH_DIFFERENCE_DAMAGE, 0, 0, "line %" G_GUINT64_FORMAT ": %s",
                           (guint64)finding->offset, mh_finding_text(finding->code));
    }
}

static void
compare_uidvalidity(const MhVerify *verify)
{
    uint32_t here = verify->source->mailbox->uids.uidvalidity;
    uint32_t there = verify->target->uids.uidvalidity;
    if (!verify->target->has_list || here == 0 || here == there)
        return;
    bool had_none = verify->carried_max == 0 && verify->newer; /* ... when it was carried */
    mh_differences_add(verify->differences, MH_DIFFERENCE_UIDVALIDITY,
                       verify->certainly_newer || had_none ? MH_DIFFERENCE_NEWER
                                                           : MH_DIFFERENCE_DAMAGE,
                       0, 0, "%u at the source, %u at the target", here, there);
}

/* Have all messages of the target, and only those, their UIDs of the source? */
static bool
is_numbered_by_source(const MhVerify *verify)
{
    for (guint i = 0; i < verify->target->messages->len; i++) {
        const MhVerifyMessage *message = mh_verify_target_get(verify->target, i);
        if (!message->has_carried || message->carried.uid != message->uid)
            return false;
    }
    return !verify->target->in_use;
}

/* Lower than at the source, and a UID may be given twice; higher is for mail of the target's. */
static void
compare_uidnext(const MhVerify *verify)
{
    uint32_t here = verify->source->mailbox->uids.uidnext;
    uint32_t there = verify->target->uids.uidnext;
    MhDifferenceClass class = MH_DIFFERENCE_DAMAGE;
    if (!verify->target->has_list)
        return;
    if (there > MH_UID_MAX) {
        mh_differences_add(verify->differences, MH_DIFFERENCE_UIDNEXT, class, 0, 0,
                           "%u at the target: no UID is left for new mail", there);
        return;
    }
    if (!verify->same_uidvalidity || here == there ||
        (there > here && !is_numbered_by_source(verify)))
        return;
    if (there < here && verify->newer)
        class = MH_DIFFERENCE_NEWER;
    mh_differences_add(verify->differences, MH_DIFFERENCE_UIDNEXT, class, 0, 0,
                       "%u at the source, %u at the target", here, there);
}

/* Messages that have no UID at the source are in order when their new ones are. What came later
 * into the middle has a higher one, as the old server would have given it; what moved at the source
 * keeps its own. Their files tell it, or the list, where they are of one tick of the clock. */
static void
compare_order(const MhVerify *verify)
{
    const MhMailbox *mailbox = verify->source->mailbox;
    const MhVerifyMessage *last = NULL;
    uint32_t last_number = 0;
    for (uint32_t i = 0; i < mh_mailbox_length(mailbox); i++) {
        uint32_t at = verify->pairing->of_source[i];
        const MhVerifyMessage *message =
            at != MH_VERIFY_ALONE ? mh_verify_target_get(verify->target, at) : NULL;
        if (message == NULL || message->uid == 0 ||
            (mailbox->uids.uidvalidity != 0 && mh_mailbox_get(mailbox, i)->uid != 0))
            continue;
        if (last != NULL && message->uid < last->uid) {
            bool moved = last->born_ns > message->born_ns || verify->target->carried_from.reordered;
            mh_differences_add(verify->differences, MH_DIFFERENCE_ORDER,
                               moved ? MH_DIFFERENCE_NOTE : MH_DIFFERENCE_DAMAGE, i + 1,
                               message->uid, "message %u has UID %u, the one before, %u, has %u",
                               i + 1, message->uid, last_number, last->uid);
        }
        last = message;
        last_number = i + 1;
    }
}

/* ---- access ------------------------------------------------------------------------------- */

static char *
show_rights(const MaildirAclEntry *entry)
{
    static const char letters[] = "lrwstipekxa";
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *who = mh_printable_string(entry->identifier);
    g_string_append_printf(text, "%s%s ", entry->negative ? "-" : "", who);
    for (unsigned i = 0; letters[i] != '\0'; i++) {
        if ((entry->rights & 1u << i) != 0)
            g_string_append_c(text, letters[i]);
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static void
compare_acl(const MhVerify *verify)
{
    const MaildirAcl *here = verify->rules->acl, *there = verify->target->acl;
    if (verify->rules->for_courier)
        return; /* which keeps them elsewhere */
    if (verify->target->acl_error != NULL)
        add(verify, MH_DIFFERENCE_ACL, MH_DIFFERENCE_DAMAGE, verify->target->acl_error);
    for (guint i = 0; here != NULL && i < here->entries->len; i++) {
        const MaildirAclEntry *entry = here->entries->pdata[i];
        const MaildirAclEntry *other = maildir_acl_find(there, entry->negative, entry->identifier);
        if (other != NULL && other->rights == entry->rights)
            continue;
        g_autofree char *left = show_rights(entry);
        g_autofree char *right = other != NULL ? show_rights(other) : g_strdup("nothing");
        mh_differences_add(verify->differences, MH_DIFFERENCE_ACL, MH_DIFFERENCE_DAMAGE, 0, 0,
                           "'%s' at the source, '%s' at the target", left, right);
    }
    bool is_mbox = verify->source->mailbox->dialect != NULL; /* which has none to compare */
    bool counts = there != NULL && (here != NULL || (!is_mbox && !verify->rules->acl_unread));
    bool may_be_testers = here == NULL && verify->rules->account_in_use;
    for (guint i = 0; counts && i < there->entries->len; i++) {
        const MaildirAclEntry *entry = there->entries->pdata[i];
        g_autofree char *right = show_rights(entry);
        if (maildir_acl_find(here, entry->negative, entry->identifier) == NULL)
            mh_differences_add(verify->differences, MH_DIFFERENCE_ACL,
                               may_be_testers ? MH_DIFFERENCE_TARGET : MH_DIFFERENCE_DAMAGE, 0, 0,
                               "nothing at the source, '%s' at the target", right);
    }
}

/* ---- what one side has alone -------------------------------------------------------------- */

/* The last message of the source that is at the target; 0: none. */
static uint32_t
last_paired(const MhVerify *verify)
{
    for (size_t i = mh_mailbox_length(verify->source->mailbox); i > 0; i--) {
        if (verify->pairing->of_source[i - 1] != MH_VERIFY_ALONE)
            return (uint32_t)i;
    }
    return 0;
}

bool
mh_verify_uid_is_new(const MhVerify *verify, uint32_t uid)
{
    uint32_t carried_uidnext = verify->target->carried_from.uidnext;
    if (carried_uidnext != 0)
        return verify->newer && uid >= carried_uidnext;
    return verify->newer && uid > verify->carried_max &&
           (uid >= verify->target->uids.uidnext || verify->target->in_use);
}

/* New mail has a new UID; without UIDs, it stands behind all that was carried. */
static MhDifferenceClass
explain_missing(const MhVerify *verify, uint32_t number, uint32_t last)
{
    uint32_t uid = mh_mailbox_get(verify->source->mailbox, number - 1)->uid;
    if (!verify->newer)
        return MH_DIFFERENCE_DAMAGE;
    if (verify->same_uidvalidity && uid != 0)
        return mh_verify_uid_is_new(verify, uid) ? MH_DIFFERENCE_NEWER : MH_DIFFERENCE_DAMAGE;
    return number > last ? MH_DIFFERENCE_NEWER : MH_DIFFERENCE_DAMAGE;
}

static void
tell_missing(const MhVerify *verify)
{
    uint32_t last = last_paired(verify);
    for (uint32_t i = 0; i < mh_mailbox_length(verify->source->mailbox); i++) {
        const MhMessage *message = mh_mailbox_get(verify->source->mailbox, i);
        if (verify->pairing->of_source[i] == MH_VERIFY_ALONE)
            mh_differences_add(verify->differences, MH_DIFFERENCE_MESSAGE_MISSING,
                               explain_missing(verify, i + 1, last), i + 1, message->uid,
                               "%" G_GUINT64_FORMAT " bytes",
                               (guint64)mh_verify_source_bytes(verify->source, i)->size_bytes);
    }
}

/* A copy may be that of a message which has gone, if it had a UID of its own. */
static MhDifferenceClass
explain_extra(const MhVerify *verify, const MhVerifyMessage *message, bool is_surplus)
{
    bool had_own_uid = message->has_carried && message->carried.uid != 0 &&
                       !g_hash_table_contains(verify->uids, GUINT_TO_POINTER(message->carried.uid));
    if (is_surplus && !had_own_uid)
        return MH_DIFFERENCE_DAMAGE;
    if (verify->rules->keep_expunged)
        return MH_DIFFERENCE_NOTE;
    return verify->newer ? MH_DIFFERENCE_NEWER : MH_DIFFERENCE_DAMAGE;
}

/* A message copied or linked is missing at the target when its file is; in place nothing else tells
 * of it. */
static void
tell_gone(const MhVerify *verify)
{
    for (guint i = 0; verify->rules->in_place && i < verify->target->gone->len; i++)
        mh_differences_add(verify->differences, MH_DIFFERENCE_MESSAGE_GONE,
                           verify->target->in_use ? MH_DIFFERENCE_TARGET : MH_DIFFERENCE_NEWER, 0,
                           0, "'%s'", (const char *)verify->target->gone->pdata[i]);
}

static void
tell_extra(const MhVerify *verify)
{
    for (guint i = 0; i < verify->target->messages->len; i++) {
        const MhVerifyMessage *message = mh_verify_target_get(verify->target, i);
        bool surplus = verify->pairing->is_surplus[i];
        if (!message->servable)
            mh_differences_add(verify->differences, MH_DIFFERENCE_MESSAGE_NAME,
                               MH_DIFFERENCE_DAMAGE, 0, message->uid, "'%s'", message->owner.name);
        else if (verify->pairing->of_target[i] == MH_VERIFY_ALONE && message->ours)
            mh_differences_add(verify->differences,
                               surplus ? MH_DIFFERENCE_MESSAGE_TWICE : MH_DIFFERENCE_MESSAGE_EXTRA,
                               explain_extra(verify, message, surplus), 0, message->uid, "'%s'",
                               message->owner.name);
    }
}

/* Two files with one base name are one message for a server, until it renames one of them. */
static void
tell_repeated_names(const MhVerify *verify)
{
    g_autoptr(GHashTable) seen =
        g_hash_table_new_full(mh_keyed_hash_text, g_str_equal, g_free, NULL);
    for (guint i = 0; i < verify->target->messages->len; i++) {
        const MhVerifyMessage *message = mh_verify_target_get(verify->target, i);
        if (!g_hash_table_add(seen, mh_span_dup(message->of.base)))
            mh_differences_add(verify->differences, MH_DIFFERENCE_MESSAGE_NAME,
                               MH_DIFFERENCE_DAMAGE, 0, message->uid,
                               "'%s' has the name of another file", message->owner.name);
    }
}

/* A wrong size in a name keeps POP3 clients out of the whole account, whoever wrote it. */
static void
check_foreign_sizes(const MhVerify *verify)
{
    for (guint i = 0; i < verify->target->messages->len; i++) {
        const MhVerifyMessage *message = mh_verify_target_get(verify->target, i);
        if (verify->pairing->of_target[i] == MH_VERIFY_ALONE && message->is_file &&
            message->error == NULL && message->of.has_size &&
            message->of.size_bytes != message->bytes.size_bytes)
            mh_differences_add(verify->differences, MH_DIFFERENCE_SIZE,
                               message->ours ? MH_DIFFERENCE_DAMAGE : MH_DIFFERENCE_TARGET, 0,
                               message->uid, "',S=' in '%s', which has %" G_GUINT64_FORMAT " bytes",
                               message->owner.name, (guint64)message->bytes.size_bytes);
    }
}

/* ---- the mailbox -------------------------------------------------------------------------- */

/* Has the source changed since it was carried? Where the list does not say what was carried, that
 * is told by times. In place, writing is a change of the source as well; the list is put there
 * last. */
static bool
is_newer(const MhVerify *verify, int64_t changed_ns)
{
    const MhVerifyTarget *target = verify->target;
    if (target->carried_from.changed_ns != 0)
        return verify->source->stamp.ctime_ns != target->carried_from.changed_ns;
    if (verify->rules->in_place && !target->in_use)
        return changed_ns > target->list_ctime_ns;
    return changed_ns >= target->written_ns;
}

static void
prepare(MhVerify *verify)
{
    const MhVerifyTarget *target = verify->target;
    int64_t changed_ns = mh_verify_source_changed_ns(verify->source);
    uint32_t here = verify->source->mailbox->uids.uidvalidity;
    verify->newer = is_newer(verify, changed_ns);
    verify->certainly_newer =
        verify->newer && target->has_list &&
        (target->carried_from.changed_ns != 0 || changed_ns >= target->list_mtime_ns);
    verify->same_uidvalidity = here != 0 && here == verify->target->uids.uidvalidity;
    verify->uids = g_hash_table_new(NULL, NULL);
    for (size_t i = 0; i < mh_mailbox_length(verify->source->mailbox); i++)
        g_hash_table_add(verify->uids,
                         GUINT_TO_POINTER(mh_mailbox_get(verify->source->mailbox, i)->uid));
    for (guint i = 0; i < verify->target->messages->len; i++) {
        const MhVerifyMessage *message = mh_verify_target_get(verify->target, i);
        if (message->has_carried)
            verify->carried_max = MAX(verify->carried_max, message->carried.uid);
    }
}

static uint64_t
compare_messages(const MhVerify *verify)
{
    uint64_t same = 0;
    for (uint32_t i = 0; i < mh_mailbox_length(verify->source->mailbox); i++) {
        uint32_t at = verify->pairing->of_source[i];
        if (at != MH_VERIFY_ALONE)
            same += mh_verify_message(verify, i, at);
    }
    return same;
}

static void
tell_no_folder(const MhVerifySource *source, const MhVerifyRules *rules, MhDifferences *differences)
{
    bool newer = mh_verify_source_changed_ns(source) >= rules->tree_written_ns;
    mh_differences_add(differences, MH_DIFFERENCE_FOLDER_MISSING,
                       newer ? MH_DIFFERENCE_NEWER : MH_DIFFERENCE_DAMAGE, 0, 0,
                       "%zu messages at the source", mh_mailbox_length(source->mailbox));
}

uint64_t
mh_verify_mailbox(const MhVerifySource *source, const MhVerifyTarget *target,
                  const MhVerifyRules *rules, MhDifferences *differences)
{
    if (!target->exists) {
        tell_no_folder(source, rules, differences);
        return 0;
    }
    g_autoptr(MhVerifyPairing) pairing = mh_verify_pairing_new(source, target, rules->in_place);
    MhVerify verify = {.source = source,
                       .target = target,
                       .rules = rules,
                       .pairing = pairing,
                       .differences = differences};
    prepare(&verify);
    tell_missing(&verify);
    tell_extra(&verify);
    tell_gone(&verify);
    tell_repeated_names(&verify);
    compare_list(&verify);
    compare_uidvalidity(&verify);
    compare_uidnext(&verify);
    verify.set_letters = mh_verify_keyword_sets(&verify);
    uint64_t same = compare_messages(&verify);
    compare_order(&verify);
    check_foreign_sizes(&verify);
    compare_acl(&verify);
    if (rules->courier != NULL)
        mh_verify_courier_folder(&verify);
    compare_files(&verify);
    g_free(verify.set_letters);
    g_hash_table_unref(verify.uids);
    return same;
}

/* ---- subscriptions ------------------------------------------------------------------------ */

/* INBOX has one name, in whatever case it is written. */
static const char *
subscribed_name(const char *name)
{
    return g_ascii_strcasecmp(name, "INBOX") == 0 ? "INBOX" : name;
}

/* Tells of every name of @names that is not among @others. */
static void
tell_lacking(const GPtrArray *names, const GPtrArray *others, MhDifferenceCode code,
             MhDifferenceClass class, MhDifferences *differences)
{
    g_autoptr(GHashTable) known = g_hash_table_new(mh_keyed_hash_text, g_str_equal);
    for (guint i = 0; i < others->len; i++)
        g_hash_table_add(known, (void *)(uintptr_t)subscribed_name(others->pdata[i]));
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *shown = mh_printable_string(names->pdata[i]);
        if (!g_hash_table_contains(known, subscribed_name(names->pdata[i])))
            mh_differences_add(differences, code, class, 0, 0, "'%s'", shown);
    }
}

void
mh_verify_subscriptions(const GPtrArray *source, const GPtrArray *target, bool newer, bool in_use,
                        MhDifferences *differences)
{
    tell_lacking(source, target, MH_DIFFERENCE_SUBSCRIPTION_MISSING,
                 newer    ? MH_DIFFERENCE_NEWER
                 : in_use ? MH_DIFFERENCE_TARGET
                          : MH_DIFFERENCE_DAMAGE,
                 differences);
    tell_lacking(target, source, MH_DIFFERENCE_SUBSCRIPTION_EXTRA, MH_DIFFERENCE_NOTE, differences);
}
