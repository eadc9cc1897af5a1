/* courier-source-private: what the files of courier-source share. */
#pragma once

#include "courier-names.h"
#include "courier-source.h"

/* Small, for a large folder has a million of them: numbers, and not pointers, say where texts are.
 */
typedef struct {
    uint64_t size_bytes : MH_MESSAGE_SIZE_BITS;
    uint64_t is_new : 1;
    uint64_t leaves_new : 1; /* in place: it will be in cur/ after this run */
    uint64_t is_link : 1;
    uint64_t has_names : 1; /* the file has more than one */
    uint64_t dropped : 1;   /* the other name of a file that is already there */
    uint64_t is_unseen : 1; /* it could not be looked at */
    int64_t mtime;          /* seconds */
    uint64_t device, inode;
    uint32_t name; /* of the entry in cur/ or new/: where it is in the source's names */
    uint16_t name_len, base_len;
    uint32_t listed; /* index + 1 in the source's others: the base name it had before it was given
                        another; 0: that of name */
    uint32_t before; /* the same, for the list that is at hand */
    uint32_t shared; /* the same: where the link leads, below shared_fd; 0: within */
} CourierSourceFile;

enum {
    COURIER_STAMP_CUR,
    COURIER_STAMP_NEW,
    COURIER_STAMP_UIDDB,
    COURIER_STAMP_KEYWORDS,
    COURIER_STAMP_SIZELIST,
    COURIER_STAMP_COUNT
};

typedef struct {
    MhSource source;
    CourierSourceOptions options;
    int rootfd, folderfd, curfd, newfd; /* newfd is -1 when there is no new/ */
    char *folder_dir;
    bool is_inbox;
    MhStamp stamps[COURIER_STAMP_COUNT]; /* when index() began; zeroed: not there */
    GByteArray *names;        /* of entries, each with its NUL; the mailbox's texts as well */
    bool names_cut;           /* they end where their bases do: see courier_source_file_name() */
    GString *whole;           /* room for one that does not */
    GPtrArray *others;        /* of char *: what few files have besides */
    GArray *files;            /* of CourierSourceFile */
    GHashTable *shared_names; /* base name -> name, in shared_dir; NULL: not needed */
    char *shared_dir;         /* the directory of shared mail that was listed last */
    char *unseen;             /* why a file could not be looked at; NULL: all could */
    CourierNames *tidy;       /* of a tidy folder, which has no files: see courier-source-tidy.h */
    CourierSourceFile *one;   /* of it, the file that was asked for last; its name is in names */
} CourierSource;

/* A message as the POP3 server will find it in cur/. */
typedef struct {
    MhMessage *message;
    char *uidl;
    uint32_t line;         /* index + 1 in the list; 0: not listed */
    uint32_t moved : 31;   /* index + 1 in the moved names; 0: that of the file */
    uint32_t foretold : 1; /* the UIDL is one that no client has seen yet */
} CourierPop3Message;

typedef struct {
    CourierSource *source;
    CourierPop3Sizelist *list; /* NULL: none */
    struct stat list_stat;
    GArray *messages; /* of CourierPop3Message */
    GPtrArray *moved; /* of char *: names that are not those of files */
} CourierPop3;

/* G_FILE_ERROR_AGAIN: "'@name' @what". False. */
bool courier_source_set_again(GError **error, const char *name, const char *what);

/* The stamps of everything index() reads beside the messages. */
bool courier_source_stamps(CourierSource *source, MhStamp out_stamps[COURIER_STAMP_COUNT],
                           GError **error);

static inline int
courier_source_directory(const CourierSource *source, bool is_new)
{
    return is_new ? source->newfd : source->curfd;
}

/* The entry's name. A mailbox has the names of messages as strings, which are their bases: so that
 * names need not be held twice, index() at its end puts a NUL in the place of each name's first
 * ':'. Borrowed until the next text is kept, and then until the next call. */
const char *courier_source_file_name(const CourierSource *source, const CourierSourceFile *file);

static inline MhSpan
courier_source_file_span(const CourierSource *source, const CourierSourceFile *file)
{
    return mh_span(courier_source_file_name(source, file), file->name_len);
}

/* The base name that the file has now. Borrowed until the next text is kept. */
static inline MhSpan
courier_source_file_base(const CourierSource *source, const CourierSourceFile *file)
{
    return mh_span(source->names->data + file->name, file->base_len);
}

/* The base name that it has for IMAP clients; NULL: that of now. */
static inline const char *
courier_source_file_listed(const CourierSource *source, const CourierSourceFile *file)
{
    return file->listed != 0 ? source->others->pdata[file->listed - 1] : NULL;
}

/* The same, in the list at hand. */
static inline const char *
courier_source_file_before(const CourierSource *source, const CourierSourceFile *file)
{
    return file->before != 0 ? source->others->pdata[file->before - 1] : NULL;
}

/* Holds @text, of g_malloc(); gives its index + 1. */
uint32_t courier_source_hold(CourierSource *source, char *text);

/* In a tidy folder borrowed until the next call. */
const CourierSourceFile *courier_source_file_of(const CourierSource *source,
                                                const MhMessage *message);

static inline const CourierSourceFile *
courier_pop3_file(const CourierPop3 *pop3, const CourierPop3Message *item)
{
    return courier_source_file_of(pop3->source, item->message);
}

/* NULL: it is not listed. */
static inline const CourierPop3Line *
courier_pop3_line(const CourierPop3 *pop3, const CourierPop3Message *item)
{
    return item->line != 0 ? &g_array_index(pop3->list->lines, CourierPop3Line, item->line - 1)
                           : NULL;
}

/* Its name there: mail in new/ has got ":2,". Borrowed until the next text is kept. */
MhSpan courier_pop3_name(const CourierPop3 *pop3, const CourierPop3Message *item);

/* Mail that the target receives has "UID" UID "-" UIDVALIDITY. Where Courier's V is that
 * UIDVALIDITY, no such UID may be a number that a message of the list has, or has had. */
typedef struct {
    MhUidState *uids;
    uint64_t above; /* UIDNEXT may not be lower */
} CourierPop3Apart;

/* So many numbers from @number on were given, or will be, with @validity. */
void courier_pop3_keep_apart(CourierPop3Apart *apart, uint64_t number, uint64_t count,
                             uint64_t validity);
/* Raises UIDNEXT above all of them. */
void courier_pop3_set_apart(const CourierPop3Apart *apart);

/* Opens the file of a message, which must still be what it was: else G_FILE_ERROR_AGAIN. */
int courier_source_open_file(CourierSource *source, const CourierSourceFile *file, GError **error);

/* Where the link @name to mail of others leads: @out_path, of g_malloc(), is NULL when it is not to
 * be carried; a finding says why, unless it is not shared any more. False with @error when that
 * cannot be found out. */
bool courier_source_follow_shared(CourierSource *source, const char *name, bool is_new,
                                  struct stat *out_stat, char **out_path, MhFindings *findings,
                                  GError **error);

/* The base name by which Courier's own files know the message. */
MhSpan courier_source_base(const CourierSource *source, const CourierSourceFile *file);
/* The same of a message. In a tidy folder borrowed until the next call. */
MhSpan courier_source_base_of(const CourierSource *source, const MhMessage *message);

/* Finds the names that messages had before a conversion in place gave them others, which carry
 * their digests: from @names (of MhSpan), those that a list of Courier's holds. What is in it under
 * its present name, since Courier has been at work again, has that. */
void courier_source_find_renamed(CourierSource *source, const GArray *names);

/* Fills source->files from cur/ and new/. */
bool courier_source_list_files(CourierSource *source, MhFindings *findings, GError **error);
/* From here on their names are the mailbox's as well: see courier_source_file_name(). */
void courier_source_cut_names(CourierSource *source);
void courier_source_forget_names(CourierSource *source);

/* The parts of index(), in this order. The @files of a message is at message->where. */
bool courier_source_add_messages(CourierSource *source, MhMailbox *out, MhFindings *findings,
                                 GError **error);
bool courier_source_add_keywords(CourierSource *source, MhMailbox *out, MhFindings *findings,
                                 GError **error);
bool courier_source_add_pop3(CourierSource *source, MhMailbox *out, MhFindings *findings,
                             GError **error);

/* A file, and what the POP3 server's list says of it. */
typedef struct {
    MhSpan name; /* of the file, as that server finds it */
    uint64_t size_bytes, listed_bytes;
    int64_t mtime, list_mtime; /* seconds */
} CourierListedSize;

/* Does nothing but its content speak against the size in the list? See courier-virtual-size.h. */
bool courier_source_may_be_right(const CourierSource *source, const CourierListedSize *listed);

/* Finds out the size with CR LF of every message, and takes those out of @out that no device can
 * read any more. */
bool courier_source_add_sizes(CourierPop3 *pop3, MhMailbox *out, MhFindings *findings,
                              GError **error);
/* May the name of a message have a size that Dovecot would believe and should not? Which sizes are
 * right with CR LF is not known yet. */
bool courier_source_may_have_wrong_size(MhSpan base, uint64_t size_bytes);
/* The same as courier_source_add_sizes() for a tidy folder. False when a message cannot be read,
 * and it is not tidy then. */
bool courier_source_add_tidy_sizes(CourierSource *source, MhMailbox *out, MhFindings *findings);
