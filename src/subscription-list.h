/* subscription-list: which folders the user of an mbox account is subscribed to.
 *
 * ".mailboxlist" (UW-IMAP, Pine; in the home): one name a line, relative to the home, so that the
 * folders of "~/mail" are "mail/Sent"; also "~/mail/Sent", or the absolute path. The lists of other
 * servers ("{host}x") and news groups ("#news.x") are none of ours.
 *
 * ".subscriptions" and "subscriptions" (Dovecot; in the folder directory): version 1 has one name a
 * line, '/' between levels; version 2 starts with "V" TAB "2" LF LF and has a TAB between levels,
 * and inside a level 00 01 TAB CR LF written as 01 and '0' '1' 't' 'r' 'n'. Without the empty
 * line it is version 1.
 *
 * Names are as on disk: source-name.h says what they mean. A last line without LF counts (Dovecot
 * drops it, and would be wrong). "INBOX" in any case is INBOX.
 * Sources: c-client imap-2007f (dummy.c, env_unix.c), Dovecot 2.3 (subscription-file.c).
 */
#pragma once

#include "finding.h"

typedef struct {
    bool is_inbox;
    char *path;    /* below the folder directory, bytes of the disk; "INBOX" for INBOX */
    char **levels; /* the same as text, UTF-8 in NFC; {"INBOX"} for INBOX */
} MhSubscription;

typedef struct {
    GPtrArray *entries; /* of MhSubscription, in the order in which they were first met */
    GHashTable *known;  /* private */
} MhSubscriptionList;

MhSubscriptionList *mh_subscription_list_new(void);
void mh_subscription_list_free(MhSubscriptionList *list); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhSubscriptionList, mh_subscription_list_free)

/* Adds the names of a whole ".mailboxlist". @home is the home's path and @prefix the folder
 * directory below it ("mail"; "" is the home itself). Names outside that directory are a finding
 * (which may be NULL). */
void mh_subscription_list_add_uw(MhSubscriptionList *list, MhSpan text, const char *home,
                                 const char *prefix, MhFindings *findings);
/* Adds the names of a whole ".subscriptions" or "subscriptions". */
void mh_subscription_list_add_dovecot(MhSubscriptionList *list, MhSpan text, MhFindings *findings);

/* Is the folder at @path below the folder directory subscribed (INBOX is not one of them)? */
bool mh_subscription_list_has(const MhSubscriptionList *list, const char *path);
