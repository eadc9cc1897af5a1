/* mbox-inbox: where the INBOX of an account of mbox files is: in the spool, at --inbox, or in
 * ~/mbox with the spool behind it (mbox-account.h).
 */
#pragma once

#include "mbox-survey.h"

/* Adds the INBOX to the survey; that there is none is a finding. */
bool mh_mbox_inbox_find(MhMboxSurvey *survey, GError **error);
