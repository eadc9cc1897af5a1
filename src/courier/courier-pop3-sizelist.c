#include "courier-pop3-sizelist.h"

#include "courier-error.h"
#include "courier-file-name.h"
#include "courier-number.h"
#include "courier-span-index.h"
#include "printable.h"
#include "size-limits.h"

void
courier_pop3_sizelist_free(CourierPop3Sizelist *list)
{
    if (list == NULL)
        return;
    g_array_unref(list->lines);
    courier_span_index_free(list->by_key);
    g_free(list);
}

/* Reads "/VERSION NEXT UIDV". False when it is odd. */
static bool
parse_header(CourierPop3Sizelist *list, MhSpan line)
{
    uint64_t version = 0;
    line = mh_span_from(line, 1);
    if (!courier_number_take(&line, &version) || !courier_number_take(&line, &list->next) ||
        version > G_MAXINT) {
        list->version = G_MAXINT; /* no version that anyone reads */
        return true;
    }
    list->version = (int)version;
    return (courier_number_take(&line, &list->validity) || version < 2) && line.len == 0;
}

/* Takes the header off @text. A first line that does not begin with '/' is none: the list is v0. */
static void
take_header(CourierPop3Sizelist *list, MhSpan *text, MhFindings *findings)
{
    MhSpan line;
    list->version = 0;
    list->next = 1;
    if (text->len == 0 || text->data[0] != '/')
        return;
    mh_span_take_line(text, &line, NULL);
    if (!parse_header(list, line))
        mh_findings_add_at(findings, MH_FINDING_COURIER_POP3_ODD, 1, 0, "header");
}

/* Whether the server of @era takes the lines of a list of this version. */
static bool
reads_lines(int version, CourierEra era)
{
    switch (era) {
    case COURIER_ERA_OLD:
        return version >= 0 && version <= 2;
    case COURIER_ERA_NEW:
        return version == 2 || version == 3;
    case COURIER_ERA_AUTO:
        break;
    }
    return version >= 0 && version <= 3;
}

/* Cuts @line at its last blank. */
static bool
cut_last(MhSpan line, MhSpan *out_before, MhSpan *out_after)
{
    size_t blank;
    if (!mh_span_find_last(line, ' ', &blank))
        return false;
    *out_before = mh_span_first(line, blank);
    *out_after = mh_span_from(line, blank + 1);
    return true;
}

static bool
take_colon(MhSpan *rest)
{
    if (rest->len == 0 || rest->data[0] != ':')
        return false;
    *rest = mh_span_from(*rest, 1);
    return true;
}

/* "N", "N:V" or "N:V:U8". @out_odd: not just what this version's writer writes. */
static bool
parse_numbers(MhSpan text, int version, bool needs_validity, CourierPop3Line *line, bool *out_odd)
{
    uint64_t raw_8bit = 0;
    bool has_validity, has_8bit = false;
    if (!courier_number_take(&text, &line->number))
        return false;
    has_validity = take_colon(&text) && courier_number_take(&text, &line->validity);
    if (!has_validity && needs_validity)
        return false;
    if (has_validity && needs_validity && text.len > 0) {
        /* The newer reader wants nothing but a third number behind the second. */
        has_8bit = take_colon(&text) && courier_number_take(&text, &raw_8bit);
        if (!has_8bit)
            return false;
    }
    line->raw_8bit = raw_8bit != 0;
    *out_odd = text.len > 0 || has_validity != (version >= 2) || has_8bit != (version == 3);
    return true;
}

static bool
parse_line(MhSpan text, int version, CourierEra era, CourierPop3Line *line, bool *out_odd)
{
    MhSpan size, numbers = {0};
    bool needs_validity = era == COURIER_ERA_NEW || (era == COURIER_ERA_AUTO && version == 3);
    if (text.len > MH_LIMIT_SIZELIST_LINE_BYTES)
        return false;
    line->name = text;
    if (version > 0 && !cut_last(line->name, &line->name, &numbers))
        return false;
    if (!cut_last(line->name, &line->name, &size) || line->name.len == 0 ||
        !courier_number_take(&size, &line->size_bytes))
        return false;
    *out_odd = size.len > 0;
    if (version == 0)
        return true;
    return size.len == 0 && parse_numbers(numbers, version, needs_validity, line, out_odd);
}

bool
courier_pop3_sizelist_plain_header(MhSpan line, CourierEra era, CourierPop3Sizelist *out)
{
    *out = (CourierPop3Sizelist){.next = 1};
    return line.len > 0 && line.data[0] == '/' && parse_header(out, line) && out->version >= 2 &&
           reads_lines(out->version, era);
}

bool
courier_pop3_sizelist_plain_line(MhSpan line, int version, CourierEra era, CourierPop3Line *out)
{
    bool odd;
    *out = (CourierPop3Line){0};
    return parse_line(line, version, era, out, &odd) && !odd;
}

bool
courier_pop3_sizelist_line_base(MhSpan line, MhSpan *out_base)
{
    MhSpan name, rest;
    if (!cut_last(line, &name, &rest) || !cut_last(name, &name, &rest))
        return false;
    *out_base = courier_file_name_base(name);
    return true;
}

/* What must be equal for the server to find a line: the name up to its first ':', and that. */
static MhSpan
match_key(MhSpan name)
{
    return mh_span_first(name, courier_file_name_base(name).len + 1);
}

static void
take_line(CourierPop3Sizelist *list, MhSpan text, bool ended, CourierEra era, uint64_t number,
          MhFindings *findings)
{
    CourierPop3Line line = {0};
    bool odd;
    if (!ended || !parse_line(text, list->version, era, &line, &odd)) {
        mh_findings_add_at(findings, MH_FINDING_COURIER_POP3_LINE, number, 0, NULL);
        return;
    }
    if (odd)
        mh_findings_add_at(findings, MH_FINDING_COURIER_POP3_ODD, number, 0, NULL);
    courier_span_index_add(list->by_key, match_key(line.name), list->lines->len);
    g_array_append_val(list->lines, line);
}

CourierPop3Sizelist *
courier_pop3_sizelist_parse(MhSpan text, CourierEra era, MhFindings *findings)
{
    CourierPop3Sizelist *list = g_new0(CourierPop3Sizelist, 1);
    MhSpan line;
    bool ended;
    list->lines = g_array_new(FALSE, FALSE, sizeof(CourierPop3Line));
    list->by_key = courier_span_index_new();
    take_header(list, &text, findings);
    if (!reads_lines(list->version, era)) {
        mh_findings_add(findings, MH_FINDING_COURIER_POP3_LIST_LOST, "version %d", list->version);
        return list;
    }
    for (uint64_t number = list->version > 0 ? 2 : 1; mh_span_take_line(&text, &line, &ended);
         number++)
        take_line(list, line, ended, era, number, findings);
    size_t hidden = courier_span_index_hidden(list->by_key);
    if (hidden > 0)
        mh_findings_add(findings, MH_FINDING_COURIER_POP3_NAME_REPEATED, "%zu", hidden);
    return list;
}

CourierPop3Match
courier_pop3_sizelist_find(CourierPop3Sizelist *list, MhSpan name, const CourierPop3Line **out_line)
{
    MhSpan base = courier_file_name_base(name), key = match_key(name);
    uint32_t at;
    CourierPop3Match match = COURIER_POP3_MATCH;
    if (!courier_span_index_find(list->by_key, key, &at)) {
        g_autoptr(GString) with_colon = g_string_new_len((const char *)base.data, (gssize)base.len);
        g_string_append_c(with_colon, ':');
        bool has_colon = key.len > base.len;
        MhSpan other = has_colon ? base : mh_span(with_colon->str, with_colon->len);
        if (!courier_span_index_find(list->by_key, other, &at))
            return COURIER_POP3_NO_MATCH;
        match = COURIER_POP3_MATCH_LOOSE;
    }
    *out_line = &g_array_index(list->lines, CourierPop3Line, at);
    return match;
}

static char *
name_uidl(MhSpan base)
{
    GString *uidl = g_string_sized_new(base.len);
    for (size_t i = 0; i < base.len; i++) {
        uint8_t c = base.data[i];
        if (c < 0x21 || c > 0x7e || c == '\'' || c == '"' || c == '+')
            g_string_append_printf(uidl, "+%02X", c);
        else
            g_string_append_c(uidl, (char)c);
    }
    return g_string_free(uidl, FALSE);
}

char *
courier_pop3_sizelist_uidl(const CourierPop3Line *line)
{
    if (line->number == 0)
        return name_uidl(courier_file_name_base(line->name));
    if (line->validity == 0)
        return g_strdup_printf("UID%" G_GUINT64_FORMAT, line->number);
    return g_strdup_printf("UID%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT, line->number,
                           line->validity);
}

GBytes *
courier_pop3_sizelist_format(uint64_t next, uint64_t validity, const CourierPop3Line *lines,
                             size_t count, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(text, "/2 %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT "\n", next,
                           validity);
    for (size_t i = 0; i < count; i++) {
        MhSpan name = lines[i].name;
        size_t at;
        if (name.len == 0 || mh_span_find(name, '\n', &at) || mh_span_find(name, '\0', &at)) {
            g_autofree char *shown = mh_printable(name);
            g_set_error(error, COURIER_ERROR, COURIER_ERROR_NAME,
                        "a POP3 size list cannot hold the name '%s'", shown);
            return NULL;
        }
        g_string_append_len(text, (const char *)name.data, (gssize)name.len);
        g_string_append_printf(
            text, " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT "\n",
            lines[i].size_bytes, lines[i].number, lines[i].validity);
    }
    return g_string_free_to_bytes(g_steal_pointer(&text));
}
