/* subscribe: the source's subscriptions become those of the target. */
#pragma once

#include "account-survey.h"

/* Adds what the source subscribes to the tree's list; what was subscribed there stays. */
bool mh_subscribe(MaildirTree *tree, const MhAccountSurvey *survey, MhFindings *findings,
                  GError **error);
