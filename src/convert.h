/* convert: one mailbox into one Maildir, without lists, accounts or state directory. */
#pragma once

#include "outcome.h"
#include "settings.h"

/* Brings the mbox file at @source into the Maildir at @maildir, or up to date there. @told as
 * MaildirDelivered, may be NULL. NULL with @error when it could not be done at all; the outcome
 * otherwise. */
MhMailboxOutcome *mh_convert(const MhSettings *settings, const char *source, const char *maildir,
                             bool dry_run, GError **error);
