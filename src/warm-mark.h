/* warm-mark: how the folders of a target were when the new server had built its caches, to tell
 * later whether there is anything new to build.
 *
 * Looked at are, of each folder of the Maildir++ tree: UIDVALIDITY and next UID (V and N in the
 * first line of dovecot-uidlist, which change when mail comes), the mtime of new/ (which changes
 * when mail comes past the server), and the first 12 bytes of dovecot.index.cache (version, the
 * index it belongs to, its number: others when the cache is lost and made anew). Flags, and what
 * clients do to mail, change none of them.
 * Source: mail-cache-private.h of Dovecot 2.3 (struct mail_cache_header); seen on 2.3 and 2.4.
 */
#pragma once

#include "account.h"
#include "digest.h"

typedef struct {
    MhDigest mail;  /* folders, UIDVALIDITYs and next UIDs: the server's own work leaves it alone */
    MhDigest whole; /* that, the caches, and what was asked for */
    bool used;      /* some folder has given out UIDs: there is or was mail in it */
} MhWarmMark;

/* Looks at the Maildir that @pattern gives for @account, without following a link out of it and
 * without changing anything. @asked is what the caches are to hold. False with @error:
 * G_FILE_ERROR_NOENT when there is no Maildir. */
bool mh_warm_mark_look(const char *pattern, const MhAccount *account, const char *asked,
                       MhWarmMark *out_mark, GError **error);
