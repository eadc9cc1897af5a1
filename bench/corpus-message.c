#include "corpus-message.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define TEXT_BYTES (1u << 20)
#define FIRST_DATE INT64_C(1041379200) /* 2003 */

const char *const corpus_keywords[CORPUS_KEYWORDS] = {"$Label1", "NonJunk", "Work", "$Forwarded"};

/* SplitMix64, a generator in the public domain. */
uint64_t
dice_roll(Dice *dice, uint64_t sides)
{
    uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (z ^ (z >> 31)) % sides;
}

double
dice_unit(Dice *dice)
{
    return (double)(dice_roll(dice, 1u << 30) + 1) / (double)(1u << 30);
}

/* A block of lines to cut bodies from; made once. */
static const char *
text_block(void)
{
    static char *block;
    static const char *const words[] = {"mail",  "of",    "the",  "server", "we",     "moved",
                                        "today", "house", "From", "and",    "folder", "letters",
                                        "under", "three", "old",  "bridges"};
    if (block != NULL)
        return block;
    Dice dice = {.state = 7};
    GString *text = g_string_sized_new(TEXT_BYTES + 100);
    while (text->len < TEXT_BYTES) {
        size_t start = text->len;
        if (dice_roll(&dice, 60) == 0)
            g_string_append(text, ">From ");
        while (text->len - start < 55 + dice_roll(&dice, 15))
            g_string_append_printf(text, "%s ", words[dice_roll(&dice, G_N_ELEMENTS(words))]);
        if (strncmp(text->str + start, "From ", 5) == 0)
            text->str[start] = 'f';
        g_string_append_c(text, '\n');
    }
    block = g_string_free(text, FALSE);
    return block;
}

void
corpus_message_next(CorpusMessage *message, Dice *dice, size_t mean_bytes)
{
    static const char *const flags[] = {"S", "S", "S", "RS", "FS", "", "ST", "S"};
    double size = -log(dice_unit(dice)) * (double)(mean_bytes > 900 ? mean_bytes - 450 : 450);
    message->date = message->number == 0 ? FIRST_DATE + (int64_t)dice_roll(dice, 100000000)
                                         : message->date + (int64_t)dice_roll(dice, 4000);
    message->number++;
    message->uid += dice_roll(dice, 10) == 0 ? 2 + (uint32_t)dice_roll(dice, 9) : 1;
    g_strlcpy(message->flags, flags[dice_roll(dice, G_N_ELEMENTS(flags))], sizeof message->flags);
    message->keywords = dice_roll(dice, 8) == 0 ? (unsigned)dice_roll(dice, 16) : 0;
    message->body_bytes = (size_t)fmin(size, 60.0 * (double)mean_bytes) + 40;
}

static void
append_date(GString *out, int64_t seconds)
{
    char text[64];
    time_t when = (time_t)seconds;
    struct tm tm;
    gmtime_r(&when, &tm);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &tm);
    g_string_append(out, text);
}

void
corpus_append_header(GString *out, const CorpusMessage *message, const char *user)
{
    g_string_append_printf(out,
                           "Return-Path: <sender-%u@example.org>\n"
                           "Received: from relay.example.org (relay.example.org [192.0.2.1])\n"
                           "\tby mx.example.com with ESMTP id %08x%04x\n"
                           "\tfor <%s@example.com>; ",
                           message->number % 97, message->number, message->uid & 0xffff, user);
    append_date(out, message->date);
    g_string_append(out, "\nDate: ");
    append_date(out, message->date);
    g_string_append_printf(out,
                           "\nFrom: Sender %u <sender-%u@example.org>\nTo: %s@example.com\n"
                           "Subject: Letter %u about the folder\nMessage-ID: <%u.%s@example.org>\n"
                           "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n",
                           message->number % 97, message->number % 97, user, message->number,
                           message->number, user);
}

void
corpus_append_body(GString *out, const CorpusMessage *message, Dice *dice)
{
    const char *block = text_block();
    size_t left = message->body_bytes;
    while (left > 0) {
        size_t start = dice_roll(dice, TEXT_BYTES / 2);
        const char *line = (const char *)memchr(block + start, '\n', TEXT_BYTES / 2) + 1;
        size_t piece = MIN(left, TEXT_BYTES / 3);
        const char *end = memchr(line + piece, '\n', 200);
        g_string_append_len(out, line, end + 1 - line);
        left -= piece;
    }
}
