#include "maildir-keywords.h"

#include "mutf7.h"
#include "printable.h"

#include <string.h>

MaildirKeywords *
maildir_keywords_new(void)
{
    return g_new0(MaildirKeywords, 1);
}

void
maildir_keywords_free(MaildirKeywords *keywords)
{
    if (keywords == NULL)
        return;
    for (size_t i = 0; i < MAILDIR_KEYWORD_LETTERS; i++)
        g_free(keywords->names[i]);
    g_free(keywords);
}

uint8_t
maildir_keywords_find(const MaildirKeywords *keywords, const char *name)
{
    for (uint8_t i = 0; i < MAILDIR_KEYWORD_LETTERS; i++) {
        if (keywords->names[i] != NULL && g_ascii_strcasecmp(keywords->names[i], name) == 0)
            return i;
    }
    return MAILDIR_KEYWORD_NONE;
}

static bool
read_line(MaildirKeywords *keywords, MhSpan line)
{
    MhSpan number, name;
    uint32_t letter;
    size_t at;
    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (!mh_span_split(line, ' ', &number, &name) || name.len == 0 ||
        mh_span_find(name, '\0', &at) ||
        !mh_span_to_u32(number, MAILDIR_KEYWORD_LETTERS - 1, &letter))
        return false;
    g_autofree char *copy = mh_span_dup(name);
    if (maildir_keywords_find(keywords, copy) != MAILDIR_KEYWORD_NONE)
        return false;
    g_free(keywords->names[letter]);
    keywords->names[letter] = g_steal_pointer(&copy);
    return true;
}

MaildirKeywords *
maildir_keywords_parse(MhSpan text, MhFindings *findings)
{
    MaildirKeywords *keywords = maildir_keywords_new();
    uint64_t number = 0;
    MhSpan line;
    bool ended;
    while (mh_span_take_line(&text, &line, &ended)) {
        number++;
        if (ended && read_line(keywords, line))
            continue;
        g_autofree char *shown = mh_printable(mh_span_first(line, 80));
        mh_findings_add_at(findings, MH_FINDING_MAILDIR_KEYWORDS_LINE, number, 0, "%s", shown);
    }
    return keywords;
}

GString *
maildir_keywords_format(const MaildirKeywords *keywords)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < MAILDIR_KEYWORD_LETTERS; i++) {
        const char *name = keywords->names[i];
        if (name == NULL)
            continue;
        /* a reader drops one CR: the name's own must not be it */
        g_string_append_printf(text, "%u %s%s\n", (unsigned)i, name,
                               g_str_has_suffix(name, "\r") ? "\r" : "");
    }
    return text;
}

static bool
is_atom_byte(uint8_t c)
{
    return c > ' ' && c != 0x7f && strchr("(){%*\"\\]", c) == NULL;
}

static char *
to_utf8(const char *bytes, size_t len)
{
    if (g_utf8_validate(bytes, (gssize)len, NULL))
        return g_strndup(bytes, len);
    GString *utf8 = g_string_new(NULL);
    for (size_t i = 0; i < len; i++)
        g_string_append_unichar(utf8, (uint8_t)bytes[i]);
    return g_string_free(utf8, FALSE);
}

char *
maildir_keyword_sanitise(MhSpan name, bool *out_changed)
{
    if (name.len == 0)
        return NULL;
    bool ascii = true;
    g_autofree char *atom = mh_span_dup(name);
    for (size_t i = 0; i < name.len; i++) {
        if (!is_atom_byte(name.data[i]))
            atom[i] = '_';
        ascii = ascii && name.data[i] < 0x80;
    }
    if (!ascii) {
        g_autofree char *utf8 = to_utf8(atom, name.len);
        g_free(atom);
        atom = mh_mutf7_encode(utf8);
    }
    if (out_changed != NULL)
        *out_changed = !mh_span_equal(name, mh_span_from_string(atom));
    return g_steal_pointer(&atom);
}

/* Most used first; the earlier of equals. */
static int
compare_uses(gconstpointer a, gconstpointer b, gpointer data)
{
    const MaildirKeywordUse *uses = data;
    size_t i = *(const size_t *)a;
    size_t j = *(const size_t *)b;
    if (uses[i].messages != uses[j].messages)
        return uses[i].messages > uses[j].messages ? -1 : 1;
    return i < j ? -1 : i > j;
}

static uint8_t
take_letter(MaildirKeywords *keywords, const char *name, uint32_t reserved)
{
    for (uint8_t i = 0; i < MAILDIR_KEYWORD_LETTERS; i++) {
        if (keywords->names[i] != NULL || (reserved & UINT32_C(1) << i))
            continue;
        keywords->names[i] = g_strdup(name);
        return i;
    }
    return MAILDIR_KEYWORD_NONE;
}

size_t
maildir_keywords_assign(MaildirKeywords *keywords, const MaildirKeywordUse *uses, size_t count,
                        uint32_t reserved, uint8_t *out_letters)
{
    size_t without = 0;
    g_autofree size_t *order = g_new(size_t, count > 0 ? count : 1);
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    g_qsort_with_data(order, (gint)count, sizeof *order, compare_uses, (gpointer)(uintptr_t)uses);
    for (size_t i = 0; i < count; i++) {
        const char *name = uses[order[i]].name;
        uint8_t letter = maildir_keywords_find(keywords, name);
        if (letter == MAILDIR_KEYWORD_NONE)
            letter = take_letter(keywords, name, reserved);
        out_letters[order[i]] = letter;
        without += letter == MAILDIR_KEYWORD_NONE;
    }
    return without;
}
