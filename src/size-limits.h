/* size-limits: every size that input can choose and we bound, with the reason. */
#pragma once

/* A state file of a source or a target (UID list, keywords, subscriptions) is read whole. A list
 * of ten million messages is about a gigabyte; more is not a list. */
#define MH_LIMIT_STATE_FILE_BYTES (2048ULL << 20)

/* One folder name on disk: NAME_MAX of every file system we know. */
#define MH_LIMIT_NAME_BYTES 255

/* Keywords of one mailbox that we keep apart. Clients make a few dozen; a mailbox that claims
 * more than this is hostile. Further ones are a finding of loss. */
#define MH_LIMIT_KEYWORDS 4096
/* Bytes of one keyword: Courier's limit for a token is 16384, Dovecot's default for clients 50. */
#define MH_LIMIT_KEYWORD_BYTES 1024

/* A message's header is held in memory while it is parsed, up to this; what follows counts as
 * body. RFC 5322 has no limit, real headers with long recipient lists reach a few hundred kB. */
#define MH_LIMIT_HEADER_BYTES (1u << 20)

/* Directory levels below the folder directory of an mbox account. */
#define MH_LIMIT_FOLDER_DEPTH 64
/* Folders of one account. */
#define MH_LIMIT_FOLDERS 100000
/* Names in all directories of one account that a survey looks at: a folder directory may be a
 * whole home. */
#define MH_LIMIT_SURVEY_NAMES 2000000

/* Differences of one account that verify keeps with their words; all are counted. */
#define MH_LIMIT_DIFFERENCES 1000000
