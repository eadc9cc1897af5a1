/* subscribe: the source's subscriptions become those of the target. */
#pragma once

#include "account-survey.h"

/* Adds what the source subscribes to the tree's list; what was subscribed there stays. Names of
 * folders that do not exist (any more) are kept, with a finding. */
bool mh_subscribe(MaildirTree *tree, const MhAccountSurvey *survey, MhFindings *findings,
                  GError **error);
