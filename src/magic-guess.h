/* magic-guess: what libmagic makes of the first bytes of a file.
 *
 * A suggestion only: it words the reason why a file is no mailbox, and names mail in formats that
 * we do not read. Whether something is a mailbox, the parser decides. (libmagic 5.44 calls an mbox
 * "ASCII text".)
 *
 * The database is loaded at the first question, once a process; a process that forks workers calls
 * mh_magic_guess_prepare() before. Where there is no database the answer is MH_GUESS_UNKNOWN, and a
 * finding. Not for use by several threads.
 */
#pragma once

#include "finding.h"

typedef enum {
    MH_GUESS_UNKNOWN, /* no answer: no database, or libmagic failed on these bytes */
    MH_GUESS_EMPTY,
    MH_GUESS_TEXT,       /* text of some kind; may be an mbox */
    MH_GUESS_MAIL,       /* one message */
    MH_GUESS_MBX,        /* c-client's mbx format */
    MH_GUESS_MMDF,       /* messages between lines of four 0x01 */
    MH_GUESS_COMPRESSED, /* gzip, bzip2, xz, zstd, ..., also archives */
    MH_GUESS_BINARY,
} MhGuessKind;

typedef struct {
    MhGuessKind kind;
    char *text; /* libmagic's description, printable; "" when there is none. g_free() */
} MhGuess;

/* As many of a file's first bytes as are looked at. */
#define MH_GUESS_BYTES 4096

/* @findings gets MAGIC_DATABASE once a process. */
MhGuess mh_magic_guess(MhSpan head, MhFindings *findings);
/* Loads the database now. False when that fails: then the guesses are MH_GUESS_UNKNOWN. */
bool mh_magic_guess_prepare(void);

/* For tests: forget what is loaded, and use the database at @path; NULL is the system's. */
void mh_magic_guess_use_database(const char *path);
