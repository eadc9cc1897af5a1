/* courier-source: one folder of a Courier Maildir as a source of mail.
 *
 * What index() gives is what clients of the Courier server would see next:
 * - Order and UIDs are those of the next SELECT: listed mail by UID, then the rest, cur/ and new/
 *   together, from NEXTUID on in Courier's sort order. Without a usable UID list there are none.
 * - Flags are in the file's name, the date is its mtime, mail in new/ is new.
 * - Keywords are the newest set that the keyword directory has for the base name.
 * - In the INBOX, pop3_order is the order of the POP3 server, which is not that of UIDs, and uidl
 *   what its list says; mail that is not in it has the UIDL that it would get next, if that can be
 *   foretold (it needs the V of the list's header).
 * - Symlinks count as the files that they lead to, as long as these are in the Maildir. In a folder
 *   that others share ("shared-folders/NAME/FOLDER", all links) they are below a directory that the
 *   admin has named; flags, UIDs and keywords there are the user's own.
 * - name is the base name, unless the target cannot keep it: empty, with CR or LF, or with a ",S="
 *   or ",W=" that is not the message's size. The identity is always made of the base name.
 * - Two files with one base name are two messages with one identity; two names of one file are
 *   one message.
 *
 * Nothing is ever written, and no lock is taken: run with Courier stopped, or ask check() whether
 * cur, new, and the lists have changed since index() began. A message that vanishes while we read
 * is G_FILE_ERROR_AGAIN at once. Lists that are there and cannot be read are an error: to go on
 * would be to lose every UID.
 */
#pragma once

#include "courier-pop3-sizelist.h"
#include "source.h"

typedef enum {
    COURIER_UIDL_LIST,       /* what the list has; without one nothing is promised */
    COURIER_UIDL_FILE_NAMES, /* without a list, file names (a server up to 4.18 was the last) */
    COURIER_UIDL_NONE,       /* none at all */
} CourierUidl;

/* Which sizes of messages are believed, so that their files need not be read? */
typedef enum {
    COURIER_SIZES_READ,  /* those that were counted in the file before */
    COURIER_SIZES_KNOWN, /* all that are known from before */
    COURIER_SIZES_LIST,  /* these, and the POP3 server's: see courier-virtual-size.h */
} CourierSizes;

typedef struct {
    CourierUidl uidl;
    CourierSizes sizes;
    CourierEra era;    /* with COURIER_ERA_OLD a missing list means file names, too */
    bool strict_match; /* a list line and a file of which only one has a ':' do not match, as for
                        * the server. By default they do: the line is of the client's last visit */
    bool read_unended; /* read a last line without LF in the UID list, as 6.0 does */

    /* Identities of files, not of base names: the digest of "cur/NAME" or "new/NAME". */
    bool ids_of_files;
    /* The identity that a base name carries. False, or NULL: it is the digest of its bytes. */
    bool (*own_identity)(MhSpan base, MhDigest *out_id);
    /* The virtual size of a message that is known from elsewhere, so that its file need not be
     * read, and whether that was only listed, not counted; NULL: none is. */
    bool (*known_size)(void *data, MhSpan base, uint64_t size_bytes, uint64_t *out_virtual_size,
                       bool *out_listed);
    void (*known_size_done)(void *data); /* no more is asked for now; may be NULL */
    void *known_size_data;
    /* In place: base names that files with such an identity had before, so that what no list has is
     * in the order of those still. Of char *, g_ptr_array_unref(); NULL, here as well: none. */
    GPtrArray *(*old_names)(void *data);
    void *old_names_data;

    /* The folder is one of shared-folders/: its links lead to mail below this directory, named as
     * in the links, and opened; such mail is not the user's, and only copied. NULL: they do not. */
    const char *shared_path;
    int shared_fd;
} CourierSourceOptions;

/* What ids_of_files gives a file. */
MhDigest courier_source_file_id(const char *name, bool is_new);

/* What a link with the text @target leads to, below the directory @root, an absolute path; by its
 * words alone. g_free(). NULL: elsewhere. */
char *courier_source_shared_path(const char *root, MhSpan target);

/* Opens a folder: @folder_dir is "." for INBOX or ".a.b", below @maildirfd, the root of the tree,
 * which is duplicated. @options may be NULL. NULL with @error when it is no folder. */
MhSource *courier_source_open(int maildirfd, const char *folder_dir,
                              const CourierSourceOptions *options, GError **error);
