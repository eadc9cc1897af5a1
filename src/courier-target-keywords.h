/* courier-target-keywords: "courierimapkeywords" of a folder of the target.
 *
 * Courier's clients see what stands there, and Courier drops keyword letters from the name of a
 * file whenever it changes the flags in it. So what stands there is what the target has, and
 * letters in names say nothing. A keyword of theirs that has no letter is never taken away.
 */
#pragma once

#include "maildir/maildir-state.h"

/* Gives every message the letters of the keywords that it has for Courier. */
bool mh_courier_keywords_read(MaildirFolder *folder, GError **error);
bool mh_courier_keywords_write(const MaildirStateWork *work, GError **error);
