/* courier-uiddb: courierimapuiddb, the IMAP UIDs of one Courier folder.
 *
 *     file   = header *line
 *     header = "1" SP UIDVALIDITY SP NEXTUID LF
 *     line   = UID SP BASENAME LF               ; BASENAME: file name without ":2,flags"
 *
 * The writer puts lines in the order of UIDs and cuts file names at their last ':'. The reader is
 * lenient, and so are we, because what it made of odd text is what clients saw:
 * - The header is three numbers with white space between; what follows is ignored. With fewer, with
 *   another version or without its LF the whole file is forgotten: a new UIDVALIDITY, UIDs from 1.
 * - A line is cut at its first space; a number must begin it ("8x name" is UID 8), all the rest, CR
 *   and blanks included, is the name. Other lines are skipped. Lines may stand in any order.
 * - A last line without LF is ignored up to 5.x, and read by 6.0.
 * - A file matches when its name and the listed one are equal up to the first ':' or their end.
 * - Of lines with one name that one counts which a binary search meets first. It searches all lines
 *   in the order of courier-sort.h, and among equal names the line that is last in the file comes
 *   first; so it depends on the other lines too. (6.0 takes the first line of a short list.)
 * - Numbers are not checked by Courier. We do not carry UID 0, UIDs above MH_UID_MAX, the second
 *   of two equal UIDs, nor a UIDVALIDITY that is 0 or above 32 bits.
 *
 * Source: Courier-IMAP 5.0.13 as observed; the version is 1 in all releases.
 */
#pragma once

#include "finding.h"
#include "uid-state.h"

typedef struct {
    uint32_t uid; /* 1..MH_UID_MAX; may be repeated */
    MhSpan name;  /* as listed; borrowed from the text */
} CourierUiddbLine;

typedef struct CourierUiddb CourierUiddb;

/* Reads a list; the text must outlive it. @read_unended: read a last line without LF, as 6.0 does.
 * NULL with COURIER_ERROR_LIST when Courier would forget the whole file. */
CourierUiddb *courier_uiddb_parse(MhSpan text, bool read_unended, MhFindings *findings,
                                  GError **error);
void courier_uiddb_free(CourierUiddb *list); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CourierUiddb, courier_uiddb_free)

/* The header, and a line, that hold just what they should; false for any other. */
bool courier_uiddb_plain_header(MhSpan line, MhUidState *out);
bool courier_uiddb_plain_line(MhSpan line, CourierUiddbLine *out);
/* The base name of which such a line is. */
bool courier_uiddb_line_base(MhSpan line, MhSpan *out_base);

/* uidvalidity is 0 when the one in the file cannot be carried; uidnext is above all UIDs. */
MhUidState courier_uiddb_state(const CourierUiddb *list);
/* The lines with a UID that can be carried, in the order of the file. Borrowed. */
size_t courier_uiddb_length(const CourierUiddb *list);
CourierUiddbLine courier_uiddb_get(const CourierUiddb *list, size_t index);

/* A file of the folder: the caller fills in @name, @is_new and @tag. */
typedef struct {
    MhSpan name;  /* with its info part */
    uint32_t tag; /* the caller's */
    uint32_t uid; /* out: 0 when there is none to carry */
    bool is_new;  /* in new/: then no listed UID is its own */
    bool listed;  /* out: the UID stands in the list; otherwise Courier would give it next */
} CourierUiddbFile;

/* Gives the files their UIDs as an IMAP client sees them at its next SELECT, and sorts them into
 * that order: listed ones by UID, then the others, cur/ and new/ together, with UIDs from NEXTUID
 * in Courier's own sort order. Of several files in cur/ that match one line the last in byte order
 * has its UID; Courier hides the others, we give them new ones. @list may be NULL, and its
 * UIDVALIDITY may be none: then all UIDs are 0 and only the order is of use. */
void courier_uiddb_assign(CourierUiddb *list, CourierUiddbFile *files, size_t count,
                          MhUidState *out_state, MhFindings *findings);

/* Writes a list. @lines must have ascending UIDs below @state.uidnext, and be cut to base names.
 * NULL with COURIER_ERROR_NAME when a name is empty or holds LF, NUL or ':'. */
GBytes *courier_uiddb_format(MhUidState state, const CourierUiddbLine *lines, size_t count,
                             GError **error);
