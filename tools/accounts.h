/* accounts: whose mail a run is about, from the lists and USER arguments that it was given.
 *
 * - USER arguments choose from --users, or stand alone and are looked up.
 * - Without them it is everybody in --users.
 * - With neither, an ordinary user means himself; root must say.
 *
 * What is wrong with single lines or users is said on standard error at once and counted: the run
 * goes on with the rest and ends with MH_EXIT_FAILED.
 */
#pragma once

#include "account.h"
#include "command.h"
#include "folder-list.h"
#include "name-map.h"

typedef struct {
    GPtrArray *accounts;   /* of MhAccount, owned: in the order given */
    MhFolderList *folders; /* --folder-list; NULL: every folder */
    MhNameMap *names;      /* --name-map; empty without it */
    GBytes *folders_text;  /* as they were read; NULL without the option */
    GBytes *names_text;
    size_t refused; /* lines and users that were left out */
} MhAccounts;

void mh_accounts_free(MhAccounts *accounts); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MhAccounts, mh_accounts_free)

/* NULL with @error and @out_exit: MH_EXIT_CONFIG when a list cannot be read or two users would
 * share a target, MH_EXIT_USAGE when nobody is named. */
MhAccounts *mh_accounts_load(const MhCommandContext *context, int *out_exit, GError **error);
