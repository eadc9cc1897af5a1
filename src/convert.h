/* convert: one mbox file or Courier Maildir into one Maildir, without lists or state directory. */
#pragma once

#include "outcome.h"
#include "settings.h"

/* Brings the mbox file, or the Maildir with its folders, at @source into the Maildir at @maildir,
 * or up to date there. NULL with @error when nothing could be tried; the outcome otherwise, which
 * for a Maildir may be a failed one. */
MhAccountOutcome *mh_convert(const MhSettings *settings, const char *source, const char *maildir,
                             GError **error);
