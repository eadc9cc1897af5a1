#include "path-pattern.h"

#include "config-error.h"
#include "printable.h"

#include <string.h>

static bool
refuse(GError **error, const char *pattern, const char *why)
{
    g_autofree char *shown = mh_printable_string(pattern);
    g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_SYNTAX, "pattern '%s': %s", shown, why);
    return false;
}

bool
mh_path_pattern_check(const char *pattern, GError **error)
{
    if (pattern[0] == '\0')
        return refuse(error, pattern, "it is empty");
    if (pattern[0] != '/' && !g_str_has_prefix(pattern, "%h"))
        return refuse(error, pattern, "it must start with '/' or %h");
    for (const char *at = strchr(pattern, '%'); at != NULL; at = strchr(at + 2, '%')) {
        if (at[1] == '\0')
            return refuse(error, pattern, "it ends with a single %; write %% for a percent sign");
        if (strchr("undh%", at[1]) == NULL)
            return refuse(error, pattern, "only %u, %n, %d, %h and %% have a meaning");
    }
    return true;
}

bool
mh_path_pattern_varies(const char *pattern)
{
    for (const char *at = strchr(pattern, '%'); at != NULL && at[1] != '\0';
         at = strchr(at + 2, '%')) {
        if (strchr("unh", at[1]) != NULL)
            return true;
    }
    return false;
}

static bool
check_home(const MhAccount *account, GError **error)
{
    const char *fault = NULL;
    if (account->home == NULL)
        fault = "has no home directory that is known";
    else if (account->home[0] != '/')
        fault = "has a home directory that is not an absolute path";
    else if (g_str_has_suffix(account->home, "/..") || strstr(account->home, "/../") != NULL)
        fault = "has a home directory with '..' in it";
    if (fault == NULL)
        return true;
    g_autofree char *shown = mh_printable_string(account->user);
    g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_REFUSED, "user '%s' %s", shown, fault);
    return false;
}

static bool
append_part(GString *path, char which, const MhAccount *account, GError **error)
{
    MhSpan user = mh_span_from_string(account->user);
    MhSpan part = user, local = user, domain = mh_span(NULL, 0);
    mh_span_split(user, '@', &local, &domain);
    if (which == 'h') {
        if (!check_home(account, error))
            return false;
        part = mh_span_from_string(account->home);
        while (part.len > 1 && part.data[part.len - 1] == '/')
            part.len--;
    } else if (which != 'u') {
        part = which == 'n' ? local : domain;
    }
    if (part.len == 0) {
        g_autofree char *shown = mh_printable_string(account->user);
        g_set_error(error, MH_CONFIG_ERROR, MH_CONFIG_ERROR_REFUSED,
                    "user name '%s' has nothing %s '@', which %%%c stands for", shown,
                    which == 'd' ? "after an" : "before its", which);
        return false;
    }
    g_string_append_len(path, (const char *)part.data, (gssize)part.len);
    return true;
}

/* No part is empty, holds a '/' or starts with '.' (a home apart, which has no "..": see there), so
 * however the pattern puts them together, no component ".." comes about. */
char *
mh_path_pattern_expand(const char *pattern, const MhAccount *account, GError **error)
{
    if (!mh_path_pattern_check(pattern, error) ||
        !mh_account_check_user(mh_span_from_string(account->user), error))
        return NULL;
    g_autoptr(GString) path = g_string_new(NULL);
    for (const char *at = pattern; *at != '\0'; at++) {
        if (*at != '%') {
            g_string_append_c(path, *at);
            continue;
        }
        at++;
        if (*at == '%')
            g_string_append_c(path, '%');
        else if (!append_part(path, *at, account, error))
            return NULL;
    }
    return g_strdup(path->str);
}
