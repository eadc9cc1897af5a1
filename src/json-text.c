#include "json-text.h"

#include <math.h>

static void
append_char(GString *out, gunichar c)
{
    switch (c) {
    case '"':
        g_string_append(out, "\\\"");
        return;
    case '\\':
        g_string_append(out, "\\\\");
        return;
    case '\n':
        g_string_append(out, "\\n");
        return;
    default:
        break;
    }
    if (c < 0x20 || c == 0x7f || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029)
        g_string_append_printf(out, "\\u%04x", (unsigned)c);
    else
        g_string_append_unichar(out, c);
}

static void
append_quoted(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_string_append_c(out, '"');
    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at))
        append_char(out, g_utf8_get_char(at));
    g_string_append_c(out, '"');
}

static void
begin(MhJson *json, const char *name)
{
    if (json->comma)
        g_string_append_c(json->out, ',');
    json->comma = true;
    if (name != NULL) {
        append_quoted(json->out, name);
        g_string_append_c(json->out, ':');
    }
}

void
mh_json_open(MhJson *json, const char *name, char bracket)
{
    begin(json, name);
    g_string_append_c(json->out, bracket);
    json->comma = false;
}

void
mh_json_close(MhJson *json, char bracket)
{
    g_string_append_c(json->out, bracket);
    json->comma = true;
}

void
mh_json_string(MhJson *json, const char *name, const char *value)
{
    begin(json, name);
    if (value != NULL)
        append_quoted(json->out, value);
    else
        g_string_append(json->out, "null");
}

void
mh_json_number(MhJson *json, const char *name, uint64_t value)
{
    begin(json, name);
    g_string_append_printf(json->out, "%" G_GUINT64_FORMAT, (guint64)value);
}

void
mh_json_signed(MhJson *json, const char *name, int64_t value)
{
    begin(json, name);
    g_string_append_printf(json->out, "%" G_GINT64_FORMAT, (gint64)value);
}

void
mh_json_real(MhJson *json, const char *name, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    begin(json, name);
    g_string_append(json->out,
                    isfinite(value) ? g_ascii_formatd(text, sizeof text, "%.3f", value) : "null");
}

void
mh_json_bool(MhJson *json, const char *name, bool value)
{
    begin(json, name);
    g_string_append(json->out, value ? "true" : "false");
}

void
mh_json_time(MhJson *json, const char *name, int64_t seconds)
{
    begin(json, name);
    if (seconds != 0)
        g_string_append_printf(json->out, "%" G_GINT64_FORMAT, (gint64)seconds);
    else
        g_string_append(json->out, "null");
}
