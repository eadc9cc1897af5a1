/* size-limits: every size that input can choose and we bound, with the reason.
 *
 * What happens beyond each is said in doc/worst-cases.md, which has a row for every one of them. */
#pragma once

/* ---- files that are read whole ------------------------------------------------------------- */

/* A state file of a source or a target (UID list, keywords, subscriptions) is read whole. A list
 * of ten million messages is about a gigabyte; more is not a list. */
#define MH_LIMIT_STATE_FILE_BYTES (2048ULL << 20)
/* The admin's lists of users, folders and names: a line of a hundred bytes for each of two million
 * folders. What is larger, or has no end, is another file. */
#define MH_LIMIT_LIST_BYTES (256ULL << 20)
/* A configuration: every key with a long value is a few kB. */
#define MH_LIMIT_CONFIG_BYTES (1ULL << 20)
/* A line of the list of users: a passwd(5) line is a few hundred bytes; its gecos may be long. */
#define MH_LIMIT_USER_LINE_BYTES 4096
/* What the system's user database may take for one user or group; a group may be huge. */
#define MH_LIMIT_USER_ENTRY_BYTES (16u << 20)
/* A list of subscriptions, of a source or a target: as much as the paths of all folders may take
 * (MH_LIMIT_FOLDER_PATHS_BYTES). Each name is held several times over. */
#define MH_LIMIT_SUBSCRIPTIONS_BYTES (64u << 20)
/* Courier: the access lists of all folders of an account, which are held until they are written. A
 * hundred thousand folders with five people each have some fifteen million bytes. */
#define MH_LIMIT_ACCESS_BYTES (64u << 20)
/* maildirsize: a line a delivery; servers begin it anew beyond 5120 bytes. */
#define MH_LIMIT_QUOTA_BYTES (16u << 20)
/* Courier: the keywords of one message, a file; its writer refuses tokens above 16 kB. */
#define MH_LIMIT_KEYWORD_FILE_BYTES (16u << 20)
/* Courier: its reader's buffer for courierimapsubscribed; to it, what follows in a longer line is
 * another line. */
#define MH_LIMIT_SUBSCRIBED_LINE_BYTES 8191
/* Courier: readers of courierpop3dsizelist up to 4.x keep about this much of a line; later ones
 * twice as much. File names are far shorter, so a longer line matches no file. */
#define MH_LIMIT_SIZELIST_LINE_BYTES 1000

/* ---- messages ------------------------------------------------------------------------------ */

/* An mbox, and so a message: nobody has one of a quarter of a terabyte. A file that claims it is
 * sparse, or no mail. */
#define MH_LIMIT_MESSAGE_BYTES (UINT64_C(1) << 38)
/* A message's header is held in memory while it is parsed, up to this; what follows counts as
 * body. RFC 5322 has no limit, real headers with long recipient lists reach a few hundred kB. */
#define MH_LIMIT_HEADER_BYTES (1u << 20)
/* How much of an mbox is searched for a first message when it does not begin with one. */
#define MH_LIMIT_LEADING_BYTES (1u << 20)
/* How often a device may fail to read of one mbox before what comes behind is given up: each time
 * may take it half a minute. */
#define MH_LIMIT_BAD_READS 32
/* Content-Length headers of one message that are tried; mail that went through several systems has
 * two. */
#define MH_LIMIT_CONTENT_LENGTHS 4
/* Keywords of one mailbox that we keep apart. Clients make a few dozen; a mailbox that claims
 * more than this is hostile. Further ones are a finding of loss. */
#define MH_LIMIT_KEYWORDS 4096
/* Keywords of one message of an mbox. */
#define MH_LIMIT_MESSAGE_KEYWORDS 256
/* Different sets of keywords that the messages of one mailbox have. Few mailboxes have a hundred;
 * so many take gigabytes. */
#define MH_LIMIT_KEYWORD_SETS (UINT32_C(1) << 23)
/* Bytes of one keyword: Courier's limit for a token is 16384, Dovecot's default for clients 50. */
#define MH_LIMIT_KEYWORD_BYTES 1024
/* A POP3 UIDL: RFC 1939, section 7. */
#define MH_LIMIT_UIDL_BYTES 70

/* ---- folders and names --------------------------------------------------------------------- */

/* One folder name on disk: NAME_MAX of every file system we know. */
#define MH_LIMIT_NAME_BYTES 255
/* Directory levels below the folder directory of an mbox account. */
#define MH_LIMIT_FOLDER_DEPTH 64
/* Folders of one account. */
#define MH_LIMIT_FOLDERS 100000
/* Bytes of the paths of all that an account's folder directory has: a hundred thousand folders have
 * some ten million. Each is held several times over, by the coordinator too. */
#define MH_LIMIT_FOLDER_PATHS_BYTES (64u << 20)
/* Names in all directories of one account that a survey looks at: a folder directory may be a
 * whole home. */
#define MH_LIMIT_SURVEY_NAMES 2000000
/* Symbolic links on the way to a file, as many as the kernel follows. */
#define MH_LIMIT_LINKS 40
/* Places of one account that are remembered to tell the next night that nothing has changed. */
#define MH_LIMIT_WATCHED_PLACES 200000

/* ---- what a worker says -------------------------------------------------------------------- */

/* A record to the coordinator: what is in one has a limit of its own, so records are small. */
#define MH_LIMIT_RECORD_BYTES (64u << 20)
/* All records of a worker that are kept, and what each takes beside its bytes. An account of a
 * hundred million messages without UIDs says about 0.8 GB, one of a hundred thousand folders 0.2
 * GB. */
#define MH_LIMIT_RECORDS_BYTES (UINT64_C(2) << 30)
#define MH_RECORD_KEPT_BYTES   1024
/* Identities of messages without UID that are remembered as carried; 8 bytes each, in a record. */
#define MH_LIMIT_CARRIED_IDS 7000000
/* Differences of one account that verify keeps with their words; all are counted. */
#define MH_LIMIT_DIFFERENCES 1000000
/* What the new server's program says on standard error: its beginning is kept. */
#define MH_LIMIT_SAID_BYTES 65536
