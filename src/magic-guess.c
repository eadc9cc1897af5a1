#include "magic-guess.h"

#include "printable.h"

#include <magic.h>
#include <string.h>

/* Nothing of a stranger's is uncompressed, and no ELF header walked, to word a sentence. */
#define FLAGS (MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF)

static struct {
    bool tried, told;
    magic_t cookie;
    const char *database;
} magic;

bool
mh_magic_guess_prepare(void)
{
    if (magic.tried)
        return magic.cookie != NULL;
    magic.tried = true;
    magic.cookie = magic_open(FLAGS);
    if (magic.cookie != NULL && magic_load(magic.cookie, magic.database) != 0)
        g_clear_pointer(&magic.cookie, magic_close);
    return magic.cookie != NULL;
}

void
mh_magic_guess_use_database(const char *path)
{
    g_clear_pointer(&magic.cookie, magic_close);
    magic.tried = magic.told = false;
    magic.database = path;
}

/* What @kind a MIME type that starts with @type, or a description that does with @text, means. */
static const struct {
    const char *type, *text;
    MhGuessKind kind;
} kinds[] = {
    {NULL, "MBX mail folder", MH_GUESS_MBX},
    {NULL, "MMDF mailbox", MH_GUESS_MMDF},
    {"application/mbox", NULL, MH_GUESS_TEXT}, /* from 5.46 on all that begins with "From " */
    {"message/", NULL, MH_GUESS_MAIL},
    {"application/gzip", NULL, MH_GUESS_COMPRESSED},
    {"application/x-gzip", NULL, MH_GUESS_COMPRESSED},
    {"application/x-bzip", NULL, MH_GUESS_COMPRESSED}, /* also x-bzip2 */
    {"application/x-xz", NULL, MH_GUESS_COMPRESSED},
    {"application/x-lz", NULL, MH_GUESS_COMPRESSED}, /* also x-lz4, x-lzip, x-lzma */
    {"application/zstd", NULL, MH_GUESS_COMPRESSED},
    {"application/x-compress", NULL, MH_GUESS_COMPRESSED},
    {"application/zip", NULL, MH_GUESS_COMPRESSED},
    {"application/x-7z-compressed", NULL, MH_GUESS_COMPRESSED},
    {"application/x-rar", NULL, MH_GUESS_COMPRESSED},
    {"application/x-tar", NULL, MH_GUESS_COMPRESSED},
    {"text/", NULL, MH_GUESS_TEXT},
};

static MhGuessKind
kind_of(const char *type, const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (kinds[i].type != NULL ? g_str_has_prefix(type, kinds[i].type)
                                  : g_str_has_prefix(text, kinds[i].text))
            return kinds[i].kind;
    }
    return MH_GUESS_BINARY;
}

/* libmagic's answer in the way that @flags asks for. g_free(); NULL when it has none. */
static char *
ask(MhSpan head, int flags)
{
    if (magic_setflags(magic.cookie, FLAGS | flags) != 0)
        return NULL;
    const char *answer = magic_buffer(magic.cookie, head.data, head.len);
    return answer != NULL ? mh_printable_string(answer) : NULL;
}

MhGuess
mh_magic_guess(MhSpan head, MhFindings *findings)
{
    head = mh_span_first(head, MH_GUESS_BYTES);
    if (head.len == 0)
        return (MhGuess){.kind = MH_GUESS_EMPTY, .text = g_strdup("empty")};
    if (!mh_magic_guess_prepare()) {
        if (!magic.told)
            mh_findings_add(findings, MH_FINDING_MAGIC_DATABASE, NULL);
        magic.told = true;
        return (MhGuess){.kind = MH_GUESS_UNKNOWN, .text = g_strdup("")};
    }
    g_autofree char *type = ask(head, MAGIC_MIME_TYPE);
    g_autofree char *text = ask(head, MAGIC_NONE);
    if (type == NULL || text == NULL)
        return (MhGuess){.kind = MH_GUESS_UNKNOWN, .text = g_strdup("")};
    char *quoted = strstr(text, ", 1st line \""); /* as of the "Mailbox text" of 5.46 */
    if (quoted != NULL)
        *quoted = '\0';
    MhGuessKind kind = kind_of(type, text);
    return (MhGuess){.kind = kind, .text = g_steal_pointer(&text)};
}
