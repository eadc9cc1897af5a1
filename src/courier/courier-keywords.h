/* courier-keywords: courierimapkeywords/, the keywords of one Courier folder.
 *
 * Entries of the directory (since Courier-IMAP 2.1):
 *     ":list"     the merged state; other names that begin with ':' are nothing
 *     BASE        the newest full keyword set of the message with this base name
 *     ".N.BASE"   an older one; N is a number above 0 without leading zeros (unix time / 300)
 *     ".tmp...."  scratch; like every other dot name it is nothing
 *
 *     :list  = *( KEYWORD LF ) LF *( BASE ":" [ IDX *( SP IDX ) ] LF )      ; IDX counts from 0
 *     update = *( KEYWORD LF )                                              ; empty: no keywords
 *
 * What a message has: the content of file BASE, nothing else; without it that of the ".N.BASE"
 * with the largest N; without any the last ":list" line of BASE; without it nothing. A set replaces
 * the older one, it does not add. BASE in ":list" ends at the first ':'.
 *
 * Odd text, as 5.x reads it: an update ends at its first empty line; a last line without LF counts;
 * an IDX that begins with no number is 0; one that names no keyword is ignored. In names each of
 * SP ( ) { % * " \ ] becomes '_'; a NUL ends them. Names are equal without regard to case, and
 * the spelling in ":list" counts for updates too.
 * ".007.BASE" and updates with a ':' in BASE send 5.x into an endless loop: they are nothing.
 *
 * Source: Courier-IMAP 5.0.13 as observed.
 */
#pragma once

#include "finding.h"

typedef struct CourierKeywords CourierKeywords;

CourierKeywords *courier_keywords_new(void);
void courier_keywords_free(CourierKeywords *keywords); /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CourierKeywords, courier_keywords_free)

/* Reads ":list"; the text must outlive @keywords. Once, before the first
 * update is set. */
void courier_keywords_set_list(CourierKeywords *keywords, MhSpan text, MhFindings *findings);

typedef enum {
    COURIER_KEYWORD_ENTRY_LIST,   /* ":list" */
    COURIER_KEYWORD_ENTRY_NEWEST, /* BASE */
    COURIER_KEYWORD_ENTRY_OLDER,  /* .N.BASE */
    COURIER_KEYWORD_ENTRY_NOTHING,
    COURIER_KEYWORD_ENTRY_GARBAGE, /* nothing too, but some server stumbles over it */
} CourierKeywordEntry;

/* What the directory entry @name is. With NEWEST and OLDER *@out_base is set, borrowed, and
 * *@out_number, which is UINT64_MAX for NEWEST: the largest counts. */
CourierKeywordEntry courier_keywords_entry(MhSpan name, MhSpan *out_base, uint64_t *out_number);

/* Takes note of a directory entry; @name is copied. Of the updates of one message the one that
 * counts is kept. */
void courier_keywords_offer(CourierKeywords *keywords, MhSpan name, MhFindings *findings);
/* The names of the updates that count and are of messages in @bases (of MhSpan), one a message:
 * their content must be set before the first get. Names are borrowed; g_ptr_array_unref(). */
GPtrArray *courier_keywords_wanted(CourierKeywords *keywords, const MhSpan *bases, size_t count);
/* Is there any update that a message might have? */
bool courier_keywords_wants(const CourierKeywords *keywords);
/* The same for the message @base; NULL when there is none, or it was told before. Borrowed. */
const char *courier_keywords_want(CourierKeywords *keywords, MhSpan base);
/* The content of the update @name, which was wanted. It is copied. */
void courier_keywords_set_update(CourierKeywords *keywords, const char *name, MhSpan content,
                                 MhFindings *findings);

/* The keywords of the message with this base name, normalised, no position of a list twice (but
 * spellings may be). *@out_names is borrowed. Returns their number. Each line of the list is read
 * once, however often it is asked for. */
size_t courier_keywords_get(CourierKeywords *keywords, MhSpan base, const MhSpan **out_names,
                            MhFindings *findings);

/* Writes a ":list" of @count messages; @sets[i] are @lengths[i] indices into @names for @bases[i].
 * Messages without keywords are left out. NULL with COURIER_ERROR_NAME when a base name is empty
 * or holds ':', LF or NUL, or a keyword is empty or not what the reader would make of it. */
GBytes *courier_keywords_format_list(const MhSpan *names, size_t name_count, const MhSpan *bases,
                                     const uint16_t *const *sets, const size_t *lengths,
                                     size_t count, GError **error);
