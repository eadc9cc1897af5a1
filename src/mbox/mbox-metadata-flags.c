/* What the letters and bits in a header mean to the program that wrote them. */
#include "mbox-metadata.h"

#define MOZILLA_READ          0x00000001u
#define MOZILLA_REPLIED       0x00000002u
#define MOZILLA_FLAGGED       0x00000004u
#define MOZILLA_EXPUNGED      0x00000008u
#define MOZILLA2_NEW          0x00010000u
#define MOZILLA2_IMAP_DELETED 0x00200000u

static bool
is_mozilla(const MboxMetadata *metadata, MboxHiding which)
{
    return which == MBOX_HIDING_THUNDERBIRD && metadata->has_mozilla_status;
}

static MhFlags
mozilla_flags(const MboxMetadata *metadata)
{
    MhFlags flags = 0;
    flags |= metadata->mozilla_status & MOZILLA_READ ? MH_FLAG_SEEN : 0;
    flags |= metadata->mozilla_status & MOZILLA_REPLIED ? MH_FLAG_ANSWERED : 0;
    flags |= metadata->mozilla_status & MOZILLA_FLAGGED ? MH_FLAG_FLAGGED : 0;
    flags |= metadata->mozilla_status2 & MOZILLA2_IMAP_DELETED ? MH_FLAG_DELETED : 0;
    return flags;
}

MhFlags
mbox_metadata_flags(const MboxMetadata *metadata, MboxHiding which)
{
    if (is_mozilla(metadata, which))
        return mozilla_flags(metadata);
    uint8_t status = metadata->status & (MBOX_LETTER_R | MBOX_LETTER_O);
    uint8_t x_status = metadata->x_status & (uint8_t) ~(MBOX_LETTER_R | MBOX_LETTER_O);
    uint8_t letters = status | x_status;
    if (which == MBOX_HIDING_UW)
        letters = metadata->status | metadata->x_status;
    MhFlags flags = 0;
    flags |= letters & MBOX_LETTER_R ? MH_FLAG_SEEN : 0;
    flags |= letters & MBOX_LETTER_A ? MH_FLAG_ANSWERED : 0;
    flags |= letters & MBOX_LETTER_F ? MH_FLAG_FLAGGED : 0;
    flags |= letters & MBOX_LETTER_T ? MH_FLAG_DRAFT : 0;
    flags |= letters & MBOX_LETTER_D ? MH_FLAG_DELETED : 0;
    return flags;
}

bool
mbox_metadata_is_recent(const MboxMetadata *metadata, MboxHiding which)
{
    if (is_mozilla(metadata, which))
        return (metadata->mozilla_status2 & MOZILLA2_NEW) != 0 &&
               (metadata->mozilla_status & MOZILLA_READ) == 0;
    uint8_t letters = metadata->status;
    if (which == MBOX_HIDING_UW)
        letters |= metadata->x_status;
    return (letters & MBOX_LETTER_O) == 0;
}

bool
mbox_metadata_is_expunged(const MboxMetadata *metadata, MboxHiding which)
{
    return is_mozilla(metadata, which) && (metadata->mozilla_status & MOZILLA_EXPUNGED) != 0;
}
