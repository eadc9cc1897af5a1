/* verify-site: a small site that has been carried over, for tests of what verify says of it. */
#pragma once

#include "difference.h"
#include "job.h"
#include "outcome.h"

typedef struct {
    char *root;
    MhSettings *settings;
    MhAccount *account;
    MhNameMap *names;
    MhJob job;
    bool in_place; /* the target is the source */
} VerifySite;

/* Makes the site: INBOX, "Sent" and "Old/2004" (without UIDs), subscribed. */
VerifySite *verify_site_new(void);
/* The same of a Courier Maildir. */
VerifySite *verify_site_new_courier(MhTransfer transfer, bool in_place);
/* The same, moved to another Courier. */
VerifySite *verify_site_new_for_courier(void);
void verify_site_free(VerifySite *site);

/* Carries it over, in this process. Fails the test when not all is done. */
void verify_site_migrate(VerifySite *site);
/* Compares. mh_account_outcome_free(). */
MhAccountOutcome *verify_site_verify(VerifySite *site);

/* A path below the source ("INBOX", "mail/Sent") or the target. g_free(). */
char *verify_site_source(const VerifySite *site, const char *name);
char *verify_site_target(const VerifySite *site, const char *name);

/* Appends a message to a file of the source. */
void verify_site_append(const VerifySite *site, const char *name, const char *subject);

/* Changes a file in place: its mode and owner stay. */
void verify_site_write(const char *path, const char *text);
char *verify_site_read(const char *path);
/* @from must be in it. */
void verify_site_replace(const char *path, const char *from, const char *to);

/* The path of the first file of a directory of the target whose name holds @part. g_free(). */
char *verify_site_file(const VerifySite *site, const char *directory, const char *part);
