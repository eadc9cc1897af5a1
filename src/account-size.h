/* account-size: how much mail an account has, at a glance: for order and for samples.
 *
 * The sizes of the INBOX file and of the files below the folder directory, two levels deep; for a
 * Courier Maildir those of its directories, which grow with their entries. Nothing is opened for
 * reading and no link is followed; what cannot be seen counts as nothing.
 */
#pragma once

#include "account.h"
#include "settings.h"

uint64_t mh_account_size(const MhSettings *settings, const MhAccount *account);

/* The same in bytes of mail, as well as a few dozen looks can tell, for many thousand accounts: of
 * a Courier Maildir what its quota file adds up to; without one, a guess from how large the
 * directories of its folders have grown. */
uint64_t mh_account_glance(const MhSettings *settings, const MhAccount *account);
