/* subscribe: the source's subscriptions become those of the target.
 *
 * Three lists decide: what the source has, what it had when it was carried last, and what the
 * target has. What has come at the source is added and what has gone there is removed; what a
 * tester subscribed or unsubscribed at the target stays so. When it is not known what was carried
 * last, nothing is removed. Strictly (--mirror), what the source has is added again.
 */
#pragma once

#include "account-survey.h"

/* @carried is of char *, as MhAccountSurvey.subscriptions; NULL: not known. Sets @out_changed;
 * with @dry_run nothing is written. */
bool mh_subscribe(MaildirTree *tree, const MhAccountSurvey *survey, const GPtrArray *carried,
                  bool mirror, bool dry_run, bool *out_changed, MhFindings *findings,
                  GError **error);

/* Undo: takes what was @carried out of the list, and the names of the @removed folders (of char *,
 * without their first dot). A list that is empty then goes. */
bool mh_unsubscribe(MaildirTree *tree, const GPtrArray *carried, const GPtrArray *removed,
                    bool dry_run, GError **error);
