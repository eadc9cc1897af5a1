/* courier-source-private: what the files of courier-source share. */
#pragma once

#include "courier-source.h"

typedef struct {
    const char *name;   /* of the entry in cur/ or new/; held by the source */
    const char *listed; /* the base name it had before it was given another; NULL: that of name */
    bool is_new;
    bool leaves_new; /* in place: it will be in cur/ after this run */
    bool is_link;
    const char
        *shared;  /* where the link leads, below shared_fd; held by the source; NULL: within */
    bool dropped; /* the other name of a file that is already there */
    uint64_t size_bytes;
    int64_t mtime; /* seconds */
    uint64_t device, inode;
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
    GPtrArray *names;                    /* of char *: what files point to */
    GArray *files;                       /* of CourierSourceFile */
    GHashTable *shared_names;            /* base name -> name, in shared_dir; NULL: not needed */
    char *shared_dir;                    /* the directory of shared mail that was listed last */
} CourierSource;

/* The stamps of everything index() reads beside the messages. */
bool courier_source_stamps(CourierSource *source, MhStamp out_stamps[COURIER_STAMP_COUNT],
                           GError **error);

/* Opens the file of a message, which must still be what it was: else G_FILE_ERROR_AGAIN. */
int courier_source_open_file(CourierSource *source, const CourierSourceFile *file, GError **error);

/* Where the link @name to mail of others leads. NULL when it is not to be carried: a finding says
 * why, unless it is not shared any more. g_free(). */
char *courier_source_follow_shared(CourierSource *source, const char *name, bool is_new,
                                   struct stat *out_stat, MhFindings *findings);

/* The base name by which Courier's own files know the message. */
MhSpan courier_source_base(const CourierSourceFile *file);

/* Finds the names that messages had before a conversion in place gave them others, which carry
 * their digests: from @names (of MhSpan), those that a list of Courier's holds. */
void courier_source_find_renamed(CourierSource *source, const GArray *names);

/* Fills source->files from cur/ and new/. */
bool courier_source_list_files(CourierSource *source, MhFindings *findings, GError **error);

/* The parts of index(), in this order. The @files of a message is at message->where. */
bool courier_source_add_messages(CourierSource *source, MhMailbox *out, MhFindings *findings,
                                 GError **error);
bool courier_source_add_keywords(CourierSource *source, MhMailbox *out, MhFindings *findings,
                                 GError **error);
bool courier_source_add_pop3(CourierSource *source, MhMailbox *out, MhFindings *findings,
                             GError **error);
