/* corpus-message: invented mail, the same from the same seed. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint64_t state;
} Dice;

uint64_t dice_roll(Dice *dice, uint64_t sides); /* 0 .. sides - 1 */
double dice_unit(Dice *dice);                   /* above 0, up to 1 */

/* Keywords that a message may have; bit n stands for corpus_keywords[n]. */
#define CORPUS_KEYWORDS 4
extern const char *const corpus_keywords[CORPUS_KEYWORDS];

typedef struct {
    uint32_t number; /* 1 is the first of its folder; the UID has gaps */
    uint32_t uid;
    int64_t date; /* seconds since 1970 */
    char flags[6];
    unsigned keywords;
    size_t body_bytes;
} CorpusMessage;

/* The next message of a folder; sizes are exponentially distributed around @mean_bytes. */
void corpus_message_next(CorpusMessage *message, Dice *dice, size_t mean_bytes);

/* Appends header lines (without the empty line) and the body, with LF line ends. @user makes them
 * differ between folders. */
void corpus_append_header(GString *out, const CorpusMessage *message, const char *user);
void corpus_append_body(GString *out, const CorpusMessage *message, Dice *dice);
