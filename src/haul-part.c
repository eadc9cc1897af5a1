#include "haul-private.h"

#include "channel.h"
#include "maildir/maildir-part.h"
#include "stopping.h"

/* Says that there is a place in the tree, and how many messages could not be linked so far. */
static void
tell_place(const MhHaul *haul)
{
    mh_channel_send(haul->fd, MH_RECORD_PART,
                    g_variant_new("(t)", (guint64)haul->tree->not_linked));
}

/* About how much there is to read: files, or directories, which grow with what is in them. */
static uint64_t
weigh(const MhSurveyMailbox *mailbox)
{
    uint64_t sum = 0;
    for (guint i = 0; i < mailbox->stamps->len; i++)
        sum += g_array_index(mailbox->stamps, MhStamp, i).size_bytes;
    return sum;
}

static int
compare(gconstpointer a, gconstpointer b)
{
    uint64_t one = weigh(*(MhSurveyMailbox *const *)a), two = weigh(*(MhSurveyMailbox *const *)b);
    return one > two ? -1 : one < two;
}

static bool
carry_what_is_free(MhHaul *haul, GError **error)
{
    const GPtrArray *mailboxes = haul->survey->mailboxes;
    g_autoptr(GPtrArray) by_weight = g_ptr_array_new();
    for (guint i = 0; i < mailboxes->len; i++)
        g_ptr_array_add(by_weight, mailboxes->pdata[i]);
    g_ptr_array_sort(by_weight, compare);
    for (guint i = 0; i < by_weight->len && !mh_stopping(); i++) {
        MhSurveyMailbox *mailbox = by_weight->pdata[i];
        bool mine;
        if (!maildir_part_claim(haul->tree, mailbox->target, &mine, error))
            return false;
        if (mine)
            mh_haul_carry_mailbox(haul, mailbox);
    }
    return true;
}

/* In place nothing is carried: that is for one worker. */
bool
mh_haul_carry_part(MhHaul *haul, GError **error)
{
    if (!mh_haul_open_tree(haul, error))
        return false;
    tell_place(haul);
    bool good =
        mh_haul_survey(haul, error) && (haul->survey->in_place || carry_what_is_free(haul, error));
    mh_haul_flush(haul);
    tell_place(haul);
    return maildir_tree_finish(haul->tree, good ? error : NULL) && good;
}
