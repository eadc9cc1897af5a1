/* maildir-commit: puts in place what was staged, with its lists (maildir-delivery.h). */
#pragma once

#include "maildir-delivery.h"

/* The caller holds the folder's lock (maildir-lock.h) when the folder exists. A message of the plan
 * that has not been staged is left out of the list: @out_left_out says how many, the next run
 * brings them. */
bool maildir_commit(MaildirDelivery *delivery, const MaildirWork *work, size_t *out_left_out,
                    GError **error);
