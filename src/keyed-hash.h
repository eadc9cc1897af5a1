/* keyed-hash: hashes for tables whose keys strangers can choose.
 *
 * GLib's own have no key: whoever chooses the names of folders, of files or in a list can make all
 * of them collide, and then each is looked for among all that came before. A digest is no better:
 * names can hold any, and it takes few tries to find a message whose digest begins as one likes.
 * These are SipHash-2-4 (libsodium's shorthash) under a key that the process draws, so that a table
 * is gone through in another order in each process.
 */
#pragma once

#include "digest.h"

#include <glib.h>

guint mh_keyed_hash_text(gconstpointer text);     /* ends with NUL; with g_str_equal() */
guint mh_keyed_hash_bytes(gconstpointer bytes);   /* a GBytes; with g_bytes_equal() */
guint mh_keyed_hash_number(gconstpointer number); /* of 64 bits; with g_int64_equal() */
guint mh_keyed_hash_digest(gconstpointer digest); /* an MhDigest */
