/* server-config: settings under which Dovecot shows clients what the old server showed.
 *
 * Two kinds of site.
 * - mbox (UW-IMAP, Dovecot): separator '/', no prefix; and hidden namespaces that are aliases of
 *   it for the prefixes that clients of UW-IMAP had to write ("mail/", "~/mail/", "~fred/mail/").
 * - Courier: prefix "INBOX.", separator '.', quota from maildirsize with Trash not counted, access
 *   lists.
 *
 * For mbox sites escaping is on with '^': a character that the layout cannot hold is '^' and two
 * lower-case hex digits on disk ('.', '/', a leading '~', '^' itself). Names of Courier's have no
 * such characters but a '~' in front of all, and Dovecot, both series, decodes names like
 * "per^5ecent" twice: so there it is off.
 *
 * pop3_uidl_format is that of the old server where a format can say it. Where UIDLs are written
 * down message by message in dovecot-uidlist, it serves the mail that comes later.
 *
 * Source: Dovecot's settings reference for 2.3 and 2.4; run on 2.3.19 and 2.4.1.
 */
#pragma once

#include "settings.h"

/* The text of a file for Dovecot's configuration to include, with comments; @settings has a
 * maildir. MH_CONFIG_ERROR_SYNTAX when the kind of site is not told, MH_CONFIG_ERROR_REFUSED when
 * Dovecot cannot be told so. g_free(). */
char *mh_server_config(const MhSettings *settings, GError **error);
