/* courier-folder-name: from a directory of a Courier tree to the folder's name as clients saw it.
 *
 * Folder INBOX.a.b is the directory ".a.b" in the tree's root; "a.b" is called its path here. The
 * separator is '.'; a path with an empty component ("..x", ".a..b", ".a.") is no folder. ".INBOX"
 * is the folder INBOX.INBOX. All bytes but NUL and '/' occur.
 *
 * Encoding. Before 5.0 the bytes are what the client sent: modified UTF-7 (RFC 3501), unchecked, so
 * that raw 8-bit bytes, a lone '&' and forms that no encoder writes occur; some clients wrote
 * ". / ~ :" within a component as "&AC4-" and so on. From 5.0 on they are UTF-8; SMAP clients
 * write some characters as '\' and three octal digits, which IMAP clients see as just that. Nothing
 * on disk says which it is, and a tree that was not converted holds both: there, clients of 5.x saw
 * the modified UTF-7 of old folders as plain text, and that is what we give.
 *
 * Source: Courier-IMAP 5.0.13 as observed.
 */
#pragma once

#include "finding.h"

typedef enum {
    COURIER_NAMES_ASCII, /* both encodings say the same */
    COURIER_NAMES_UTF8,
    COURIER_NAMES_MUTF7,
    COURIER_NAMES_MIXED, /* read as UTF-8 */
} CourierNames;

/* What encoding the tree with these folders has. Evidence for UTF-8: 8-bit bytes that are valid,
 * and, weakly, a '&' that begins nothing; for modified UTF-7: a well-formed "&...-", and, weakly,
 * "&-". Weak evidence counts only where there is none other. */
CourierNames courier_folder_names_guess(const MhSpan *paths, size_t count, MhFindings *findings);

/* Has no empty component, no '/' and no NUL, and is not empty. */
bool courier_folder_path_valid(MhSpan path);

/* The components of a valid path as a client saw them: UTF-8, NULL-terminated. Each may hold any
 * character but U+0000, '.' and '/' included. What is not in the encoding it should be in is a
 * finding, and is taken as it is, or as Latin-1 when it is not UTF-8. Free with g_strfreev(). */
char **courier_folder_components(MhSpan path, CourierNames names, MhFindings *findings);
